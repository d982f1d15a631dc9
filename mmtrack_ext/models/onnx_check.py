"""Whether an exported detector says what torch says."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from mmengine.structures import InstanceData
from scipy.optimize import linear_sum_assignment
from torch import Tensor, nn

from mmtrack_ext.models.detectors.onnx_metadata import DetectorMetadata
from mmtrack_ext.models.detectors.onnx_postprocess import OUTPUTS, graph_settings
from mmtrack_ext.models.detectors.raw_decoder import RawDecoder
from mmtrack_ext.models.onnx_export import RawOutputs
from mmtrack_ext.models.onnx_session import CPU, first_line, open_session

TOLERANCE = 1e-3  # of raw outputs, pixels and scores; float32 in another order of operations
MANY = 300  # pairs of point and class of an image, so that a check has boxes to suppress


def example_images(
    metadata: DetectorMetadata, size: tuple[int, int], *, free_size: bool
) -> Iterator[Tensor]:
    """Batches to export with and to compare on.

    Two images of noise, first; three of noise; a scene; and where sizes are free a scene of another
    size.
    """
    noise = torch.Generator().manual_seed(0)
    for count in (2, 3):
        yield torch.randn(count, 3, size[1], size[0], generator=noise)
    yield _scene(metadata, size)
    if free_size:
        yield _scene(metadata, (size[0] + 64, size[1] + 32))


def check(
    path: Path, detector: nn.Module, metadata: DetectorMetadata, images: list[Tensor]
) -> list[str]:
    """Compare a traced file with torch, before its raw outputs are taken out.

    Returns:
        Lines that say how much was compared.

    Raises:
        ValueError: something differs by more than TOLERANCE.
    """
    session = open_session(str(path), CPU, user='The check of an export')
    raw, boxes, counts = 0.0, 0.0, []
    for batch in images:
        outputs = _run(session, batch, metadata)
        expected = _run_torch(detector, batch)
        found = outputs[len(OUTPUTS) if metadata.form == 'detections' else 0 :]
        raw = max([raw, *(_difference(a, b.numpy()) for a, b in zip(found, expected, strict=True))])
        if metadata.form == 'detections':
            for cfg in (metadata.test_cfg, _generous(metadata, found[0])):
                outputs = _run(session, batch, metadata, cfg)
                difference, count = _compare_detections(outputs, detector, cfg, batch)
                boxes = max(boxes, difference)
                counts.append(count)
    report = [f'Largest difference from torch: {raw:.2g}']
    if counts:
        report += [
            f'{sum(counts[::2])} boxes at score_thr={metadata.score_thr}, {sum(counts[1::2])} at '
            f'lower ones: the same as torch, within {boxes:.2g}'
        ]
    return report


def _run(
    session: Any, images: Tensor, metadata: DetectorMetadata, cfg: dict[str, Any] | None = None
) -> list[np.ndarray]:
    feed = {'images': images.numpy()}
    if metadata.form == 'detections':
        feed |= graph_settings(cfg or metadata.test_cfg)
    try:
        outputs: list[np.ndarray] = session.run(None, feed)
    except Exception as error:  # of onnxruntime, where an operation was bound to the first size
        width, height = images.shape[3], images.shape[2]
        raise ValueError(
            f'the export fails for images of {width} x {height}: {first_line(error)}; try '
            '--fixed-size, or another --size'
        ) from None
    return outputs


def _run_torch(detector: nn.Module, images: Tensor) -> tuple[Tensor, ...]:
    try:
        with torch.no_grad():
            outputs: tuple[Tensor, ...] = RawOutputs(detector).eval()(images)
    except Exception as error:  # a network may contain anything
        width, height = images.shape[3], images.shape[2]
        raise ValueError(
            f'the network fails for images of {width} x {height}: {first_line(error)}; try '
            '--fixed-size, or another --size'
        ) from error
    return outputs


def _difference(found: np.ndarray, expected: np.ndarray) -> float:
    same = found.shape == expected.shape
    difference = float(np.abs(found - expected).max()) if same else np.inf
    if not difference <= TOLERANCE:
        raise ValueError(
            f'the export differs from torch by {difference:.2g}, more than {TOLERANCE}; nothing '
            'was written. A network that is bound to one size needs --fixed-size'
        )
    return difference


def _generous(metadata: DetectorMetadata, raw: np.ndarray) -> dict[str, Any]:
    """The ``test_cfg`` with a ``score_thr`` that ``MANY`` of the first image are above."""
    logits = raw[0, :, : metadata.num_classes]
    if metadata.classes is not None:
        logits = logits[:, metadata.classes]
    ordered = np.sort(logits.ravel())[::-1]
    at = min(MANY, len(ordered) - 1)
    limit = float((ordered[at - 1] + ordered[at]) / 2)  # between two, for rounding not to decide
    return {**metadata.test_cfg, 'score_thr': 1 / (1 + np.exp(-limit))}


def _compare_detections(
    outputs: list[np.ndarray], detector: nn.Module, cfg: dict[str, Any], images: Tensor
) -> tuple[float, int]:
    """Compare with torch's post-processing of the same raw outputs.

    Returns:
        The largest difference, and the number of boxes.
    """
    boxes, scores, labels, batch_index, raw = map(torch.from_numpy, outputs)
    metas = [dict(batch_input_shape=tuple(images.shape[-2:]))] * len(images)
    metas = [{**meta, 'img_shape': meta['batch_input_shape']} for meta in metas]
    decoder = RawDecoder.of_head(detector.bbox_head, cfg)
    largest = 0.0
    for number, expected in enumerate(decoder.predict_raw(raw, metas)):
        own = batch_index == number
        found = InstanceData(bboxes=boxes[own], scores=scores[own], labels=labels[own])
        largest = max(largest, difference_of_detections(found, expected))
    return largest, len(boxes)


def difference_of_detections(found: InstanceData, expected: InstanceData) -> float:
    """Largest difference between two lists of detections; boxes of one score may change places.

    Raises:
        ValueError: it is above TOLERANCE, or the lists differ in length or order.
    """
    if len(found) != len(expected):
        raise ValueError(
            f'the export gives {len(found)} boxes where torch gives {len(expected)}; nothing was '
            'written'
        )
    if not len(found):
        return 0.0
    in_place = float((found.scores - expected.scores).abs().max())
    rows, other = (
        torch.cat([one.bboxes, one.scores[:, None], one.labels[:, None] * 1e6], dim=1).double()
        for one in (found, expected)
    )
    distances = (rows[:, None] - other[None]).abs().amax(2)
    matched = distances[linear_sum_assignment(distances.clamp(max=1).numpy())]
    difference = max(in_place, float(matched.max()))
    if not difference <= TOLERANCE:
        raise ValueError(
            f'the boxes of the export differ from those of torch by {difference:.2g}, more than '
            f'{TOLERANCE}; nothing was written'
        )
    return difference


def _scene(metadata: DetectorMetadata, size: tuple[int, int]) -> Tensor:
    """(1, 3, height, width): plain rectangles on a shaded ground, normalised.

    A little noise keeps any two places from looking the same, so that no two scores are equal.
    """
    rng = np.random.default_rng(0)
    width, height = size
    image = np.linspace(40, 200, width)[None, None] + np.linspace(0, 40, height)[None, :, None]
    image = np.repeat(image, 3, axis=0)
    for _ in range(12):
        left, top = rng.integers(0, width - 16), rng.integers(0, height - 16)
        w, h = rng.integers(8, max(width // 3, 9)), rng.integers(8, max(height // 2, 9))
        image[:, top : top + h, left : left + w] = rng.integers(0, 256, 3)[:, None, None]
    image += rng.normal(0, 2, image.shape)
    if metadata.mean is not None and metadata.std is not None:
        mean, std = (np.array(x)[:, None, None] for x in (metadata.mean, metadata.std))
        image = (image - mean) / std
    return torch.from_numpy(image.astype(np.float32))[None]
