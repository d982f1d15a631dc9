# QDTrack with a small Faster R-CNN (ResNet-18 of half width) on SynthMOT at 320 x 192, from
# scratch.
#
# Paper: QDTrack, Pang et al., CVPR 2021 (arXiv 2006.06664). Its losses, samplers and pairs of
#        frames within 10 of each other; widths, anchors and schedule are ours, for a CPU.
# Run:   tools/dataset_converters/make_synth_mot.py data/SynthMOT
#        tools/dataset_converters/mot2coco.py -i data/SynthMOT -o data/SynthMOT/annotations
#        tools/train.py THIS
# Time:  some 20 minutes on one free CPU core: 861 iterations of 1.4 s, measured over 60 of them.
# Score: measured, see configs/qdtrack/README.md.
_base_ = [
    '../_base_/models/qdtrack_faster-rcnn_r50.py',
    '../_base_/datasets/synthmot.py',
    '../_base_/schedules/synthmot.py',
    '../_base_/default_runtime.py',
]

channels = 48
# People are 30 to 105 pixels high and 2.2 to 5.3 times as high as wide (measured): all of them are
# seen at a stride of 4, and found by anchors whose areas are 16^2 to 91^2.
roi_extractor = dict(out_channels=channels, featmap_strides=[4, 8, 16, 32])
model = dict(
    data_preprocessor=dict(std=[57.375, 57.12, 58.395]),
    detector=dict(
        init_cfg=None,
        backbone=dict(
            depth=18,
            base_channels=32,  # half as wide as usual
            frozen_stages=-1,
            norm_cfg=dict(type='BN', requires_grad=True),
            norm_eval=False,
            style='pytorch',
            init_cfg=None,
        ),
        neck=dict(in_channels=[32, 64, 128, 256], out_channels=channels, num_outs=4),
        rpn_head=dict(
            in_channels=channels,
            feat_channels=channels,
            anchor_generator=dict(scales=[4, 5.66], ratios=[3.0], strides=[4, 8, 16, 32]),
        ),
        roi_head=dict(
            bbox_roi_extractor=roi_extractor,
            bbox_head=dict(in_channels=channels, fc_out_channels=256),
        ),
        train_cfg=dict(
            rpn=dict(sampler=dict(num=128)),
            rpn_proposal=dict(nms_pre=512, max_per_img=256),
            rcnn=dict(sampler=dict(num=128)),
        ),
        test_cfg=dict(rpn=dict(nms_pre=256, max_per_img=128)),
    ),
    track_head=dict(
        roi_extractor=roi_extractor,
        embed_head=dict(
            num_convs=2,
            in_channels=channels,
            conv_out_channels=channels,
            fc_out_channels=256,
            embed_channels=128,
            norm_cfg=dict(type='GN', num_groups=16),
        ),
        train_cfg=dict(sampler=dict(num=128)),
    ),
    tracker=dict(init_min_score=0.8),  # a small detector is less sure
)

# Both frames of a pair change alike, but for where they are cut.
train_pipeline = [
    dict(
        type='TransformBroadcaster',
        share_random_params=True,
        transforms=[
            dict(type='LoadImageFromFile'),
            dict(type='LoadTrackAnnotations'),
            dict(
                type='RandomResize',
                scale=_base_.img_scale,
                ratio_range=(0.9, 1.2),
                keep_ratio=True,
            ),
            dict(type='RandomFlip', prob=0.5),
            dict(type='PhotoMetricDistortion'),
        ],
    ),
    dict(
        type='TransformBroadcaster',
        share_random_params=False,
        transforms=[
            dict(type='RandomCrop', crop_size=_base_.img_scale, allow_negative_crop=True),
            dict(type='PackFrameInputs'),
        ],
    ),
]
train_dataloader = dict(
    batch_size=8,  # pairs
    num_workers=1,  # reading a batch takes 0.05 s, learning from it 1.4 s
    dataset=dict(reference=dict(frame_range=10), pipeline=train_pipeline),
)
train_cfg = dict(type='EpochBasedTrainLoop', max_epochs=7, val_interval=7)
val_cfg = dict(type='ValLoop')
test_cfg = dict(type='TestLoop')
optim_wrapper = dict(
    type='OptimWrapper',
    optimizer=dict(type='AdamW', lr=1e-3, weight_decay=0.05),
    clip_grad=dict(max_norm=35, norm_type=2),
)
param_scheduler = _base_.synthmot_schedule
param_scheduler[1].update(T_max=7)  # CosineAnnealingLR
auto_scale_lr = dict(enable=False, base_batch_size=8)
default_hooks = dict(checkpoint=dict(save_best='mot/HOTA', rule='greater'))
