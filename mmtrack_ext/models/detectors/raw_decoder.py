"""Boxes from the raw outputs of a NanoDet that runs elsewhere."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from mmdet.models.dense_heads.base_dense_head import BaseDenseHead
from mmdet.models.dense_heads.gfl_head import Integral
from mmengine.structures import InstanceData
from torch import Tensor

from mmtrack_ext.models.dense_heads.point_gfl_head import PointGenerator, PointGFLHead


class RawDecoder(PointGFLHead):
    """The part of a head that has no weights.

    Args:
        num_classes: C.
        strides: see ``PointGFLHead``, as the others.
        reg_max: the longest distance, in strides.
        prior_offset: where in its cell a point lies, in strides.
        test_cfg: see ``PointGFLHead``.
    """

    # The network, and what training asks of it, are not here.
    forward = assign = count_positive = None

    def __init__(
        self,
        num_classes: int,
        *,
        strides: Sequence[int],
        reg_max: int,
        prior_offset: float,
        test_cfg: dict[str, Any] | None = None,
    ) -> None:
        BaseDenseHead.__init__(self)  # not the parent's, which builds the network
        self.num_classes = num_classes
        self.strides = list(strides)
        self.reg_max = reg_max
        self.prior_offset = prior_offset
        self.prior_generator = PointGenerator(strides, offset=prior_offset)
        self.integral = Integral(reg_max)
        self.test_cfg = test_cfg

    @classmethod
    def of_head(cls, head: PointGFLHead, test_cfg: dict[str, Any] | None = None) -> RawDecoder:
        """What decodes the raw outputs of this head."""
        generator = head.prior_generator
        return cls(
            head.num_classes,
            strides=[width for width, _ in generator.strides],
            reg_max=head.reg_max,
            prior_offset=generator.offset,
            test_cfg=test_cfg or head.test_cfg,
        )

    def to_maps(self, raw: Tensor, size: tuple[int, int]) -> tuple[list[Tensor], list[Tensor]]:
        """Class maps and box maps of each level, as the head itself gives them.

        Args:
            raw: (B, P, C + 4 * (reg_max + 1)) logits, levels fine to coarse.
            size: (height, width) of the input.

        Raises:
            ValueError: the number of points or of channels is another.
        """
        sizes = [tuple(-(-side // stride) for side in size) for stride in self.strides]
        areas = [height * width for height, width in sizes]
        expected = (sum(areas), self.num_classes + 4 * (self.reg_max + 1))
        if tuple(raw.shape[1:]) != expected:
            raise ValueError(
                f'Raw outputs for an input of {size[1]} x {size[0]} must be (B, {expected[0]}, '
                f'{expected[1]}). Got {tuple(raw.shape)} instead.'
            )
        levels = raw.split(areas, dim=1)
        maps = [
            x.transpose(1, 2).unflatten(2, shape) for x, shape in zip(levels, sizes, strict=True)
        ]
        return (
            [x[:, : self.num_classes] for x in maps],
            [x[:, self.num_classes :] for x in maps],
        )

    def predict_raw(
        self, raw: Tensor, metas: Sequence[dict], *, rescale: bool = False, **options: Any
    ) -> list[InstanceData]:
        """``predict_by_feat`` from raw outputs."""
        maps = self.to_maps(raw, metas[0]['batch_input_shape'])
        return self.predict_by_feat(*maps, metas, rescale=rescale, **options)
