# QDTrack with Faster R-CNN, ResNet-50, on DanceTrack: training sequences to train, validation
# sequences to test.
#
# Paper: QDTrack, Pang et al., CVPR 2021 (arXiv 2006.06664). The values of mmtracking's
#        qdtrack_faster-rcnn_r50_fpn_4e_dancetrack.py: those for MOT17.
# Run:   tools/dataset_converters/mot2coco.py -i data/DanceTrack -o data/DanceTrack/annotations
#        tools/train.py THIS; tools/test.py THIS CHECKPOINT
# Time:  not measured; the learning rate is for 8 GPUs with 2 pairs each.
# Score: none measured, and mmtracking publishes none.
_base_ = ['./qdtrack_faster-rcnn_r50_4e_mot17-half_test-mot17-half.py']

data_root = 'data/DanceTrack/'
train_dataloader = dict(
    dataset=dict(data_root=data_root, ann_file='annotations/train_cocoformat.json')
)
val_dataloader = dict(
    dataset=dict(
        data_root=data_root,
        ann_file='annotations/val_cocoformat.json',
        data_prefix=dict(img_path='val/'),
    )
)
test_dataloader = val_dataloader
val_evaluator = _base_.val_evaluator
val_evaluator[0].update(ann_file=data_root + 'annotations/val_cocoformat.json')  # VideoCocoMetric
test_evaluator = val_evaluator
