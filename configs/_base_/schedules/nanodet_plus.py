# NanoDet-Plus 1.0's schedule, https://github.com/RangiLyu/nanodet: the same for all four models,
# on COCO with 96 images a step. On data of another size: other max_epochs and T_max.
train_cfg = dict(type='EpochBasedTrainLoop', max_epochs=300, val_interval=10)
val_cfg = dict(type='ValLoop')
test_cfg = dict(type='TestLoop')
optim_wrapper = dict(
    type='OptimWrapper',
    optimizer=dict(type='AdamW', lr=1e-3, weight_decay=0.05),  # decay of all parameters, biases too
    clip_grad=dict(max_norm=35),
)
param_scheduler = [
    dict(type='LinearLR', start_factor=1e-4, by_epoch=False, begin=0, end=500),
    dict(type='CosineAnnealingLR', eta_min=5e-5, T_max=300, by_epoch=True),
]
auto_scale_lr = dict(enable=False, base_batch_size=96)

# For custom_hooks of a leaf config. Validation and checkpoints take the average of the weights,
# which gets 0.9998 * exp(-(1 + t) / 2000) + 0.0002 of the weights of step t.
average_weights = [
    dict(
        type='EMAHook',
        ema_type='ExpMomentumEMA',
        momentum=0.0002,
        gamma=2000,
        update_buffers=True,
        priority=49,
    ),
]
