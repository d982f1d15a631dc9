"""The network with the weights, inputs and numbers of the recording in tests/data/jointtracknet."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
import torch

from mmtrack_ext.model_zoo.joint_track_net import rename_joint_track_key
from mmtrack_ext.models.backbones import DLANet
from mmtrack_ext.models.necks import DLAUpNeck
from mmtrack_ext.models.tracking_heads.joint_track_head import JointTrackHead

# BGR, of pixels from 0 to 1 (CenterTrack's numbers).
MEAN = np.array([0.40789654, 0.44719302, 0.47026115], dtype=np.float32)
STD = np.array([0.28863828, 0.27408164, 0.27809835], dtype=np.float32)


class Network(torch.nn.Module):
    """The three parts under the names that they have in JointTrackNet."""

    def __init__(
        self, backbone: dict | None = None, neck: dict | None = None, head: dict | None = None
    ) -> None:
        super().__init__()
        self.backbone = DLANet(**(backbone or {}))
        self.neck = DLAUpNeck(self.backbone.out_channels, **(neck or {}))
        self.bbox_head = JointTrackHead(self.neck.out_channels, **(head or {}))

    def forward(self, *inputs: torch.Tensor | None) -> dict[str, torch.Tensor]:
        return self.bbox_head(self.neck(self.backbone(*inputs)))


@pytest.fixture(autouse=True)
def _one_thread(one_thread: None) -> None: ...


@pytest.fixture(scope='session')
def folder(root: Path) -> Path:
    return root / 'tests' / 'data' / 'jointtracknet'


@pytest.fixture(scope='session')
def fill(folder: Path, load_module: Callable[[Path], ModuleType]) -> ModuleType:
    return load_module(folder / 'fill.py')


@pytest.fixture(scope='session')
def shapes(folder: Path) -> dict[str, list[int]]:
    """Shape of every entry of the original's state dict, by the original's name."""
    return json.loads((folder / 'keys.json').read_text(encoding='utf-8'))


@pytest.fixture(scope='session')
def original_weights(fill: ModuleType, folder: Path) -> dict[str, torch.Tensor]:
    arrays = fill.make_state_dict(str(folder / 'keys.json'))
    assert fill.check(arrays, str(folder / 'fill_check_A.json')) == []
    return {name: torch.from_numpy(array) for name, array in arrays.items()}


@pytest.fixture(scope='session')
def recorded(folder: Path) -> dict[str, np.ndarray]:
    with np.load(folder / 'network.npz') as arrays:
        return {name: arrays[name] for name in arrays.files}


@pytest.fixture(scope='session')
def inputs(recorded: dict[str, np.ndarray]) -> tuple[torch.Tensor, ...]:
    """Frame, previous frame and heat map, (1, C, 128, 192)."""
    frames = [(recorded[name] / 255.0 - MEAN) / STD for name in ('img', 'pre_img')]
    images = [torch.from_numpy(x.astype(np.float32).transpose(2, 0, 1))[None] for x in frames]
    heatmap = torch.from_numpy((recorded['pre_hm'] / 255.0).astype(np.float32))
    return *images, heatmap[None, None]


@pytest.fixture(scope='session')
def make_network() -> Callable[..., Network]:
    """A network with random weights, the same each time."""

    def make(**parts: dict) -> Network:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(0)
            return Network(**parts)

    return make


@pytest.fixture(scope='session')
def network(original_weights: dict[str, torch.Tensor]) -> Network:
    """With the recording's weights; not to be changed."""
    network = Network().eval().requires_grad_(False)
    dead = ('base.level3.project.', 'base.level4.project.')
    network.load_state_dict(
        {
            rename_joint_track_key(name): value
            for name, value in original_weights.items()
            if not name.startswith(dead)
        }
    )
    return network
