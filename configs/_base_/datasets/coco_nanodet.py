# COCO 2017, 80 classes, as NanoDet-Plus at 416 x 416 sees it. A leaf config of another size puts it
# in.
_base_ = ['../loaders/coco.py', '../pipelines/nanodet_plus.py']

train_dataloader = dict(dataset=dict(pipeline=_base_.train_pipeline))
val_dataloader = dict(dataset=dict(pipeline=_base_.test_pipeline))
test_dataloader = val_dataloader
