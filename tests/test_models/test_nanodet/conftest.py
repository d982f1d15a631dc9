"""NanoDet-Plus-m with the weights, and the numbers, of the recording in tests/data/nanodet.

How weights and images follow from names and seeds says tests/data/nanodet/fill.py. The tolerances
are those that the recording's authors measured between float32 and float64, threads and libraries.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
import torch

from mmtrack_ext.registry import MODELS  # first: it installs the operators

# isort: split
from mmdet.structures import DetDataSample
from mmengine.config import Config
from mmengine.structures import InstanceData

from mmtrack_ext.models.detectors import rename_nanodet_key


@pytest.fixture(autouse=True)
def _one_thread(one_thread: None) -> None: ...


@pytest.fixture(scope='session')
def folder(root: Path) -> Path:
    return root / 'tests' / 'data' / 'nanodet'


@pytest.fixture(scope='session')
def fill(folder: Path, load_module: Callable[[Path], ModuleType]) -> ModuleType:
    return load_module(folder / 'fill.py')


@pytest.fixture(scope='session')
def recorded(folder: Path) -> dict[str, np.ndarray]:
    """Arrays by name, without ``nanodet_plus_m/``."""
    with np.load(folder / 'nanodet_plus_m.npz') as arrays:
        return {name.removeprefix('nanodet_plus_m/'): arrays[name] for name in arrays.files}


@pytest.fixture(scope='session')
def shapes(folder: Path) -> dict[str, list[int]]:
    """Shape of every entry of the original's state dict, by the original's name."""
    return json.loads((folder / 'family_keys.json').read_text(encoding='utf-8'))['nanodet_plus_m']


@pytest.fixture(scope='session')
def config(root: Path) -> Config:
    return Config.fromfile(root / 'configs' / '_base_' / 'models' / 'nanodet_plus_m.py')


@pytest.fixture(scope='session')
def weights(fill: ModuleType, shapes: dict) -> dict[str, torch.Tensor]:
    arrays = fill.fill_state(shapes)
    return {rename_nanodet_key(name): torch.from_numpy(array) for name, array in arrays.items()}


@pytest.fixture(scope='session')
def build(config: Config, weights: dict) -> Callable[..., torch.nn.Module]:
    """The network with the recording's weights."""

    def make(**options: object) -> torch.nn.Module:
        model = MODELS.build({**config.model.to_dict(), **options})
        model.load_state_dict(weights)
        return model

    return make


@pytest.fixture(scope='session')
def make_samples(recorded: dict) -> Callable[..., list[DetDataSample]]:
    """The three training images' objects, or those that ``only`` names as (image, row)."""

    def make(only: list[tuple[int, int]] | None = None) -> list[DetDataSample]:
        samples = []
        for image in range(3):
            boxes = torch.from_numpy(recorded[f'meta/gt_bboxes_{image}'])
            labels = torch.from_numpy(recorded[f'meta/gt_labels_{image}']).long()
            if only is not None:
                rows = [row for chosen, row in only if chosen == image]
                boxes, labels = boxes[rows], labels[rows]
            sample = DetDataSample(metainfo=dict(img_shape=(96, 128)))
            sample.gt_instances = InstanceData(bboxes=boxes, labels=labels)
            samples.append(sample)
        return samples

    return make


class StepChecks:
    """What a training step left in a model against arrays of the original by name."""

    def gradient_norms(self, model: torch.nn.Module) -> dict[str, float]:
        norms = {name: float(value.grad.norm()) for name, value in model.named_parameters()}
        return norms | {'TOTAL': float(np.sqrt(sum(norm**2 for norm in norms.values())))}

    def gradients(
        self, model: torch.nn.Module, arrays: dict[str, np.ndarray], prefix: str, rtol: float
    ) -> None:
        norms = self.gradient_norms(model)
        names = [name.removeprefix(prefix) for name in arrays if name.startswith(prefix)]
        assert len(names) == 6
        for name in names:
            np.testing.assert_allclose(
                norms[rename_nanodet_key(name)], arrays[prefix + name], rtol=rtol, err_msg=name
            )

    def running_statistics(self, model: torch.nn.Module, arrays: dict[str, np.ndarray]) -> None:
        prefix = 'bn_train/after/'
        names = [name.removeprefix(prefix) for name in arrays if name.startswith(prefix)]
        assert len(names) == 2
        for name in names:
            value = model.state_dict()[rename_nanodet_key(name)]
            np.testing.assert_allclose(value, arrays[prefix + name], rtol=0, atol=1e-5)


@pytest.fixture(scope='session')
def checks() -> StepChecks:
    return StepChecks()


@pytest.fixture(scope='session')
def as_maps() -> Callable[[torch.Tensor], tuple[list, list]]:
    """Class maps and box maps of the four levels of 96 x 128 pixels, from (B, 256, 80 + 32)."""

    def split(raw: torch.Tensor) -> tuple[list, list]:
        sizes = ((12, 16), (6, 8), (3, 4), (2, 2))
        levels = raw.split([height * width for height, width in sizes], dim=1)
        maps = [
            level.transpose(1, 2).unflatten(2, size)
            for level, size in zip(levels, sizes, strict=True)
        ]
        return [x[:, :80] for x in maps], [x[:, 80:] for x in maps]

    return split
