"""Federated average precision of boxes (LVIS) and of tracks (TAO), in NumPy."""

from mmtrack_ext.evaluation.tao.annotations import FederatedTruth, read_federated
from mmtrack_ext.evaluation.tao.box_precision import box_precision, box_scores
from mmtrack_ext.evaluation.tao.rows import Rows, vote_categories
from mmtrack_ext.evaluation.tao.track_precision import track_precision, track_scores

__all__ = [
    'FederatedTruth',
    'Rows',
    'box_precision',
    'box_scores',
    'read_federated',
    'track_precision',
    'track_scores',
    'vote_categories',
]
