# MOT16 from its folders: the seven training sequences, scored.
#
# The test sequences, for the server:
#   --format-only --cfg-options test_dataloader.dataset.data_root=data/MOT16/test
_base_ = '../loaders/sequences.py'

test_dataloader = dict(dataset=dict(data_root='data/MOT16/train'))
