# NanoTrack with NanoDet-Plus-m-416 (COCO weights) on MOT20, training sequences.
#
# Paper: none found; the released program, https://github.com/VjiaLi/NanoTrack.
# Run:   tools/test.py THIS --detector NANODET_PLUS_M_416_CHECKPOINT
#        the test sequences, as a zip for the server: --format-only --cfg-options
#          test_dataloader.dataset.data_root=data/MOT20/test
#        any other tracker: --tracker CONFIG
# Time:  not measured.
# Score: none measured, and the authors have published none.
#
# Published weights: nanodet-plus-m_416_checkpoint.ckpt of https://github.com/RangiLyu/nanodet.
_base_ = ['./nanotrack_nanodet-plus-m-416_mot17.py']

detector = _base_.model.detector
detector.test_cfg.max_per_img = 300  # frames of MOT20 show more than 100 people
model = dict(detector=detector)
test_dataloader = dict(dataset=dict(data_root='data/MOT20/train'))
