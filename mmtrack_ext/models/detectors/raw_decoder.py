"""Boxes from the raw outputs of a NanoDet that runs elsewhere."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from mmengine.structures import InstanceData
from torch import Tensor

from mmtrack_ext.models.dense_heads.point_decoding import PointDecoder


class RawDecoder(PointDecoder):
    """Takes the one table of raw outputs, instead of a map a level."""

    @classmethod
    def of_head(cls, head: PointDecoder, test_cfg: dict[str, Any] | None = None) -> RawDecoder:
        """What decodes the raw outputs of this head."""
        return cls(
            head.num_classes,
            strides=head.strides,
            reg_max=head.reg_max,
            prior_offset=head.prior_offset,
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
