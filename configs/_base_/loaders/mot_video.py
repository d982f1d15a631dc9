# Videos with the COCO-video files of tools/dataset_converters/mot2coco.py: frames of train/ to
# train, videos of val/ to test.
#
# Another config sets data_root, pipelines and evaluators.
train_dataloader = dict(
    batch_size=2,
    num_workers=2,
    persistent_workers=True,
    sampler=dict(type='FrameSampler', shuffle=True),
    dataset=dict(
        type='MOTVideoDataset',
        data_root=None,
        ann_file='annotations/train_cocoformat.json',
        data_prefix=dict(img_path='train/'),
        metainfo=dict(classes=('pedestrian',)),
        filter_cfg=dict(filter_empty_gt=True, min_size=32),
        pipeline=None,
    ),
)
val_dataloader = dict(
    batch_size=1,
    num_workers=2,
    persistent_workers=True,
    sampler=dict(type='VideoSampler'),
    dataset=dict(
        type='MOTVideoDataset',
        data_root=None,
        ann_file='annotations/val_cocoformat.json',
        data_prefix=dict(img_path='val/'),
        metainfo=dict(classes=('pedestrian',)),
        test_mode=True,
        pipeline=None,
    ),
)
test_dataloader = val_dataloader
