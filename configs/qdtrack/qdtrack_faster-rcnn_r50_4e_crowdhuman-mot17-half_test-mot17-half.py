# QDTrack with Faster R-CNN, ResNet-50, on CrowdHuman and the first halves of MOT17's training
# sequences; tested on the second halves, all 21.
#
# Paper: QDTrack, Pang et al., CVPR 2021 (arXiv 2006.06664). The values of mmtracking's
#        qdtrack_faster-rcnn_r50_fpn_4e_crowdhuman_mot17-private-half.py.
# Run:   tools/dataset_converters/mot2coco.py -i data/MOT17 -o data/MOT17/annotations --split-train
#        tools/dataset_converters/crowdhuman2coco.py -i data/crowdhuman \
#          -o data/crowdhuman/annotations
#        tools/train.py THIS; tools/test.py THIS CHECKPOINT
# Time:  not measured; the learning rate is for 8 GPUs with 2 pairs each.
# Score: quoted, mmtracking's README: HOTA 59.1, MOTA 71.7, IDF1 71.6. None measured.
#
# An image of CrowdHuman is a video of one frame: it is paired with itself, cut elsewhere.
_base_ = ['./qdtrack_faster-rcnn_r50_4e_mot17-half_test-mot17-half.py']

mot17 = _base_.train_dataloader.dataset
crowdhuman = dict(
    mot17,
    data_root='data/crowdhuman/',
    ann_file='annotations/crowdhuman_train.json',
)
train_dataloader = dict(
    dataset=dict(_delete_=True, type='ConcatDataset', datasets=[mot17, crowdhuman])
)
