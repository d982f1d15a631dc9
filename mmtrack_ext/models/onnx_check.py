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
    first = len(OUTPUTS) if metadata.form == 'detections' else 0
    worst, boxes = 0.0, BoxReport()
    for batch in images:
        found = _run(session, batch, metadata)[first:]
        for one, expected in zip(found, _run_torch(detector, batch), strict=True):
            worst = max(worst, _difference(one, expected.numpy()))
        if metadata.form == 'detections':
            for cfg in (metadata.test_cfg, _generous(metadata, found[0])):
                outputs = _run(session, batch, metadata, cfg)
                boxes.add(outputs, RawDecoder.of_head(detector.bbox_head, cfg), batch)
    lines = [f'Largest difference from torch: {worst:.2g}']
    return [*lines, *boxes.lines()] if metadata.form == 'detections' else lines


class BoxReport:
    """Compares detections with torch's post-processing of the same raw outputs, and counts."""

    def __init__(self) -> None:
        self.difference = 0.0
        self.counts: dict[float, int] = {}  # of boxes by score_thr
        self.skipped = 0

    def add(self, outputs: list[np.ndarray], decoder: RawDecoder, images: Tensor) -> None:
        """Compare the file's outputs for these images.

        Raises:
            ValueError: they differ by more than TOLERANCE.
        """
        boxes, scores, labels, batch_index, raw = map(torch.from_numpy, outputs)
        shape = tuple(images.shape[-2:])
        metas = [dict(batch_input_shape=shape, img_shape=shape)] * len(images)
        for number, expected in enumerate(decoder.predict_raw(raw, metas)):
            own = batch_index == number
            found = InstanceData(bboxes=boxes[own], scores=scores[own], labels=labels[own])
            try:
                self.difference = max(self.difference, difference_of_detections(found, expected))
            except ValueError:
                if not _mostly_equal(raw[number], decoder):
                    raise
                self.skipped += 1
                continue
            limit = decoder.test_cfg['score_thr']
            self.counts[limit] = self.counts.get(limit, 0) + len(found)

    def lines(self) -> list[str]:
        """What was compared."""
        pairs = [f'{count} above {limit:.3g}' for limit, count in self.counts.items()]
        lines = [f'Boxes compared, by score: {", ".join(pairs) or "none"}']
        lines += [f'Largest difference of boxes and scores: {self.difference:.2g}']
        if self.skipped:
            lines += [
                f'{self.skipped} images not compared: most of their scores are equal, as before a '
                'training'
            ]
        return lines


def _mostly_equal(raw: Tensor, decoder: RawDecoder) -> bool:
    """Whether half of an image's scores above ``score_thr`` are the same as another one."""
    cfg = decoder.test_cfg
    scores = raw[:, : decoder.num_classes].sigmoid()
    scores = scores if cfg['classes'] is None else scores[:, cfg['classes']]
    scores = scores[scores > cfg['score_thr'] - TOLERANCE]
    return 2 * len(scores.round(decimals=6).unique()) < len(scores)


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
    """Of raw outputs; as a share of the largest, where that is above 1."""
    difference = np.inf
    if found.shape == expected.shape:
        scale = max(1.0, float(np.abs(expected).max(initial=0)))
        difference = float(np.abs(found - expected).max(initial=0)) / scale
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
