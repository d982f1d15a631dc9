# What every config shares. Leaf configs change single keys of it, for example
# default_hooks = dict(checkpoint=dict(interval=5, save_best='mot/HOTA')).
default_scope = 'mmtrack_ext'

default_hooks = dict(
    timer=dict(type='IterTimerHook'),
    logger=dict(type='LoggerHook', interval=20),  # a line every few seconds on a CPU
    param_scheduler=dict(type='ParamSchedulerHook'),
    checkpoint=dict(type='SafeCheckpointHook', interval=1, max_keep_ckpts=3),
    sampler_seed=dict(type='DistSamplerSeedHook'),
    nan_loss=dict(type='NaNLossHook'),
)
custom_hooks = []

env_cfg = dict(
    cudnn_benchmark=False,  # images of a batch differ in size from one to the next
    mp_cfg=dict(mp_start_method='fork', opencv_num_threads=0),
    dist_cfg=dict(backend='nccl'),  # without a GPU the runner takes gloo
)
randomness = dict(seed=None)  # a number repeats a training on one machine

log_processor = dict(type='LogProcessor', window_size=20, by_epoch=True)
log_level = 'INFO'
vis_backends = [dict(type='LocalVisBackend')]
visualizer = dict(type='TrackVisualizer', vis_backends=vis_backends)

load_from = None
resume = False
