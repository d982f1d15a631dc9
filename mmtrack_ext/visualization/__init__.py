"""Drawing, and reading and writing videos, with OpenCV alone.

``track_visualizer``, which needs mmengine, is not imported here, so that tools that only draw start
fast and run without torch.
"""

from mmtrack_ext.visualization.colors import color_of, text_color_on
from mmtrack_ext.visualization.drawing import draw_detections, draw_tracks
from mmtrack_ext.visualization.frame_source import FrameSource, open_frames
from mmtrack_ext.visualization.stored_detections import stored_detections
from mmtrack_ext.visualization.trails import Trails
from mmtrack_ext.visualization.video import VideoWriter

__all__ = [
    'FrameSource',
    'Trails',
    'VideoWriter',
    'color_of',
    'draw_detections',
    'draw_tracks',
    'open_frames',
    'stored_detections',
    'text_color_on',
]
