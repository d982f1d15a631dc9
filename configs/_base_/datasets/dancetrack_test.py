# DanceTrack from its folders: the 25 validation sequences, scored.
#
# The test sequences, for their server:
#   --format-only --cfg-options test_dataloader.dataset.data_root=data/DanceTrack/test
_base_ = '../loaders/sequences.py'

test_dataloader = dict(dataset=dict(data_root='data/DanceTrack/val'))
