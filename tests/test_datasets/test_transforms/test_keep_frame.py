"""The original image reaches the model, and no later step changes it."""

from __future__ import annotations

import numpy as np
import pytest
from mmcv.transforms import Compose
from torch.utils.data import DataLoader

from mmtrack_ext.datasets.transforms import KeepFrame, PackFrameInputs
from mmtrack_ext.registry import TRANSFORMS
from mmtrack_ext.utils.register_all_modules import register_all_modules

register_all_modules()


def loaded(number=0):
    image = np.random.default_rng(number).integers(0, 256, (12, 20, 3), dtype=np.uint8)
    return dict(img=image, img_shape=(12, 20), ori_shape=(12, 20), img_id=number)


def pipeline():
    steps = [
        dict(type='KeepFrame'),
        dict(type='Resize', scale=(10, 6)),
        dict(type='PackFrameInputs'),
    ]
    return Compose([TRANSFORMS.build(step) for step in steps])


def test_the_model_gets_the_image_as_it_was_loaded():
    packed = pipeline()(loaded())
    np.testing.assert_array_equal(packed['data_samples'].original_frame, loaded()['img'])
    assert packed['inputs'].shape == (3, 6, 10)
    assert 'original_frame' not in packed['data_samples'].metainfo  # which mmengine deep-copies
    assert 'original_frame' not in PackFrameInputs()(loaded())['data_samples']


def test_steps_that_work_in_place_leave_it_alone():
    results = KeepFrame()(loaded())
    results['img'] //= 2
    np.testing.assert_array_equal(results['original_frame'], loaded()['img'])


@pytest.mark.filterwarnings('default')  # torch's DataLoader warns of its own parts
def test_it_comes_out_of_worker_processes():
    class Frames(list):
        def __getitem__(self, number):
            return pipeline()(loaded(number))

    loader = DataLoader(Frames(range(4)), batch_size=2, num_workers=2, collate_fn=list)
    samples = [item['data_samples'] for batch in loader for item in batch]
    assert [sample.img_id for sample in samples] == [0, 1, 2, 3]
    for number, sample in enumerate(samples):
        np.testing.assert_array_equal(sample.original_frame, loaded(number)['img'])


@pytest.mark.parametrize(
    ('changes', 'words'),
    [
        (dict(img=None), 'no image to keep'),
        (dict(img=np.zeros((6, 10, 3), np.uint8)), r'image is \(6, 10\) here, the file \(12, 20\)'),
        (dict(img=np.zeros((12, 20, 3), np.float32)), 'float32'),
        (dict(img=np.zeros((12, 20), np.uint8)), r'Got \(12, 20\)'),
    ],
)
def test_another_place_in_the_pipeline_is_refused(changes, words):
    with pytest.raises(ValueError, match=f'right after .*LoadImageFromFile.*{words}'):
        KeepFrame()({**loaded(), **changes})
