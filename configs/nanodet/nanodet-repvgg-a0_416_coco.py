# NanoDet with RepVGG-A0 on COCO at 416 x 416, proportions kept.
#
# Paper: none; NanoDet 1.0, https://github.com/RangiLyu/nanodet. Model, augmentation, schedule.
# Run:   tools/train.py THIS
#        tools/test.py THIS CHECKPOINT
#        tools/dist_train.sh THIS GPUS: with more or fewer images a step, --auto-scale-lr
# Time:  not measured.
# Score: published for COCO val2017: mAP 27.8.
#        None measured here.
_base_ = [
    '../_base_/models/nanodet_repvgg_a0.py',
    '../_base_/datasets/coco_nanodet_legacy.py',
    '../_base_/schedules/nanodet_legacy.py',
    '../_base_/default_runtime.py',
]

train_pipeline = _base_.train_pipeline
train_pipeline[2].update(ratio_range=(0.5, 1.5))  # RandomWarp
train_dataloader = dict(batch_size=100, dataset=dict(pipeline=train_pipeline))

train_cfg = dict(max_epochs=170, val_interval=5)
optim_wrapper = dict(optimizer=dict(lr=0.07))
param_scheduler = [
    dict(type='LinearLR', start_factor=0.01, by_epoch=False, begin=0, end=500),
    dict(type='MultiStepLR', milestones=[130, 150, 160, 165], gamma=0.1, by_epoch=True),
]
auto_scale_lr = dict(base_batch_size=100)
default_hooks = dict(checkpoint=dict(save_best='coco/bbox_mAP', rule='greater'))
