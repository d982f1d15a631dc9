"""The trackers, and forms of them that decide or remember in another way."""

from __future__ import annotations

from typing import Any

from mmtrack_ext.association.trackers import TRACKER_CLASSES

RELEASED: dict[str, Any] = dict(compat_released=True, plus_one_iou=True)
APPEARANCE: dict[str, Any] = dict(max_appearance_cost=0.25)  # BoT-SORT's
CLASS_AWARE: dict[str, Any] = dict(class_aware=True)
# Every tracker as it comes, and these: configs by name.
TRACKER_FORMS: dict[str, dict[str, Any]] = {name: dict(type=name) for name in TRACKER_CLASSES} | {
    'SORT, class_aware': dict(type='SORTTracker', **CLASS_AWARE),
    'DeepSORT, paddle': dict(type='DeepSORTTracker', variant='paddle'),
    'DeepSORT, euclidean': dict(type='DeepSORTTracker', metric='euclidean'),
    'DeepSORT, class_aware': dict(type='DeepSORTTracker', nms_max_overlap=0.8, **CLASS_AWARE),
    'ByteTrack, class_aware': dict(type='ByteTracker', **CLASS_AWARE),
    'ByteTrack, released': dict(type='ByteTracker', **RELEASED),
    'ByteTrack, appearance': dict(type='ByteTracker', **APPEARANCE),
    'SparseTrack, class_aware': dict(type='SparseTracker', high_depth_levels=3, **CLASS_AWARE),
    'SparseTrack, released': dict(type='SparseTracker', **RELEASED),
    'SparseTrack, appearance': dict(type='SparseTracker', **APPEARANCE),
    'NanoTrack, class_aware': dict(type='NanoTracker', high_depth_levels=3, **CLASS_AWARE),
    'NanoTrack, released': dict(type='NanoTracker', **RELEASED),
    'NanoTrack, appearance': dict(type='NanoTracker', **APPEARANCE),
    'QDTrack, any class': dict(type='QuasiDenseTracker', class_aware=False),
    'QDTrack, cosine': dict(type='QuasiDenseTracker', metric='cosine'),
    'QDTrack, softmax': dict(type='QuasiDenseTracker', metric='softmax'),
    'QDTrack, released': dict(type='QuasiDenseTracker', **RELEASED),
    'QDTrack TAO, any class': dict(type='QuasiDenseTAOTracker', class_aware=False),
    'QDTrack TAO, cosine': dict(type='QuasiDenseTAOTracker', metric='cosine', add_cosine=False),
    'QDTrack TAO, softmax': dict(type='QuasiDenseTAOTracker', metric='softmax'),
    'JointTrack, any class': dict(type='JointTracker', class_aware=False, motion_weight=0.3),
    'JointTrack, mean': dict(type='JointTracker', embedding_update='mean', embedding_window=5),
    'JointTrack, released': dict(type='JointTracker', **RELEASED, embedding_update='recursive'),
    'JointTrack, embedding': dict(type='JointTracker', use_displacement=False, gate=False),
    'JointTrack, CenterTrack': dict(type='JointTracker', use_embedding=False, propagate_lost=True),
}
