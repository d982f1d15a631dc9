"""Networks that turn an image into maps of features."""

from mmtrack_ext.models.backbones.shufflenet_v2 import ShuffleNetV2

__all__ = ['ShuffleNetV2']
