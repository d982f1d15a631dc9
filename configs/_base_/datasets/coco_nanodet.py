# COCO 2017, 80 classes, as NanoDet-Plus at 416 x 416 sees it. A leaf config of another
# size puts it in.
#
# data/coco: annotations/instances_{train,val}2017.json, train2017/, val2017/
data_root = 'data/coco/'
img_scale = (416, 416)  # width, height

train_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='LoadAnnotations', with_bbox=True),
    dict(
        type='RandomWarp',
        scale=img_scale,
        keep_ratio=False,
        ratio_range=(0.6, 1.4),
        stretch_range=((0.8, 1.2), (0.8, 1.2)),
        flip_prob=0.5,
        max_translate_ratio=0.2,
    ),
    dict(type='NanoDetColor', brightness=0.2, contrast=(0.6, 1.4), saturation=(0.5, 1.2)),
    dict(type='PackFrameInputs'),
]
test_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='WarpResize', scale=img_scale, keep_ratio=False),
    dict(type='PackFrameInputs'),
]

train_dataloader = dict(
    batch_size=96,
    num_workers=8,
    persistent_workers=True,
    drop_last=True,
    sampler=dict(type='FrameSampler', shuffle=True),
    dataset=dict(  # no filter_cfg: images without objects are trained on, too
        type='CocoDataset',
        data_root=data_root,
        ann_file='annotations/instances_train2017.json',
        data_prefix=dict(img='train2017/'),
        pipeline=train_pipeline,
    ),
)
val_dataloader = dict(
    batch_size=32,
    num_workers=4,
    persistent_workers=True,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(
        type='CocoDataset',
        data_root=data_root,
        ann_file='annotations/instances_val2017.json',
        data_prefix=dict(img='val2017/'),
        test_mode=True,
        pipeline=test_pipeline,
    ),
)
test_dataloader = val_dataloader

# 'coco/bbox_mAP' over all classes; by classwise 'coco/person_precision', the same of persons alone,
# and so on.
val_evaluator = [
    dict(
        type='CocoMetric',
        ann_file=data_root + 'annotations/instances_val2017.json',
        metric='bbox',
        classwise=True,
    )
]
test_evaluator = val_evaluator
