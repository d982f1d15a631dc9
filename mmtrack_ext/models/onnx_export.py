"""Detectors as ONNX files."""

from __future__ import annotations

import contextlib
import warnings
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from mmdet.datasets import CocoDataset
from torch import Tensor, nn

from mmtrack_ext.models.dense_heads.point_decoding import TEST_DEFAULTS
from mmtrack_ext.models.dense_heads.point_gfl_head import PointGFLHead
from mmtrack_ext.models.detectors.onnx_metadata import DetectorMetadata, NetworkMetadata
from mmtrack_ext.models.detectors.onnx_postprocess import (
    OUTPUTS,
    PostProcess,
    graph_settings,
)
from mmtrack_ext.models.detectors.raw_decoder import RawDecoder
from mmtrack_ext.models.onnx_deform_conv import OPSET as OPSET_OF_DEFORM_CONV
from mmtrack_ext.models.onnx_deform_conv import has_deform_conv, standard_deform_conv
from mmtrack_ext.models.onnx_session import first_line

OPSET = 17  # the newest that torch's TorchScript exporter covers in full
RAW = 'output'


class RawOutputs(nn.Module):
    """The ``mode='tensor'`` of a model: preprocessed images to a flat tuple of raw outputs."""

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.model = model

    def forward(self, images: Tensor) -> tuple[Tensor, ...]:
        """(B, 3, H, W) to one tensor or several."""
        return tuple(_tensors(self.model(images, mode='tensor')))


class DetectionOutputs(nn.Module):
    """Preprocessed images to ``OUTPUTS`` of all of them; and the raw output, last.

    Args:
        detector: a detector with a ``PointGFLHead``.
        test_cfg: the complete one.

    Attributes:
        settings: what the test_cfg means, by name; defaults of the file.
    """

    def __init__(self, detector: nn.Module, test_cfg: Mapping[str, Any]) -> None:
        super().__init__()
        self.detector = detector
        self.settings = graph_settings(test_cfg)
        self.post_process = PostProcess(detector.bbox_head, test_cfg)

    def forward(self, images: Tensor, *settings: Tensor) -> tuple[Tensor, ...]:
        """(B, 3, H, W) and the values of ``SETTINGS``."""
        head: PointGFLHead = self.detector.bbox_head
        maps = head(self.detector.extract_feat(images))
        predictions = head.flatten(*maps)
        raw = torch.cat([predictions.class_logits, predictions.box_logits], dim=2)
        return *self.post_process(maps, images, settings), raw


def describe(
    detector: nn.Module,
    *,
    form: str,
    class_names: Sequence[str],
    input_size: Sequence[int] | None,
    data_preprocessor: Mapping[str, Any],
) -> DetectorMetadata:
    """What the file of this detector shall say.

    Args:
        detector: the detector.
        form: one of ``FORMS``.
        class_names: of the data set; taken where it has as many classes as the detector.
        input_size: (width, height), or None for any.
        data_preprocessor: config of what prepares the detector's input.

    Raises:
        ValueError: only the raw outputs of such a detector can be exported.
    """
    head = getattr(detector, 'bbox_head', None)
    known = isinstance(head, PointGFLHead)
    if form == 'detections' and not known:
        raise ValueError(
            f'--form detections is there for NanoDet and NanoDetPlus, not for '
            f'{type(detector).__name__}; --form raw exports any network.'
        )
    test_cfg = {**TEST_DEFAULTS, **(head.test_cfg or {})} if known else {}
    decoder = RawDecoder.of_head(head) if known else None
    of_head = ('num_classes', 'strides', 'reg_max', 'prior_offset')
    return DetectorMetadata(
        form=form,
        detector=type(detector).__name__,
        class_names=known_names(class_names, getattr(head, 'num_classes', None)),
        input_size=list(input_size) if input_size is not None else None,
        **preparation(data_preprocessor),
        **{name: _plain(test_cfg.get(name)) for name in TEST_DEFAULTS},
        **{name: getattr(decoder, name, None) for name in of_head},
    )


def network(detector: nn.Module, metadata: DetectorMetadata) -> nn.Module:
    """What is to be traced.

    Raises:
        ValueError: the detector's ``test_cfg`` asks for what ONNX does not have.
    """
    if metadata.form == 'raw':
        return RawOutputs(detector).eval()
    return DetectionOutputs(detector, metadata.test_cfg).eval()


def trace(network: nn.Module, images: Tensor, path: Path, *, free_size: bool = True) -> None:
    """Write a network with a free number of images.

    Args:
        network: ``RawOutputs`` or ``DetectionOutputs``.
        images: an example.
        path: of the file.
        free_size: width and height are free, too.

    Raises:
        ValueError: torch cannot express the network in ONNX.
    """
    settings = getattr(network, 'settings', {})
    inputs = {'images': images} | {name: torch.from_numpy(settings[name]) for name in settings}
    outputs = [*OUTPUTS, RAW] if settings else None
    write(network, inputs, path, outputs=outputs, free_size=free_size)


