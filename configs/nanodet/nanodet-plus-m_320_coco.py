# NanoDet-Plus-m on COCO at 320 x 320, stretched.
#
# Paper: none; NanoDet-Plus 1.0, https://github.com/RangiLyu/nanodet. Model, augmentation, schedule.
# Run:   tools/train.py THIS
#        tools/test.py THIS CHECKPOINT
#        tools/dist_train.sh THIS GPUS: with more or fewer images a step, --auto-scale-lr
# Time:  not measured.
# Score: published for COCO val2017: mAP 27.0
#        (AP50 41.8, AP75 28.1, small 8.3, medium 27.8, large 45.1).
#        None measured here.
_base_ = ['./nanodet-plus-m_416_coco.py']

img_scale = (320, 320)  # width, height
train_pipeline = _base_.train_pipeline
train_pipeline[2].update(scale=img_scale)  # RandomWarp
test_pipeline = _base_.test_pipeline
test_pipeline[1].update(scale=img_scale)  # WarpResize
train_dataloader = dict(dataset=dict(pipeline=train_pipeline))
val_dataloader = dict(dataset=dict(pipeline=test_pipeline))
test_dataloader = val_dataloader
