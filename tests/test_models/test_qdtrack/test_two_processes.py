"""Two processes learn what one process learns from the whole batch."""

from __future__ import annotations

import copy

import pytest
import torch
from torch.testing import assert_close

from mmtrack_ext.registry import MODELS

FIRST, SECOND = (10, 10, 20, 40), (60, 12, 16, 36)  # left, top, width, height
DETECTOR_LOSSES = (('rpn_head',), ('roi_head', 'bbox_head'))


@pytest.fixture
def pair(frame):
    """Images and samples of a key frame with these objects and a reference with those."""

    def build(key, ref, seed):
        frames = [frame(key, seed=seed), frame(ref, seed=seed + 1)]
        images, samples = zip(*frames, strict=True)
        return torch.stack(images), list(samples)

    return build


@pytest.fixture
def build(tiny_config):
    """A model that takes all proposals, none at random; whose tracking alone costs, if so wished.

    mmdet divides the detector's losses by the numbers of the process, so that means over the
    processes are not what one process has.
    """

    def make(*, freeze_detector=False, tracking_alone=False):
        config = {**tiny_config(), 'freeze_detector': freeze_detector}
        config['track_head']['train_cfg']['sampler'].update(num=10**4, neg_pos_ub=-1)
        for place in DETECTOR_LOSSES if tracking_alone else ():
            head = config['detector']
            for name in place:
                head = head[name]
            for name in ('loss_cls', 'loss_bbox'):
                head[name]['loss_weight'] = 0.0
        torch.manual_seed(0)
        model = MODELS.build(config)
        model.init_weights()
        for name, weight in model.named_parameters():
            if name.endswith(('fc_embed.weight', 'rpn_cls.weight')):
                torch.nn.init.normal_(weight, std=0.1)
        return model

    return make


def alone(model, batches):
    """Losses and gradients of one process, of all key frames and then of their references."""
    images = torch.cat([images[i::2] for i in (0, 1) for images, _ in batches])
    samples = [sample for i in (0, 1) for _, some in batches for sample in some[i::2]]
    total, logged = model.parse_losses(model(images, copy.deepcopy(samples), mode='loss'))
    total.backward()
    return {name: x.grad for name, x in model.named_parameters() if x.requires_grad}, logged


def test_gradients_are_those_of_one_process(build, pair, in_two_processes):
    """The head's losses are means over pairs, so where processes have equally many of them."""
    full = [pair({0: FIRST, 1: SECOND}, {1: SECOND, 0: FIRST}, 1), pair({4: FIRST}, {4: SECOND}, 3)]
    empty = [full[0], pair({}, {}, 5)]
    strange = [full[0], pair({2: FIRST}, {3: FIRST}, 7)]  # with no object in common
    cases = {
        'frozen': (build(freeze_detector=True).eval(), full),
        'tracking': (build(tracking_alone=True).eval(), full),
        'tracking, one empty': (build(tracking_alone=True).eval(), empty),
        'learning': (build().train(), full),
        'learning, one empty': (build().train(), empty),
        'learning, nothing in common': (build().train(), strange),
        'learning, frozen': (build(freeze_detector=True).train(), empty),
    }
    results = in_two_processes(cases)
    for name, (model, batches) in cases.items():
        both = results[name]
        for parameter, gradient in both[0]['gradients'].items():
            assert gradient is not None, f'{name}: {parameter}'  # each has a part in the loss
            assert gradient.isfinite().all(), f'{name}: {parameter}'
        if name.startswith('learning'):
            continue
        gradients, logged = alone(model, batches)
        for parameter, expected in gradients.items():
            for one in both:
                found = one['gradients'][parameter]
                assert_close(found, expected, rtol=1e-5, atol=1e-5, msg=f'{name}: {parameter}')
        assert max(gradient.abs().max() for gradient in gradients.values()) > 1e-3, name
        for term in ('loss', 'loss_track', 'loss_track_aux'):
            mean = sum(one['logged'][term] for one in both) / 2
            assert_close(mean, logged[term], rtol=1e-5, atol=1e-5, msg=f'{name}: {term}')
