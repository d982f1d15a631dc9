"""Colours of two pixels by hand."""

from __future__ import annotations

import random

import numpy as np
import pytest
import torch

from mmtrack_ext.datasets.transforms import NanoDetColor, PackFrameInputs
from mmtrack_ext.registry import MODELS

# Blue, green, red: an orange and a grey. In HSV the orange has V 0.6, S (0.6 - 0.2) / 0.6 = 2 / 3,
# and green halfway between the others; the grey has S 0.
PIXELS = np.array([[[51, 102, 153], [102, 102, 102]]], np.uint8)
COLORS = np.array([[[0.2, 0.4, 0.6], [0.4, 0.4, 0.4]]])
OFF = dict(brightness=0, contrast=(1, 1), saturation=(1, 1), prob=1)


def colored(**options):
    results = NanoDetColor(**(OFF | options))(dict(img=PIXELS.copy()))
    assert results['img'].dtype == np.float32
    return results['img'] / 255


def test_nothing_asked_is_nothing_done():
    np.testing.assert_allclose(colored(), COLORS, atol=1e-6)
    np.testing.assert_array_equal(NanoDetColor(prob=0)(dict(img=PIXELS.copy()))['img'], PIXELS)


def test_brightness_is_added(monkeypatch):
    monkeypatch.setattr(random, 'uniform', lambda low, high: low)
    expected = [[[-0.1, 0.1, 0.3], [0.1, 0.1, 0.1]]]  # black does not stop it
    np.testing.assert_allclose(colored(brightness=0.3), expected, atol=1e-6)


def test_contrast_multiplies():
    expected = [[[0.4, 0.8, 1.2], [0.8, 0.8, 0.8]]]  # neither does white
    np.testing.assert_allclose(colored(contrast=(2, 2)), expected, atol=1e-6)


def test_saturation_multiplies_s():
    """S 1/3 leaves V: the least is 0.6 * (1 - 1/3) = 0.4, green stays halfway; grey stays grey."""
    expected = [[[0.4, 0.5, 0.6], [0.4, 0.4, 0.4]]]
    np.testing.assert_allclose(colored(saturation=(0.5, 0.5)), expected, atol=1e-6)


def test_order(monkeypatch):
    """(c + 0.2) * 1.5, then S; of the orange (0.6, 0.9, 1.2) it was 1/2 and becomes 1/4."""
    monkeypatch.setattr(random, 'uniform', lambda low, high: high)
    found = colored(brightness=0.2, contrast=(1, 1.5), saturation=(0.5, 0.5))
    np.testing.assert_allclose(found, [[[0.9, 1.05, 1.2], [0.9, 0.9, 0.9]]], atol=1e-6)


def test_each_happens_in_every_other_image():
    random.seed(0)
    transform = NanoDetColor()
    drawn = [transform._draw() for _ in range(1000)]
    random.seed(0)
    assert transform._draw() == drawn[0]
    limits = ((-0.2, 0.2), (0.6, 1.4), (0.5, 1.2))
    for values, (low, high) in zip(zip(*drawn, strict=True), limits, strict=True):
        done = [value for value in values if value is not None]
        assert len(done) == pytest.approx(500, abs=50)
        assert low <= min(done) < low + 0.01
        assert high - 0.01 < max(done) <= high
    together = np.mean([all(value is not None for value in one) for one in drawn])
    assert together == pytest.approx(1 / 8, abs=0.03)


@pytest.mark.filterwarnings('default')  # torch and mmdet warn of their own parts
def test_the_model_normalizes_what_comes_out():
    results = NanoDetColor(**(OFF | dict(contrast=(2, 2))))(dict(img=PIXELS.copy(), img_id=1))
    packed = PackFrameInputs()(results)
    processor = MODELS.build(
        dict(
            type='DetDataPreprocessor',
            mean=[103.53, 116.28, 123.675],
            std=[57.375, 57.12, 58.395],
            bgr_to_rgb=False,
            pad_size_divisor=4,
        )
    )
    data = dict(inputs=[packed['inputs']], data_samples=[packed['data_samples']])
    found = processor(data)['inputs']
    # Red of the orange: 2 * 153 = 306 is not cut off at 255; the padding is 0 after normalisation.
    assert found[0, 2, 0, 0].item() == pytest.approx((306 - 123.675) / 58.395, abs=1e-5)
    assert found[0, 0, 0, 1].item() == pytest.approx((204 - 103.53) / 57.375, abs=1e-5)
    assert torch.count_nonzero(found).item() == 3 * 2


@pytest.mark.parametrize('name', ['contrast', 'saturation'])
def test_wrong_range(name):
    with pytest.raises(ValueError, match=f'{name!r} parameter of NanoDetColor'):
        NanoDetColor(**{name: (1.2, 0.5)})


def test_a_grey_image_is_refused():
    with pytest.raises(ValueError, match='BGR'):
        NanoDetColor()(dict(img=np.zeros((4, 4), np.uint8)))
