"""Results as TAO's toolkit, TrackEval and lvis read them."""

from __future__ import annotations

import json
from pathlib import Path

from mmtrack_ext.evaluation.tao.annotations import FederatedTruth
from mmtrack_ext.evaluation.tao.rows import Rows
from mmtrack_ext.fileio import atomic_write


def write_results(
    path: Path | str, truth: FederatedTruth, rows: Rows, *, with_tracks: bool
) -> None:
    """A JSON list of entries, one a line, atomically.

    An entry has ``image_id, category_id, bbox`` (left, top, width, height), ``score`` and, with
    tracks, ``track_id, video_id``. Written one by one: TAO's validation set gives millions.
    """
    with atomic_write(path) as file:
        file.write('[')
        for number in range(len(rows)):
            image = rows.images[number]
            entry = {
                'image_id': int(truth.image_ids[image]),
                'category_id': int(truth.category_ids[rows.categories[number]]),
                'bbox': rows.boxes[number].tolist(),
                'score': float(rows.scores[number]),
            }
            if with_tracks:
                video = truth.image_videos[image]
                entry['track_id'] = int(rows.tracks[number])
                entry['video_id'] = int(truth.video_ids[video])
            file.write((',\n' if number else '\n') + json.dumps(entry))
        file.write('\n]\n')