def write(
    network: nn.Module, inputs: Mapping[str, Tensor], path: Path,
    *, outputs: Sequence[str] | None = None, free_size: bool = True,
) -> None:  # fmt: skip
    """Write any network whose inputs and outputs are tensors.

    Args:
        network: takes the inputs one after the other, and gives a tuple.
        inputs: examples by name; those of four axes are images, or maps of their size.
        path: of the file.
        outputs: names; None for ``output_names``.
        free_size: width and height are free, as the number of images is.

    Raises:
        ValueError: torch cannot express the network in ONNX.
    """
    deformable = has_deform_conv(network)
    try:
        with torch.no_grad(), warnings.catch_warnings():
            # The exporter by tracing: a single file, in seconds, without further packages.
            warnings.simplefilter('ignore', DeprecationWarning)
            warnings.simplefilter('ignore', torch.jit.TracerWarning)
            # No index here is negative, which the exporter could not express.
            warnings.filterwarnings('ignore', 'Exporting aten::index operator')
            examples = network(*inputs.values())
            names = outputs or output_names(len(examples))
            axes = _free_axes(inputs, dict(zip(names, examples, strict=True)), free_size=free_size)
            with standard_deform_conv() if deformable else contextlib.nullcontext():
                torch.onnx.export(
                    network,
                    tuple(inputs.values()),
                    str(path),
                    input_names=list(inputs),
                    output_names=list(names),
                    dynamic_axes=axes,
                    opset_version=OPSET_OF_DEFORM_CONV if deformable else OPSET,
                    dynamo=False,
                )
    except Exception as error:  # a network may contain anything
        raise ValueError(
            f'torch cannot write this network as ONNX: {type(error).__name__}: {first_line(error)}'
        ) from error


def output_names(count: int) -> list[str]:
    """Of raw outputs."""
    return [RAW] if count == 1 else [f'{RAW}_{number}' for number in range(count)]


def finish(path: Path, metadata: NetworkMetadata) -> None:
    """Put metadata and the defaults of ``SETTINGS`` into a traced file; take a raw output out.

    An input with a default is what ONNX calls an initializer: whoever runs the file may give it or
    leave it out.
    """
    import onnx

    model = onnx.load(str(path))
    if isinstance(metadata, DetectorMetadata) and metadata.form == 'detections':
        for name, value in graph_settings(metadata.test_cfg).items():
            model.graph.initializer.append(onnx.numpy_helper.from_array(value, name))
        (raw,) = (node for node in model.graph.node if RAW in node.output)
        model.graph.node.remove(raw)
        (output,) = (output for output in model.graph.output if output.name == RAW)
        model.graph.output.remove(output)
    onnx.helper.set_model_props(model, metadata.to_properties())
    onnx.checker.check_model(model)
    onnx.save(model, str(path))


def known_names(names: Sequence[str], count: int | None) -> list[str] | None:
    """Names of as many classes; of COCO's 80 where the data set has others."""
    if count is not None and len(names) == count:
        return list(names)
    coco = CocoDataset.METAINFO['classes']
    return list(coco) if count == len(coco) else None


def preparation(config: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of ``NetworkMetadata`` that say how frames become input."""
    plain = {name: _plain(config.get(name)) for name in ('mean', 'std')}
    swapped = config.get('bgr_to_rgb', False) or config.get('rgb_to_bgr', False)
    return plain | dict(
        bgr_to_rgb=bool(swapped),
        pad_size_divisor=config.get('pad_size_divisor', 1),
        pad_value=config.get('pad_value', 0),
    )


def _plain(value: Any) -> Any:
    """As JSON has it, which knows no configs and no tuples."""
    if isinstance(value, Mapping):
        return {name: _plain(one) for name, one in value.items()}
    return [_plain(one) for one in value] if isinstance(value, list | tuple) else value


def _free_axes(
    inputs: Mapping[str, Tensor], outputs: Mapping[str, Tensor], *, free_size: bool
) -> dict[str, dict[int, str]]:
    """Names of the free axes of the images and of each output, as torch's exporter takes them."""
    images = [name for name, example in inputs.items() if example.ndim == 4]
    axes = {name: {0: 'count' if name in OUTPUTS else 'batch'} for name in outputs}
    axes |= {name: {0: 'batch'} for name in images}
    if free_size:
        for name in images:
            axes[name] |= {2: 'height', 3: 'width'}
        for name, output in outputs.items():
            if output.ndim == 4:
                axes[name] |= {2: f'{name}_height', 3: f'{name}_width'}
            elif name not in OUTPUTS and output.ndim == 3:
                axes[name] |= {1: f'{name}_points'}
    return axes


def _tensors(outputs: Any) -> Iterator[Tensor]:
    """Those in nested lists and tuples."""
    if isinstance(outputs, Tensor):
        yield outputs
    elif isinstance(outputs, list | tuple):
        for output in outputs:
            yield from _tensors(output)
    else:
        raise TypeError(f'its outputs are no tensors but {type(outputs).__name__}')
