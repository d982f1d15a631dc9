# MOT20 from its folders: the four training sequences, scored.
#
# The test sequences, for the server:
#   --format-only --cfg-options test_dataloader.dataset.data_root=data/MOT20/test
_base_ = '../loaders/sequences.py'

test_dataloader = dict(dataset=dict(data_root='data/MOT20/train'))
