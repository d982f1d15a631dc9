# QDTrack with Faster R-CNN, ResNet-50, on SynthMOT at 1920 x 1080, from scratch, nothing frozen:
# for a GPU.
#
# Paper: QDTrack, Pang et al., CVPR 2021 (arXiv 2006.06664).
# Run:   tools/analysis/train_on_synthmot.py THIS --size 1920x1080 [--amp]
#        which renders the data, trains, tests and prints scores, speed and memory
# Time:  not measured.
# Score: none measured.
_base_ = [
    './qdtrack_faster-rcnn_r50_4e_mot17-half_test-mot17-half.py',
    '../_base_/schedules/synthmot.py',
]

data_root = 'data/SynthMOT/'
model = dict(
    detector=dict(
        init_cfg=None,
        backbone=dict(
            frozen_stages=-1,
            norm_cfg=dict(type='BN', requires_grad=True),
            norm_eval=False,
            init_cfg=None,
        ),
    ),
)
train_dataloader = dict(
    batch_size=8,
    num_workers=8,
    dataset=dict(data_root=data_root, ann_file='annotations/train_cocoformat.json'),
)
val_dataloader = dict(
    num_workers=8,
    dataset=dict(
        data_root=data_root,
        ann_file='annotations/val_cocoformat.json',
        data_prefix=dict(img_path='val/'),
    ),
)
test_dataloader = val_dataloader
val_evaluator = _base_.val_evaluator
val_evaluator[0].update(ann_file=data_root + 'annotations/val_cocoformat.json')  # VideoCocoMetric
test_evaluator = val_evaluator
optim_wrapper = dict(optimizer=dict(_delete_=True, type='AdamW', lr=5e-4, weight_decay=0.05))
param_scheduler = _base_.synthmot_schedule
param_scheduler[1].update(T_max=8)  # CosineAnnealingLR
train_cfg = dict(max_epochs=8, val_interval=8)
auto_scale_lr = dict(enable=False, base_batch_size=8)
