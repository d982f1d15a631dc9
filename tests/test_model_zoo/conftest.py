"""Networks, weights in the original's names, and frames of a real video."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import cv2
import numpy as np
import pytest
import torch

from mmtrack_ext.registry import MODELS  # first: it installs the operators

# isort: split
from mmtrack_ext.engine import load_model_weights
from mmtrack_ext.model_zoo import NETWORKS, Converted, NanoDetZoo, convert_nanodet
from mmtrack_ext.utils.config import load_config
from mmtrack_ext.utils.register_all_modules import register_all_modules

FRAMES = range(0, 795, 66)  # of the video, from 0: thirteen of them
MEAN, STD = (103.53, 116.28, 123.675), (57.375, 57.12, 58.395)  # NanoDet's, BGR


def pytest_runtest_setup() -> None:
    """As in tests/test_models: types are looked up here, and fixtures of any scope build them."""
    register_all_modules()


@pytest.fixture(autouse=True)
def _one_thread(one_thread: None) -> None: ...


@pytest.fixture(scope='session')
def zoo(root: Path) -> NanoDetZoo:
    return NanoDetZoo(root / 'configs/_base_/models')


@pytest.fixture(scope='session')
def folder(root: Path) -> Path:
    return root / 'tests/data/nanodet'


@pytest.fixture(scope='session')
def fill(folder: Path, load_module: Callable[[Path], ModuleType]) -> ModuleType:
    return load_module(folder / 'fill.py')


@pytest.fixture(scope='session')
def original_shapes(folder: Path) -> dict[str, dict[str, list[int]]]:
    """Of each network: shape of every entry of the original's state dict, by its name."""
    return json.loads((folder / 'family_keys.json').read_text(encoding='utf-8'))


@pytest.fixture(scope='session')
def original(fill: ModuleType, original_shapes: dict) -> Callable[[str], dict]:
    """A network's weights as the recording has them, in the original's names."""

    def make(network: str) -> dict[str, torch.Tensor]:
        arrays = fill.fill_state(original_shapes[network])
        return {name: torch.from_numpy(array) for name, array in arrays.items()}

    return make


@pytest.fixture(scope='session')
def weights_folder(shared_data: Path) -> Path:
    return shared_data / 'weights'


@pytest.fixture(scope='session')
def convert(zoo: NanoDetZoo, weights_folder: Path) -> Callable[[str], Converted]:
    """The conversion of a published file, made once."""
    made: dict[str, Converted] = {}

    def run(name: str) -> Converted:
        if name not in made:
            made[name] = convert_nanodet(weights_folder / name, zoo)
        return made[name]

    return run


@pytest.fixture(scope='session')
def detector(zoo: NanoDetZoo, tmp_path_factory: pytest.TempPathFactory) -> Callable:
    """A detector from a conversion, through its file, that finds persons alone, uncapped."""

    def build(converted: Converted) -> torch.nn.Module:
        path = tmp_path_factory.mktemp('converted') / 'detector.pth'
        converted.save(path)
        model = load_config(zoo.configs / NETWORKS[converted.network]).model
        model.pop('aux_bbox_head', None)
        model.test_cfg.update(classes=[0], max_per_img=-1)
        detector = MODELS.build(model).eval()
        load_model_weights(detector, path)
        return detector

    return build


@pytest.fixture(scope='session')
def frames(shared_data: Path) -> dict[int, np.ndarray]:
    """Some frames of PETS09-S2L1, 360 x 480, BGR, by their number from 1."""
    video = cv2.VideoCapture(str(shared_data / 'PETS09-S2L1/PETS09-S2L1.mp4'))
    images = {}
    for i in range(FRAMES[-1] + 1):
        assert video.grab()
        if i in FRAMES:
            images[i + 1] = video.retrieve()[1]
    return images


@pytest.fixture(scope='session')
def network_input() -> Callable[[np.ndarray, int], torch.Tensor]:
    """A frame stretched to a square and normalised: (1, 3, size, size)."""

    def prepare(frame: np.ndarray, size: int) -> torch.Tensor:
        image = cv2.resize(frame, (size, size)).astype(np.float32)
        image = (image - np.float32(MEAN)) / np.float32(STD)
        return torch.from_numpy(np.ascontiguousarray(image.transpose(2, 0, 1)))[None]

    return prepare


@pytest.fixture(scope='session')
def detect(network_input: Callable) -> Callable:
    """Boxes (N, 4), xyxy in pixels of the frame, and scores (N,)."""

    def run(model: torch.nn.Module, frame: np.ndarray, size: int) -> tuple[np.ndarray, np.ndarray]:
        height, width = frame.shape[:2]
        meta = dict(
            img_shape=(size, size),
            ori_shape=(height, width),
            scale_factor=(size / width, size / height),
        )
        with torch.no_grad():
            maps = model.bbox_head(model.extract_feat(network_input(frame, size)))
            (found,) = model.bbox_head.predict_by_feat(*maps, [meta], rescale=True)
        return found.bboxes.numpy(), found.scores.numpy()

    return run
