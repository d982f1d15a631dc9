"""Steps of the data pipeline."""

from mmtrack_ext.datasets.transforms.camera_motion import EstimateCameraMotion
from mmtrack_ext.datasets.transforms.center_affine import CenterResize, PairedCenterAffine
from mmtrack_ext.datasets.transforms.center_color_jitter import CenterColorJitter
from mmtrack_ext.datasets.transforms.center_targets import CenterTargets
from mmtrack_ext.datasets.transforms.formatting import PackFrameInputs
from mmtrack_ext.datasets.transforms.keep_frame import KeepFrame
from mmtrack_ext.datasets.transforms.loading import LoadDetections
from mmtrack_ext.datasets.transforms.nanodet_color import NanoDetColor
from mmtrack_ext.datasets.transforms.random_warp import RandomWarp
from mmtrack_ext.datasets.transforms.warp_resize import WarpResize

__all__ = [
    'CenterColorJitter',
    'CenterResize',
    'CenterTargets',
    'EstimateCameraMotion',
    'KeepFrame',
    'LoadDetections',
    'NanoDetColor',
    'PackFrameInputs',
    'PairedCenterAffine',
    'RandomWarp',
    'WarpResize',
]
