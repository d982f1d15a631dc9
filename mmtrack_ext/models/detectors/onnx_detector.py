"""An exported detector, run by onnxruntime."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from mmdet.structures import DetDataSample
from mmengine.model import BaseModel
from mmengine.structures import InstanceData
from torch import Tensor

from mmtrack_ext.models.dense_heads.point_decoding import to_original
from mmtrack_ext.models.detectors.onnx_metadata import DetectorMetadata
from mmtrack_ext.models.detectors.onnx_postprocess import OUTPUTS, graph_settings
from mmtrack_ext.models.detectors.raw_decoder import RawDecoder
from mmtrack_ext.models.onnx_session import CPU, ONNXSessionMixin, first_line
from mmtrack_ext.registry import MODELS


@MODELS.register_module()
class ONNXDetector(ONNXSessionMixin, BaseModel):
    """A detector in a file that ``tools/export_onnx.py`` has written, of either form.

    It stands where any mmdet detector may, and needs no weights beside the file. How frames become
    its input (order and scale of colours, padding) says the file too: where the model around it
    has no ``data_preprocessor``, it takes frames as the pipeline leaves them.

    Args:
        path: the file. None builds a model that cannot run yet.
        test_cfg: what differs from the exported ``test_cfg``; of a file of the form 'detections'
            ``classes``, and the kind of ``nms``, cannot be changed.
        num_threads: threads inside an operator; None for as many as torch has
            (``OMP_NUM_THREADS``).
        providers: of onnxruntime, the first that works is taken.
        data_preprocessor: instead of what the file says.
        init_cfg: see mmengine's ``BaseModule``.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: onnxruntime is not installed, the file is no such network, or ``test_cfg`` has
            what the file cannot do.
    """

    def __init__(
        self,
        path: Path | str | None = None,
        *,
        test_cfg: dict[str, Any] | None = None,
        num_threads: int | None = None,
        providers: Sequence[str] = CPU,
        data_preprocessor: dict[str, Any] | None = None,
        init_cfg: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(data_preprocessor, init_cfg)
        if path is None:
            return
        self.open(path, providers=providers, num_threads=num_threads)
        properties = self.session.get_modelmeta().custom_metadata_map
        self.metadata = DetectorMetadata.from_properties(properties, self.path)
        if data_preprocessor is None:
            self.data_preprocessor = MODELS.build(self.metadata.data_preprocessor)
        self._configure(test_cfg or {})

    def _configure(self, changes: dict[str, Any]) -> None:
        """Combine the exported ``test_cfg`` with these changes."""
        exported = self.metadata.test_cfg
        if unknown := set(changes) - set(exported):
            raise ValueError(
                f"The 'test_cfg' of ONNXDetector has {', '.join(exported)}. "
                f'Got {", ".join(sorted(unknown))} instead.'
            )
        cfg = {**exported, **changes}
        self.decoder: RawDecoder | None = None
        self.settings: dict[str, np.ndarray] = {}
        if self.metadata.form == 'detections':
            if cfg['classes'] != exported['classes']:
                raise ValueError(
                    f'{self.path}: this file was exported for classes={exported["classes"]}, not '
                    f'{cfg["classes"]}; export it anew, or choose among them with model.classes.'
                )
            self.settings = graph_settings(cfg)
        elif self.metadata.strides is None:
            raise ValueError(
                f'{self.path}: the raw outputs of {self.metadata.detector} cannot be decoded here, '
                'those of NanoDet and NanoDetPlus can.'
            )
        else:
            names = ('num_classes', 'strides', 'reg_max', 'prior_offset')
            of_head = {name: getattr(self.metadata, name) for name in names}
            self.decoder = RawDecoder(**of_head, test_cfg=cfg)

    def forward(
        self,
        inputs: Tensor | Sequence[Tensor],
        data_samples: list[DetDataSample] | None = None,
        mode: str = 'tensor',
    ) -> Any:
        """As mmdet's detectors.

        Args:
            inputs: see ``predict``.
            data_samples: one an image.
            mode: 'predict', see there; or 'tensor', the file's outputs as they are.

        Raises:
            ValueError: the mode is another one; an exported network cannot be trained.
        """
        if mode == 'predict':
            return self.predict(inputs, data_samples or [])
        if mode == 'tensor':
            outputs = tuple(self._run(self._prepare(inputs)).values())
            return outputs[0] if len(outputs) == 1 else outputs
        raise ValueError(f'ONNXDetector cannot be trained; there is no mode {mode!r}.')

    def predict(
        self,
        inputs: Tensor | Sequence[Tensor],
        data_samples: list[DetDataSample],
        rescale: bool = True,
    ) -> list[DetDataSample]:
        """Detect what is in images.

        Args:
            inputs: (B, 3, H, W) preprocessed images, or B frames (3, H, W) uint8 as the pipeline
                leaves them, which are preprocessed as the file says.
            data_samples: one an image; for ``rescale`` with ``scale_factor`` and ``ori_shape``.
            rescale: give boxes in pixels of the original image, clipped to it.

        Returns:
            The data samples, with ``pred_instances``: ``bboxes`` (N, 4) xyxy, ``scores`` (N,),
            ``labels`` (N,).

        Raises:
            ValueError: the network does not take images of this size.
        """
        images = self._prepare(inputs)
        outputs = self._run(images)
        for sample in data_samples:
            sample.set_metainfo(dict(batch_input_shape=tuple(images.shape[-2:])))
        metas = [sample.metainfo for sample in data_samples]
        if self.decoder is not None:
            (raw,) = outputs.values()
            found = self.decoder.predict_raw(raw, metas, rescale=rescale)
        else:
            found = _by_image(outputs, len(metas))
            if rescale:
                for instances, meta in zip(found, metas, strict=True):
                    instances.bboxes = to_original(instances.bboxes, meta)
        for sample, instances in zip(data_samples, found, strict=True):
            sample.pred_instances = instances
        return data_samples

    def _prepare(self, inputs: Tensor | Sequence[Tensor]) -> Tensor:
        """One tensor of preprocessed images."""
        if self.session is None:
            raise ValueError(
                'ONNXDetector has no file; write one with tools/export_onnx.py, and give it with '
                '--cfg-options model.detector.path=FILE.onnx'
            )
        if isinstance(inputs, Tensor):
            return inputs
        # It would copy data samples, and the caller looks into its own.
        data = self.data_preprocessor(dict(inputs=list(inputs), data_samples=None), training=False)
        images: Tensor = data['inputs']
        return images

    def _run(self, inputs: Tensor) -> dict[str, Tensor]:
        """The file's outputs by name, on the device of the input."""
        size = self.metadata.input_size
        if size is not None and list(inputs.shape[:1:-1]) != size:
            raise ValueError(
                f'{self.path} is fixed to images of {size[0]} x {size[1]}. Got {inputs.shape[3]} x '
                f'{inputs.shape[2]} instead; resize to its size, keep_ratio=False, or export '
                'without --fixed-size.'
            )
        feed = {'images': inputs.cpu().numpy(), **self.settings}
        try:
            outputs = self.session.run(None, feed)
        except Exception as error:  # of onnxruntime, for an input that no layer takes
            raise ValueError(f'{self.path}: the network fails: {first_line(error)}') from None
        names = [output.name for output in self.session.get_outputs()]
        tensors = [torch.from_numpy(output).to(inputs.device) for output in outputs]
        return dict(zip(names, tensors, strict=True))


def _by_image(outputs: dict[str, Tensor], count: int) -> list[InstanceData]:
    """The rows of each image, in their order."""
    boxes, scores, labels, batch_index = (outputs[name] for name in OUTPUTS)
    masks = [batch_index == number for number in range(count)]
    return [
        InstanceData(bboxes=boxes[mask], scores=scores[mask], labels=labels[mask]) for mask in masks
    ]
