# JointTrackNet with DLA-34 on SynthMOT at 1920 x 1080, from scratch: for a GPU.
#
# Paper: none; https://github.com/simsekfe/JointTrackNet.
# Run:   tools/analysis/train_on_synthmot.py THIS --size 1920x1080 [--amp]
#        which renders the data, trains, tests and prints scores, speed and memory
# Time:  not measured.
# Score: none measured.
_base_ = [
    './jointtracknet_dla34_30e_mot17-half_test-mot17-half.py',
    '../_base_/schedules/synthmot.py',
]

data_root = 'data/SynthMOT/'
train_dataloader = dict(
    dataset=dict(data_root=data_root, ann_file='annotations/train_cocoformat.json', sequences=None)
)
val_dataloader = dict(
    batch_size=8,
    num_workers=8,
    dataset=dict(
        data_root=data_root,
        ann_file='annotations/val_cocoformat.json',
        data_prefix=dict(img_path='val/'),
        sequences=None,
    ),
)
test_dataloader = val_dataloader
optim_wrapper = dict(optimizer=dict(_delete_=True, type='AdamW', lr=5e-4, weight_decay=1e-4))
param_scheduler = _base_.synthmot_schedule
param_scheduler[1].update(T_max=12)  # CosineAnnealingLR
train_cfg = dict(max_epochs=12, val_interval=12)
