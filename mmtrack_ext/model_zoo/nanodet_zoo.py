"""The networks of the NanoDet family, by name."""

from __future__ import annotations

from pathlib import Path

import torch
from torch import nn

from mmtrack_ext.model_zoo.converted import shapes_of
from mmtrack_ext.registry import MODELS
from mmtrack_ext.utils.config import load_config

# Name and base config. Networks that differ in the size of their input alone are the same here.
NETWORKS = {
    'NanoDet-Plus-m': 'nanodet_plus_m.py',
    'NanoDet-Plus-m-1.5x': 'nanodet_plus_m_1_5x.py',
    'NanoDet-m': 'nanodet_m.py',
    'NanoDet-m-0.5x': 'nanodet_m_0_5x.py',
    'NanoDet-m-1.5x': 'nanodet_m_1_5x.py',
    'NanoDet-t': 'nanodet_t.py',
    'NanoDet-g': 'nanodet_g.py',
    'NanoDet-EfficientLite0': 'nanodet_efficientlite0.py',
    'NanoDet-EfficientLite1': 'nanodet_efficientlite1.py',
    'NanoDet-EfficientLite2': 'nanodet_efficientlite2.py',
    'NanoDet-RepVGG-A0': 'nanodet_repvgg_a0.py',
    'NanoDet-RepVGG-A0 (deploy form)': 'nanodet_repvgg_a0.py',
}
COCO_CLASSES = 80
AUXILIARY = ('aux_neck', 'aux_bbox_head')  # of NanoDet-Plus, in training only


class NanoDetZoo:
    """Builds the networks from their base configs.

    Args:
        configs: the folder of base configs, ``configs/_base_/models``.
    """

    def __init__(self, configs: Path | str) -> None:
        self.configs = Path(configs)
        self._templates: dict[str, nn.Module] = {}

    def build(
        self, name: str, *, num_classes: int = COCO_CLASSES, device: str = 'cpu'
    ) -> nn.Module:
        """A network with random weights, auxiliary head included, in ``eval()``.

        Args:
            name: a key of ``NETWORKS``.
            num_classes: of its head.
            device: ``'meta'`` gives shapes alone, and quickly.
        """
        model = load_config(self.configs / NETWORKS[name]).model
        model.bbox_head.num_classes = num_classes
        if name.endswith('(deploy form)'):
            model.backbone.deploy = True
        with torch.device(device):
            network: nn.Module = MODELS.build(model)
        return network.eval()

    def template(self, name: str) -> nn.Module:
        """The network for COCO without weights, built once; not to be changed."""
        if name not in self._templates:
            self._templates[name] = self.build(name, device='meta')
        return self._templates[name]

    def shapes(self, name: str, num_classes: int = COCO_CLASSES) -> dict[str, tuple[int, ...]]:
        """Shape of each entry of the state dict, in its order."""
        shapes = shapes_of(self.template(name))
        more = num_classes - COCO_CLASSES
        for key, (outputs, *inside) in [item for item in shapes.items() if item[1]]:
            if '.gfl_cls.' in key:  # of both heads
                shapes[key] = (outputs + more, *inside)
        return shapes

    def num_classes(self, name: str, outputs: int) -> int:
        """How many classes the head has if its last layer has so many outputs; may be negative."""
        bins: int = self.template(name).bbox_head.reg_max + 1
        return outputs - 4 * bins


def is_auxiliary(key: str) -> bool:
    """Whether a name of our state dicts is one of the branches that only training needs."""
    return bool(set(key.split('.')) & set(AUXILIARY))
