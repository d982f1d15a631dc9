"""Two processes learn what one process learns from the whole batch."""

from __future__ import annotations

import copy

import numpy as np
import pytest
import torch
from mmdet.structures import DetDataSample
from torch.testing import assert_close

from mmtrack_ext.registry import MODELS, TRANSFORMS
from mmtrack_ext.utils.config import read_config

CONFIGS = ('jointtracknet', 'centertrack', 'fairmot-like')
# Objects by frame: identity and whether the frame before has it, too. Two frames a process.
SHARED = ([[(0, True), (1, True), (2, False)], [(3, True)]], [[(4, True)], []])
EMPTY = ([[(0, True), (1, True), (2, False)], [(3, True)]], [[], []])
NAMELESS = ([[(0, True)], [(1, False)]], [[(-1, True)], [(-1, False), (-1, False)]])
ALL_EMPTY = ([[], []], [[], []])


@pytest.fixture
def build(root):
    """The model of a SynthMOT config, each time with the same weights."""

    def make(name='jointtracknet', **changes):
        config = read_config(root / f'configs/jointtracknet/{name}_dla-tiny_synthmot.py')['model']
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(0)
            return MODELS.build({**config, **changes})

    return make


def batch_of(frames, seed):
    """Images and samples of a key frame and the one before for each list of objects."""
    rng = torch.Generator().manual_seed(seed)
    keys = [key_sample(objects) for objects in frames]
    return torch.randn(2 * len(keys), 3, 64, 96, generator=rng), [*keys, *map(copy.copy, keys)]


def key_sample(objects):
    """Boxes side by side; those of the frame before stand two pixels to the left."""
    boxes = np.array([[24 * i + 3, 8 + i, 24 * i + 20, 50] for i in range(len(objects))], float)
    ids = np.array([identity for identity, _ in objects], int)
    before = np.array([has for _, has in objects], bool)
    key, reference = (
        dict(
            img=np.zeros((64, 96, 3), np.uint8),
            gt_bboxes=some.reshape(-1, 4),
            gt_bboxes_labels=np.zeros(len(some), int),
            gt_instances_ids=some_ids,
        )
        for some, some_ids in ((boxes, ids), (boxes.reshape(-1, 4)[before] - 2, ids[before]))
    )
    targets = TRANSFORMS.build(dict(type='CenterTargets', test_mode=True))
    results = targets({name: [key[name], reference[name]] for name in key})
    packing = TRANSFORMS.build(dict(type='PackFrameInputs', meta_keys=()))
    packed = packing({name: values[0] for name, values in results.items()})
    sample: DetDataSample = packed['data_samples']
    return sample


def together(batches):
    """One batch of several: all key frames, then the frames before them."""
    halves = [(images.chunk(2), samples) for images, samples in batches]
    images = [half[i] for i in (0, 1) for half, _ in halves]
    keys = [sample for _, samples in halves for sample in samples[: len(samples) // 2]]
    return torch.cat(images), [*keys, *map(copy.copy, keys)]


def alone(model, batches):
    """Losses and gradients of one process."""
    total, logged = model.parse_losses(model(*together(batches), mode='loss'))
    total.backward()
    gradients = {name: x.grad for name, x in model.named_parameters() if x.requires_grad}
    return gradients, logged


def test_gradients_are_those_of_one_process(build, in_two_processes):
    """Whatever objects each process has; statistics of BN are those of the process, so fixed."""
    cross_entropy = dict(
        type='JointTrackLoss',
        identity=dict(num_ids=9, channels=64, kind='ce'),
        task_weights=dict(type='FixedWeights'),
    )
    frozen = dict(frozen_parts=['backbone', 'neck', 'bbox_head.hm'])
    runs = {
        **{name: (name, {}, SHARED) for name in CONFIGS},
        'empty': (CONFIGS[0], dict(criterion=cross_entropy), EMPTY),
        'nameless': (CONFIGS[0], {}, NAMELESS),
        'all empty': (CONFIGS[0], {}, ALL_EMPTY),
        'a head without a loss': (CONFIGS[0], dict(criterion=dict(type='JointTrackLoss')), SHARED),
        'frozen': (CONFIGS[0], frozen, EMPTY),
        'learning': (CONFIGS[0], {}, EMPTY),
    }
    models, cases = {}, {}
    for name, (config, changes, frames) in runs.items():
        batches = [batch_of(some, seed) for seed, some in enumerate(frames)]
        model = build(config, **changes)
        models[name] = model.train(name in ('frozen', 'learning'))
        cases[name] = (models[name], batches)
    results = in_two_processes(cases)
    for parameter, gradient in results.pop('learning')[0]['gradients'].items():
        assert gradient is not None, parameter  # each has a part in the loss: nothing to look for
    for name, both in results.items():
        gradients, logged = alone(models[name], cases[name][1])
        assert gradients.keys() == both[0]['gradients'].keys()
        for parameter, expected in gradients.items():
            for one in both:
                found = one['gradients'][parameter]
                assert_close(found, expected, rtol=1e-5, atol=1e-5, msg=f'{name}: {parameter}')
        largest = max(gradient.abs().max() for gradient in gradients.values())
        assert largest > 1e-3, name
        for term, value in logged.items():
            mean = sum(one['logged'][term] for one in both) / 2
            assert_close(mean, value, rtol=1e-5, atol=1e-5, msg=f'{name}: {term}')
