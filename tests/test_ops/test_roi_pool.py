"""RoIPool against its definition, box by box and bin by bin."""

from __future__ import annotations

import math

import mmcv._ext
import pytest
import torch
from mmcv.ops import RoIPool

pytestmark = pytest.mark.skipif(
    mmcv._ext.__name__ == 'mmcv._ext', reason='the compiled mmcv has no RoIPool for CPU tensors'
)


def brute_force(features, rois, output_size, scale):
    """Maximum and its pixel, or None, as roi_pool_cuda_kernel.cuh of mmcv says it."""
    height, width = features.shape[2:]
    result = {}
    for r, (image, *box) in enumerate(rois.tolist()):
        x1, y1 = (value * scale for value in box[:2])
        x2, y2 = ((value + 1) * scale for value in box[2:])
        for i in range(output_size[0]):
            rows = pixels(y1, y2, i, output_size[0], height)
            for j in range(output_size[1]):
                columns = pixels(x1, x2, j, output_size[1], width)
                for c in range(features.shape[1]):
                    plane = features[int(image), c]
                    inside = [(plane[y, x].item(), -y, -x) for y in rows for x in columns]
                    result[r, c, i, j] = max(inside, default=(0.0, None, None))
    return result


def pixels(start, end, index, bins, size):
    if end <= start:
        return range(0)
    length = (end - start) / bins
    first, last = math.floor(start + index * length), math.ceil(start + (index + 1) * length)
    return range(min(max(first, 0), size), min(max(last, 0), size))


def example():
    generator = torch.Generator().manual_seed(0)
    # Few values, so that bins hold several equal maxima: the first counts.
    features = torch.randint(-9, 9, (2, 3, 9, 11), generator=generator).double() / 4
    boxes = [
        [4, 4, 31, 27],
        [-10, -6, 12, 13],
        [30, 20, 60, 70],
        [8, 8, 8, 8],
        [20, 20, 4, 4],
        [0, 0, 43, 35],
    ]
    rois = torch.tensor([[i % 2, *box] for i, box in enumerate(boxes)]).double()
    return features, rois


@pytest.mark.parametrize('output_size', [(1, 1), (2, 3), (7, 7)])
def test_definition(output_size):
    features, rois = example()
    features.requires_grad_()
    output = RoIPool(output_size, 0.25)(features, rois)
    weight = torch.rand(output.shape, generator=torch.Generator().manual_seed(1)).double()
    (output * weight).sum().backward()
    gradient = torch.zeros_like(features)
    empty = 0
    for place, (value, y, x) in brute_force(features.detach(), rois, output_size, 0.25).items():
        assert output[place].item() == value
        if y is None:
            empty += 1
        else:
            gradient[int(rois[place[0], 0]), place[1], -y, -x] += weight[place]
    assert empty
    torch.testing.assert_close(features.grad, gradient, rtol=0, atol=1e-12)


def test_no_boxes():
    assert RoIPool(7)(torch.ones(1, 3, 8, 8), torch.zeros(0, 5)).shape == (0, 3, 7, 7)
