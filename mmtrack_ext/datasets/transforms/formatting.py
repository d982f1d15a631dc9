"""The end of the pipeline."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from mmdet.datasets.transforms import PackDetInputs
from mmengine.structures import InstanceData, PixelData

from mmtrack_ext.registry import TRANSFORMS

META_KEYS = (
    *('img_id', 'img_path', 'ori_shape', 'img_shape', 'scale_factor', 'flip', 'flip_direction'),
    *('video_id', 'video_name', 'frame_id', 'mot_frame_id', 'video_length', 'frame_rate'),
    'warp_matrix',
)


@TRANSFORMS.register_module()
class PackFrameInputs(PackDetInputs):
    """One frame as ``inputs`` (3, H, W) and ``data_samples``, mmdet's ``DetDataSample``.

    mmdet's ``PackDetInputs`` and: which frame of which video it is, identities
    (``gt_instances.instances_id``, where ``LoadTrackAnnotations`` has read them), what
    ``LoadDetections`` has read (``detections``, ``camera_motion``), what ``KeepFrame`` has kept
    (``original_frame``, an array), and what ``CenterTargets`` has made (``gt_heatmap``,
    ``prior_heatmap``, ``gt_centers``, as tensors). Without an image there are no
    ``inputs``, and ``ori_shape`` and ``img_shape`` are the size that the dataset knows, if any.

    Args:
        meta_keys: what of the results becomes meta information; keys that an item lacks are left
            out.
    """

    # One name for ground truth and predictions; mmdet calls them instances_ids and instances_id.
    mapping_table = {  # noqa: RUF012  # mmdet's name and type
        **PackDetInputs.mapping_table,
        'gt_instances_ids': 'instances_id',
    }

    def __init__(self, meta_keys: Sequence[str] = META_KEYS) -> None:
        super().__init__(meta_keys)

    def transform(self, results: dict) -> dict:
        """Pack one frame."""
        if 'img' not in results and 'height' in results and 'width' in results:
            size = (results['height'], results['width'])
            results = {'ori_shape': size, 'img_shape': size, **results}
        packed = super().transform(results)
        for key in ('detections', 'camera_motion', 'original_frame'):
            if results.get(key) is not None:
                setattr(packed['data_samples'], key, results[key])
        for key in ('gt_heatmap', 'prior_heatmap'):
            if results.get(key) is not None:
                heatmap = PixelData(heatmap=torch.from_numpy(results[key]))
                setattr(packed['data_samples'], key, heatmap)
        if results.get('gt_centers') is not None:
            columns = {name: torch.from_numpy(x) for name, x in results['gt_centers'].items()}
            packed['data_samples'].gt_centers = InstanceData(**columns)
        return packed
