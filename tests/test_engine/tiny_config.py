_base_ = ['../../configs/_base_/default_runtime.py']
custom_imports = dict(imports=['tiny_training'])

model = dict(type='Slope')
train_dataloader = dict(
    batch_size=2,
    num_workers=0,
    sampler=dict(type='DefaultSampler', shuffle=True),
    collate_fn=dict(type='default_collate'),
    dataset=dict(type='Pairs', x=[1, 3, 2, 5, 4, 0], y=[1, 2, 3, 4, 5, 6]),
)
train_cfg = dict(by_epoch=True, max_epochs=4)
optim_wrapper = dict(optimizer=dict(type='SGD', lr=0.01, momentum=0.9))
param_scheduler = [dict(type='MultiStepLR', milestones=[2], gamma=0.5)]
randomness = dict(seed=0)
