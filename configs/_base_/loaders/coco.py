# COCO 2017, 80 classes, images alone. Another config sets the pipelines and the batch of its model.
#
# data/coco: annotations/instances_{train,val}2017.json, train2017/, val2017/
data_root = 'data/coco/'

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
        pipeline=None,
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
        pipeline=None,
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
