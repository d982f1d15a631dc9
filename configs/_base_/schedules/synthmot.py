# For param_scheduler of a short training: the rate rises for 30 iterations and falls as a cosine to
# the end. A leaf config sets T_max, its epochs, and where it wants another, eta_min.
synthmot_schedule = [
    dict(type='LinearLR', start_factor=1e-2, by_epoch=False, begin=0, end=30),
    dict(
        type='CosineAnnealingLR',
        eta_min=1e-5,
        T_max=12,
        by_epoch=True,
        convert_to_iter_based=True,
    ),
]
