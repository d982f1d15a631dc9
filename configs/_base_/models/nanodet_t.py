# NanoDet-t: NanoDet-m with a transformer layer as its neck. 1,348,020 parameters (80 classes), of
# which 16,512 are kept for the original's files alone and never used.
# Published for COCO: 21.7 mAP at 320 x 320.
#
# Its positions are learnt for 320 x 320 pixels: resize and pad all images to that. Images of other
# sizes get resized positions; the network runs, and was not trained for it.
_base_ = 'nanodet_m.py'

model = dict(
    neck=dict(
        _delete_=True,
        type='TAN',
        in_channels=[116, 232, 464],
        out_channels=128,
        feature_size=(20, 20),
        num_heads=8,
        num_encoders=1,
        mlp_ratio=4,
        dropout=0.1,
        act_cfg=dict(type='LeakyReLU', negative_slope=0.1),
    ),
    bbox_head=dict(in_channels=128, feat_channels=128),
)
