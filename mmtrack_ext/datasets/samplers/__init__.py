"""Which frames each process gets, and in which order."""

from mmtrack_ext.datasets.samplers.frame_sampler import FrameSampler
from mmtrack_ext.datasets.samplers.video_sampler import VideoSampler
from mmtrack_ext.datasets.samplers.videos import videos_of

__all__ = ['FrameSampler', 'VideoSampler', 'videos_of']
