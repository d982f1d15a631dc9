# MOT17 from its folders: one copy of each of the seven training videos, scored.
#
# The test sequences, for the server; the archive has each result under the three names:
#   --format-only --cfg-options test_dataloader.dataset.data_root=data/MOT17/test
_base_ = '../loaders/sequences.py'

test_dataloader = dict(dataset=dict(data_root='data/MOT17/train', sequences=['MOT17-*-FRCNN']))
