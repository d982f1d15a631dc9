# NanoDet-Plus-m-1.5x on COCO at 320 x 320, stretched.
#
# Paper: none; NanoDet-Plus 1.0, https://github.com/RangiLyu/nanodet. Model, augmentation, schedule.
# Run:   tools/train.py THIS
#        tools/test.py THIS CHECKPOINT
#        tools/dist_train.sh THIS GPUS: with more or fewer images a step, --auto-scale-lr
# Time:  not measured.
# Score: published for COCO val2017: mAP 29.9
#        (AP50 45.4, AP75 31.2, small 10.2, medium 30.9, large 49.3).
#        None measured here.
_base_ = ['./nanodet-plus-m-1.5x_416_coco.py']

img_scale = (320, 320)  # width, height
train_pipeline = _base_.train_pipeline
train_pipeline[2].update(scale=img_scale)  # RandomWarp
test_pipeline = _base_.test_pipeline
test_pipeline[1].update(scale=img_scale)  # WarpResize
train_dataloader = dict(dataset=dict(pipeline=train_pipeline))
val_dataloader = dict(dataset=dict(pipeline=test_pipeline))
test_dataloader = val_dataloader
