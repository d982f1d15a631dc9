"""What happens at the Runner's events."""

from mmtrack_ext.engine.hooks.nan_loss import NaNLossError, NaNLossHook
from mmtrack_ext.engine.hooks.safe_checkpoint import SafeCheckpointHook
from mmtrack_ext.engine.hooks.speed import SpeedHook
from mmtrack_ext.engine.hooks.track_visualization import TrackVisualizationHook

__all__ = [
    'NaNLossError',
    'NaNLossHook',
    'SafeCheckpointHook',
    'SpeedHook',
    'TrackVisualizationHook',
]
