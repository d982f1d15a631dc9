"""Networks that turn an image into maps of features."""

from mmtrack_ext.models.backbones.custom_csp_net import CustomCspNet
from mmtrack_ext.models.backbones.dla_net import DLANet
from mmtrack_ext.models.backbones.efficientnet_lite import EfficientNetLite
from mmtrack_ext.models.backbones.rep_vgg import RepVGG
from mmtrack_ext.models.backbones.shufflenet_v2 import ShuffleNetV2

__all__ = ['CustomCspNet', 'DLANet', 'EfficientNetLite', 'RepVGG', 'ShuffleNetV2']
