"""ByteTrack, SparseTrack and NanoTrack against what the released programs printed."""

from __future__ import annotations

import json

import numpy as np
import pytest

from mmtrack_ext.association.detections import Detections
from mmtrack_ext.association.trackers import ByteTracker, NanoTracker, SparseTracker

STREAMS = [
    ('cases', 'int_boxes'),
    ('cases', 'float_boxes'),
    ('micro', 'low_init_0.40'),
    ('micro', 'low_init_0.28_flicker'),
    ('micro', 'low_init_jitter_blocks'),
    ('micro', 'rhd_promotion'),
    ('micro', 'dtc_blocks_overlap'),
    ('micro', 'dtc_pair_born_together'),
    ('micro', 'remove_exact'),
    ('micro', 'alias_pool_empty'),
    ('micro', 'score_at_threshold_dropped'),
]
BY_STREAM = pytest.mark.parametrize(('group', 'name'), STREAMS)
BY_TRACKER = pytest.mark.parametrize('program', ['bytetrack', 'sparsetrack', 'nanotrack'])


@pytest.fixture
def recording(golden):
    return json.loads((golden / 'nanotrack_golden.json').read_text())


def tracker_of(program, config, **changes):
    """The tracker at the thresholds of the recorded runs."""
    arguments = dict(
        high_min_score=config['track_thresh'],
        low_min_score=config['low_score_floor'],
        high_max_cost=config['match_thresh'],
        low_max_cost=config['low_match_cost'],
        tentative_max_cost=config['confirm_thresh'],
        max_age=config['track_buffer'],
        frame_rate=config['frame_rate'],
        compat_released=True,
        plus_one_iou=True,
    )
    depth = dict(
        high_depth_levels=config['depth_levels'], low_depth_levels=config['depth_levels_low']
    )
    if program == 'bytetrack':  # its second stage has a limit of its own
        own = dict(init_min_score=config['track_thresh'], low_max_cost=0.5)
        return ByteTracker(**(arguments | own | changes))
    if program == 'sparsetrack':
        own = dict(init_min_score=config['track_thresh'])
        return SparseTracker(**(arguments | depth | own | changes))
    own = dict(
        refind_min_iou=config['rhd_iou'],
        low_init_min_iou=config['low_init_iou'],
        duplicate_min_iou=config['dtc_iou'],
    )
    return NanoTracker(**(arguments | depth | own | changes))


def frames_of(stream):
    rows = [np.array(frame, float).reshape(-1, 6) for frame in stream['inputs']]
    return [Detections(frame[:, :4], frame[:, 4], frame[:, 5]) for frame in rows]


@BY_TRACKER
@BY_STREAM
def test_equals_the_released_program(recording, program, group, name):
    stream = recording[group][name]
    tracker = tracker_of(program, recording['config'])
    for detections, expected in zip(frames_of(stream), stream[program], strict=True):
        expected = np.array(expected, float).reshape(-1, 8)
        expected = expected[np.argsort(expected[:, 4])]
        tracked = tracker.update(detections)
        assert tracked.ids.tolist() == expected[:, 4].tolist()
        assert tracked.boxes == pytest.approx(expected[:, :4], abs=1e-4)
        assert tracked.scores.tolist() == expected[:, 5].tolist()
        assert tracked.labels.tolist() == expected[:, 6].tolist()
        assert tracked.detection_index.tolist() == expected[:, 7].tolist()


def test_every_recorded_stream_is_tested(recording):
    recorded = {(group, name) for group in ('cases', 'micro') for name in recording[group]}
    assert recorded == set(STREAMS)


# Clean behaviour, and the quirks that ``compat_released`` brings back


def ids_of(tracker, *frames):
    """Ids reported for frames of (box, score) rows."""
    ids = []
    for rows in frames:
        boxes = np.array([box for box, _ in rows], float).reshape(-1, 4)
        scores = np.array([score for _, score in rows], float)
        ids.append(tracker.update(Detections(boxes, scores)).ids.tolist())
    return ids


@BY_TRACKER
@pytest.mark.parametrize(
    ('compat', 'gap', 'found'), [(False, 31, True), (False, 32, False), (True, 32, True)]
)
def test_when_a_lost_track_is_gone(recording, program, compat, gap, found):
    """It is removed when unseen for more than 30 frames; released programs are a frame late."""
    person = [((0, 0, 40, 100), 0.9)]
    tracker = tracker_of(program, recording['config'], compat_released=compat)
    frames = [person, person, *[[]] * (gap - 1), person, person]
    assert ids_of(tracker, *frames)[-1] == ([1] if found else [2])


def test_low_boxes_that_may_start_are_no_high_ones_of_the_last_frame(recording):
    """In an empty scene the released program puts both into one list, and promotes the next."""
    low = [((0, 0, 100, 200), 0.4)]
    for compat, high in ((False, 0), (True, 1)):
        tracker = tracker_of('nanotrack', recording['config'], compat_released=compat)
        ids_of(tracker, low, low)
        assert len(tracker.last_high.boxes) == high
