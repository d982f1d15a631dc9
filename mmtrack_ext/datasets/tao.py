"""TAO, and LVIS for what is trained before it: hundreds of classes, named in a file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from mmtrack_ext.datasets.coco_tables import how_to_make
from mmtrack_ext.datasets.mot_video import MOTVideoDataset
from mmtrack_ext.registry import DATASETS

COCO_NAME_LENGTH = len('000000057870.jpg')


@DATASETS.register_module()
class TAODataset(MOTVideoDataset):
    """Videos of TAO, one item an annotated frame (one a second), or images of LVIS, one a video.

    Frames are counted in the file, so that the annotated frame before and the one after are
    ``frame_range=1`` away. Videos are named as TrackEval names them, ``train-YFCC100M-v_...`` for
    ``train/YFCC100M/v_...``: result files are called so. LVIS v0.5 calls its images
    ``COCO_train2014_000000057870.jpg``; the last 16 characters are the file of COCO 2017.

    Args:
        ann_file: what ``tools/dataset_converters/tao2coco.py`` or ``lvis_coco_merge.py`` writes.
        classes_file: names of the classes, one a line; label 0 is the first of them. The same file
            in training and testing keeps the labels the same. Relative to ``data_root``, as
            ``ann_file`` is. None takes ``metainfo``.
        kwargs: see ``MOTVideoDataset``.

    Raises:
        FileNotFoundError: there is no ``classes_file``; says how to make it.
    """

    def __init__(
        self,
        ann_file: str,
        *,
        data_root: str = '',
        classes_file: str | None = None,
        metainfo: dict[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        if classes_file is not None:
            path = Path(data_root, classes_file)
            metainfo = {**(metainfo or {}), 'classes': read_classes(path)}
        super().__init__(ann_file, data_root=data_root, metainfo=metainfo, **kwargs)

    def load_data_list(self) -> list[dict]:
        """As ``MOTVideoDataset``, with names that can be names of files."""
        items = super().load_data_list()
        for item in items:
            item['video_name'] = item['video_name'].replace('/', '-')
        return items

    def _item(self, image: dict, annotations: list[dict], video: dict) -> dict:
        name = image['file_name']
        if name.startswith('COCO_'):
            image = {**image, 'file_name': name[-COCO_NAME_LENGTH:]}
        return super()._item(image, annotations, video)


def read_classes(path: Path) -> tuple[str, ...]:
    """The lines of a file of class names."""
    try:
        lines = path.read_text(encoding='utf-8').splitlines()
    except FileNotFoundError:
        problem = f'{path}: no such file of class names; {how_to_make(path)}'
        raise FileNotFoundError(problem) from None
    return tuple(line.strip() for line in lines if line.strip())
