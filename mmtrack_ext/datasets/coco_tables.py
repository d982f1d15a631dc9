"""Reading COCO-video files, of this package's tools and of others."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from mmtrack_ext import fileio

CONVERT = 'tools/dataset_converters/{tool}.py -i {root} -o {root}/annotations'
MERGE = (
    'tools/dataset_converters/lvis_coco_merge.py --lvis {folder}/lvis_v0.5_train.json '
    '--coco data/coco/annotations/instances_train2017.json --mapping MAPPING --out {path}'
)
NEEDS_NO_DATA = 'configs/qdtrack/qdtrack_faster-rcnn_r18_synthmot.py'
TABLES = {  # and what every entry has
    'images': ('id', 'file_name', 'height', 'width'),
    'categories': ('id', 'name'),
    'annotations': ('image_id', 'category_id', 'bbox'),
    'videos': ('id', 'name'),
}


def read_tables(path: str) -> dict:
    """``images, categories, annotations, videos`` of a file; the last two may be missing there.

    Raises:
        FileNotFoundError: there is no such file; says how to make it.
        ValueError: it is not such a file, or an entry of a table lacks something.
    """
    hint, optional = how_to_make(path), ('annotations', 'videos')
    try:
        content = fileio.read_tables(
            path, TABLES, optional=optional, kind='COCO-video file', hint=hint
        )
    except FileNotFoundError:
        raise FileNotFoundError(f'{path}: no such annotation file; {hint}') from None
    for row in content['annotations']:
        if len(row['bbox']) != 4:
            raise ValueError(
                f"{path}: 'bbox' of annotation {row} must be [left, top, width, height]"
            )
    return content


def how_to_make(path: Path | str) -> str:
    """The command that makes the file, from where it is looked for.

    Where the folder of the whole data set is missing, too, what can be trained without it.
    """
    path = Path(path)
    root = path.parent.parent
    command = _command(path, root)
    if 'SynthMOT' in root.parts:
        render = f'tools/dataset_converters/make_synth_mot.py {root}'
        return f'make it with: {render} and then {command}'
    if not root.is_dir():
        return (
            f'make it with the data in {root}, a folder that is missing (without it run a '
            f'*_synthmot.py config, such as {NEEDS_NO_DATA}): {command}'
        )
    return f'make it with: {command}'


def _command(path: Path, root: Path) -> str:
    parts = Path(str(path).lower()).parts
    if any(part.startswith('lvis') for part in parts):
        return MERGE.format(folder=path.parent, path=path)
    if 'crowdhuman' in str(path).lower():
        return CONVERT.format(tool='crowdhuman2coco', root=root)
    if 'tao' in parts:
        return CONVERT.format(tool='tao2coco', root=root)
    command = CONVERT.format(tool='mot2coco', root=root)
    return command + ' --split-train' if path.name.startswith('half-') else command


def videos_in(path: str, content: dict) -> list[dict]:
    """``video_id, video_name, frame_rate, images`` of each video, images by frame."""
    known = {video['id']: video for video in content['videos']}
    next_id = max(known, default=0) + 1
    videos: dict[Any, dict] = {}
    for position, image in enumerate(content['images']):
        if 'video_id' not in image or 'frame_id' not in image:
            name = Path(image['file_name']).stem
            videos[f'image {position}'] = dict(video_id=next_id, video_name=name, images=[image])
            next_id += 1
            continue
        video_id = image['video_id']
        if video_id not in known:
            raise ValueError(
                f"{path}: image {image['id']} is of video {video_id}, which 'videos' lacks"
            )
        if video_id not in videos:
            video = known[video_id]
            videos[video_id] = dict(video_id=video_id, video_name=video['name'], images=[])
            if video.get('fps') is not None:
                videos[video_id]['frame_rate'] = video['fps']
        videos[video_id]['images'].append(image)
    for video in videos.values():
        video['images'].sort(key=lambda image: image.get('frame_id', 0))
    return list(videos.values())
