# QDTrack trained on the first halves of MOT17, tested on the second halves of seven sequences: one
# copy of each video, where qdtrack_faster-rcnn_r50_4e_mot17-half_test-mot17-half.py tests three.
#
# Paper: QDTrack, Pang et al., CVPR 2021 (arXiv 2006.06664).
# Run:   tools/test.py THIS CHECKPOINT, of that config or of the one with CrowdHuman
# Time:  not measured.
# Score: none measured. False positives, misses and switches are a third of those published.
_base_ = ['./qdtrack_faster-rcnn_r50_4e_mot17-half_test-mot17-half.py']

test_dataloader = dict(dataset=dict(sequences=['MOT17-*-FRCNN']))
