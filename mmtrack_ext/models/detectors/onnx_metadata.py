"""What an exported network's file says of itself: enough to run it without its config."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

FORMS = ('raw', 'detections')
WORDS = ('form', 'detector')  # stored as they are, the others as JSON


@dataclass(frozen=True)
class NetworkMetadata:
    """The ``metadata_props`` of the file, one a field: those of every network.

    Attributes:
        form: 'raw' (the network's outputs) or 'detections' (boxes, scores, labels).
        detector: class name of the exported detector, or of the whole model.
        class_names: by label; None where unknown.
        input_size: (width, height) that the file is fixed to; None takes any.
        mean, std: of each channel, in the order of the network, in 0..255; None: not normalised.
        bgr_to_rgb: whether the network takes red first.
        pad_size_divisor: width and height of the input are multiples of it.
        pad_value: what is put right of and below an image, after normalisation.
    """

    form: str
    detector: str
    class_names: list[str] | None
    input_size: list[int] | None
    mean: list[float] | None
    std: list[float] | None
    bgr_to_rgb: bool
    pad_size_divisor: int
    pad_value: float

    @property
    def data_preprocessor(self) -> dict[str, Any]:
        """The config of what makes the input of frames."""
        names = ('mean', 'std', 'bgr_to_rgb', 'pad_size_divisor', 'pad_value')
        return dict(type='DetDataPreprocessor', **{name: getattr(self, name) for name in names})

    def to_properties(self) -> dict[str, str]:
        """The text of each field, by name."""
        return {
            name: value if name in WORDS else json.dumps(value)
            for name, value in asdict(self).items()
        }


@dataclass(frozen=True)
class TrackNetMetadata(NetworkMetadata):
    """Of a network that sees the frame before, too.

    Attributes:
        inputs: their names, in order: 'img', 'prev_img' (the frame before, prepared likewise; of a
            first frame, itself), 'prior_heatmap' (of the input's size, from 0 to 1).
        outputs: names of the maps, in order.
        stride: pixels of the input from one cell of a map to the next.
    """

    inputs: list[str]
    outputs: list[str]
    stride: int


@dataclass(frozen=True)
class DetectorMetadata(NetworkMetadata):
    """Of a detector.

    Attributes:
        score_thr, nms, max_per_img, classes: the detector's ``test_cfg``.
        num_classes, strides, reg_max, prior_offset: how raw outputs become boxes, see
            ``PointGFLHead``; None for networks of another kind.
    """

    score_thr: float | None
    nms: dict[str, Any] | None
    max_per_img: int | None
    classes: list[int] | None
    num_classes: int | None
    strides: list[int] | None
    reg_max: int | None
    prior_offset: float | None

    @property
    def test_cfg(self) -> dict[str, Any]:
        """The exported ``test_cfg``."""
        names = ('score_thr', 'nms', 'max_per_img', 'classes')
        return {name: getattr(self, name) for name in names}

    @classmethod
    def from_properties(cls, properties: Mapping[str, str], path: str) -> DetectorMetadata:
        """The inverse.

        Raises:
            ValueError: fields are missing or broken; names ``path``.
        """
        names = [field.name for field in fields(cls)]
        if missing := [name for name in names if name not in properties]:
            raise ValueError(
                f'{path}: this is no detector that tools/export_onnx.py has written; its metadata '
                f'lacks {", ".join(missing)}.'
            )
        try:
            values = {
                name: properties[name] if name in WORDS else json.loads(properties[name])
                for name in names
            }
        except json.JSONDecodeError as error:
            raise ValueError(f'{path}: metadata that is no JSON: {error}') from None
        if values['form'] not in FORMS:
            raise ValueError(
                f'{path}: the form in its metadata must be one of {", ".join(FORMS)}. '
                f'Got {values["form"]!r} instead.'
            )
        return cls(**values)
