"""A JointTrackNet as an ONNX file: preprocessed frames to the raw maps of its heads."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from mmtrack_ext.models.detectors.onnx_metadata import TrackNetMetadata
from mmtrack_ext.models.onnx_export import known_names, preparation, write
from mmtrack_ext.models.onnx_session import CPU, open_session

TOLERANCE = 1e-3  # float32 in another order of operations
DIVISOR = 32  # what the sizes of a DLA's input are multiples of
CHANNELS = {'img': 3, 'prev_img': 3, 'prior_heatmap': 1}  # of each input


class TrackNetOutputs(nn.Module):
    """Backbone, neck and head of a model as one function of tensors.

    Args:
        model: has them as ``backbone``, ``neck`` and ``bbox_head``, which go into ``eval()``.
        prior_heatmap: take a heat map where the backbone has a stem for it. Without, nothing is
            added, as a model does whose ``prior_heatmap`` is None.

    Attributes:
        inputs: names of the inputs; those of ``CHANNELS`` that the backbone has stems for.
        outputs: names of the heads, by the alphabet.
    """

    def __init__(self, model: nn.Module, *, prior_heatmap: bool = True) -> None:
        super().__init__()
        self.backbone, self.neck, self.bbox_head = model.backbone, model.neck, model.bbox_head
        stems = dict(
            img=True,
            prev_img=getattr(self.backbone, 'use_prev_img', False),
            prior_heatmap=prior_heatmap and getattr(self.backbone, 'use_prior_heatmap', False),
        )
        self.inputs = tuple(name for name, there in stems.items() if there)
        self.outputs = tuple(sorted(self.bbox_head.heads))
        self.eval()  # or torch's exporter leaves all parts in train()

    def forward(self, *inputs: Tensor) -> tuple[Tensor, ...]:
        """``inputs``, (B, C, H, W) each, to ``outputs``, (B, C, H / 4, W / 4) each."""
        img, *others = inputs
        levels = self.backbone(img, **dict(zip(self.inputs[1:], others, strict=True)))
        maps = self.bbox_head(self.neck(levels))
        return tuple(maps[name] for name in self.outputs)


def export_track_net(
    network: TrackNetOutputs, path: Path | str, size: tuple[int, int], *, free_size: bool = True
) -> float:
    """Write the file, and compare what onnxruntime makes of it with torch.

    Args:
        network: what to write.
        path: of the file.
        size: (width, height) of the frames, multiples of 32.
        free_size: other sizes are taken, too. The number of frames is always free.

    Returns:
        The largest difference from torch, over two batches of noise.

    Raises:
        ValueError: torch cannot write it, or something differs by more than TOLERANCE.
    """
    noise = torch.Generator().manual_seed(0)
    write(network, _inputs(network, (1, *size), noise), Path(path), outputs=network.outputs,
          free_size=free_size)  # fmt: skip
    session = open_session(str(path), CPU, user='The check of an export')
    sizes = [(2, *size), (1, size[0] + 64, size[1] + 32) if free_size else (1, *size)]
    worst = 0.0
    for count, width, height in sizes:
        inputs = _inputs(network, (count, width, height), noise)
        found = session.run(None, {name: x.numpy() for name, x in inputs.items()})
        with torch.no_grad():
            expected = network(*inputs.values())
        for name, one, other in zip(network.outputs, found, expected, strict=True):
            difference = float(np.abs(one - other.numpy()).max())
            if not difference <= TOLERANCE:
                raise ValueError(
                    f'the export differs from torch by {difference:.2g} in {name!r}, more than '
                    f'{TOLERANCE}'
                )
            worst = max(worst, difference)
    return worst


def describe_track_net(
    network: TrackNetOutputs,
    *,
    name: str,
    class_names: Sequence[str],
    input_size: Sequence[int] | None,
    data_preprocessor: Mapping[str, Any],
) -> TrackNetMetadata:
    """What the file of this network shall say.

    Args:
        network: what is written.
        name: of the model's class.
        class_names: of the data set; taken where it has as many classes as the network.
        input_size: (width, height), or None for any.
        data_preprocessor: config of what prepares the network's input.
    """
    prepared = preparation(data_preprocessor)
    prepared['pad_size_divisor'] = max(DIVISOR, prepared['pad_size_divisor'])
    with torch.no_grad():
        maps = network(*_inputs(network, (1, DIVISOR, DIVISOR), torch.Generator()).values())
    return TrackNetMetadata(
        form='raw',
        detector=name,
        class_names=known_names(class_names, network.bbox_head.num_classes),
        input_size=list(input_size) if input_size is not None else None,
        **prepared,
        inputs=list(network.inputs),
        outputs=list(network.outputs),
        stride=DIVISOR // maps[0].shape[-1],
    )


def _inputs(
    network: TrackNetOutputs, shape: tuple[int, int, int], noise: torch.Generator
) -> dict[str, Tensor]:
    """Noise like normalised frames, and like a heat map; ``shape``: number, width, height."""
    count, width, height = shape
    return {
        name: (torch.rand if name == 'prior_heatmap' else torch.randn)(
            count, CHANNELS[name], height, width, generator=noise
        )
        for name in network.inputs
    }
