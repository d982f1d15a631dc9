# JointTrackNet with DLA-34 on DanceTrack: training sequences to train, validation ones to test.
#
# Paper: none; https://github.com/simsekfe/JointTrackNet. Its published recipe.
# Run:   tools/dataset_converters/mot2coco.py -i data/DanceTrack -o data/DanceTrack/annotations
#        then as jointtracknet_dla34_30e_mot17-half_test-mot17-half.py
# Time:  not measured; published, 55 minutes an epoch on an RTX 4090.
# Score: none measured. Quoted ones, of the test set: configs/jointtracknet/README.md.
_base_ = ['./jointtracknet_dla34_30e_mot17-half_test-mot17-half.py']

data_root = 'data/DanceTrack/'
train_dataloader = dict(
    dataset=dict(data_root=data_root, ann_file='annotations/train_cocoformat.json', sequences=None)
)
val_dataloader = dict(
    dataset=dict(
        data_root=data_root,
        ann_file='annotations/val_cocoformat.json',
        data_prefix=dict(img_path='val/'),
        sequences=None,
    )
)
test_dataloader = val_dataloader
