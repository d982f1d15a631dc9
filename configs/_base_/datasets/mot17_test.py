# MOT17 from its folders: all 21 training sequences, scored: seven videos, each once for every
# public detector (DPM, FRCNN, SDP). A detector of one's own finds the same in the three copies, so
# mot17_frcnn_test.py is three times as fast; counts (FP, FN, IDSW) are a third then.
#
# The test sequences, for the server:
#   --format-only --cfg-options test_dataloader.dataset.data_root=data/MOT17/test
_base_ = '../loaders/sequences.py'

test_dataloader = dict(dataset=dict(data_root='data/MOT17/train'))
