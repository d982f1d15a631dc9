# The schedule of NanoDet-m, NanoDet 1.0, https://github.com/RangiLyu/nanodet, on COCO with 192
# images a step. The other models of before the Plus change rate, batch, warm-up and epochs.
train_cfg = dict(type='EpochBasedTrainLoop', max_epochs=280, val_interval=10)
val_cfg = dict(type='ValLoop')
test_cfg = dict(type='TestLoop')
optim_wrapper = dict(
    type='OptimWrapper',
    optimizer=dict(type='SGD', lr=0.14, momentum=0.9, weight_decay=1e-4),
)
param_scheduler = [
    dict(type='LinearLR', start_factor=0.1, by_epoch=False, begin=0, end=300),
    dict(type='MultiStepLR', milestones=[240, 260, 275], gamma=0.1, by_epoch=True),
]
auto_scale_lr = dict(enable=False, base_batch_size=192)
