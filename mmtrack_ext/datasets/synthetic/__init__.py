"""SynthMOT: rendered tracking sequences with complete ground truth, in NumPy and cv2 alone."""

from mmtrack_ext.datasets.synthetic.dataset import ground_truth, write_synth_mot
from mmtrack_ext.datasets.synthetic.kinds import CLASS_NAMES
from mmtrack_ext.datasets.synthetic.plan import SPLITS, SequenceJob, plan_synth_mot
from mmtrack_ext.datasets.synthetic.sequence import SyntheticFrame, render_sequence

__all__ = [
    'CLASS_NAMES',
    'SPLITS',
    'SequenceJob',
    'SyntheticFrame',
    'ground_truth',
    'plan_synth_mot',
    'render_sequence',
    'write_synth_mot',
]
