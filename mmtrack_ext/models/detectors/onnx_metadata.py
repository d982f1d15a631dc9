"""What an exported detector's file says of itself: enough to run it without its config."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

FORMS = ('raw', 'detections')
WORDS = ('form', 'detector')  # stored as they are, the others as JSON


@dataclass(frozen=True)
class DetectorMetadata:
    """The ``metadata_props`` of the file, one a field.

    Attributes:
        form: 'raw' (the network's outputs) or 'detections' (boxes, scores, labels).
        detector: class name of the exported detector.
        class_names: by label; None where unknown.
        input_size: (width, height) that the file is fixed to; None takes any.
        mean, std: of each channel, in the order of the network, in 0..255; None: not normalised.
        bgr_to_rgb: whether the network takes red first.
        pad_size_divisor: width and height of the input are multiples of it.
        pad_value: what is put right of and below an image, after normalisation.
        score_thr, nms, max_per_img, classes: the detector's ``test_cfg``.
        num_classes, strides, reg_max, prior_offset: how raw outputs become boxes, see
            ``PointGFLHead``; None for networks of another kind.
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
