"""QDTrack's two trackers: against mmdet's, against loops, and by hand."""

from __future__ import annotations

import math
from collections import Counter
from types import SimpleNamespace

import numpy as np
import pytest

from mmtrack_ext.association.boxes import iou
from mmtrack_ext.association.detections import Detections
from mmtrack_ext.association.trackers.quasi_dense import QuasiDenseTracker
from mmtrack_ext.association.trackers.quasi_dense_tao import QuasiDenseTAOTracker

# Streams in which everything happens


def stream(seed, *, num_frames=160, num_classes=3, scale=4.5, empty_frames=0.0):
    """Things that come, go for up to 45 frames and come back, in the company of

    duplicates of the same and of other classes, false alarms that stay, and low scores. The
    products of embeddings of one thing are about ``scale`` squared, of two things 0.
    """
    rng = np.random.default_rng(seed)
    num_things, channels = 14, 16
    looks = rng.normal(size=(num_things, channels))
    looks *= scale / np.linalg.norm(looks, axis=1, keepdims=True)
    labels = rng.integers(0, num_classes, num_things)
    corners, speeds = rng.uniform(0, 300, (num_things, 2)), rng.normal(0, 1, (num_things, 2))
    weak = np.arange(num_things) >= 10  # false alarms, in between the limits
    back_at = np.zeros(num_things)
    for frame in range(num_frames):
        if rng.uniform() < empty_frames:
            yield Detections.empty()
            continue
        leaves = (rng.uniform(size=num_things) < 0.04) & (back_at <= frame)
        back_at[leaves] = frame + rng.integers(1, 46, leaves.sum())
        here = (back_at <= frame) & (rng.uniform(size=num_things) > 0.05)
        things = np.concatenate([here.nonzero()[0], rng.choice(num_things, 4)])  # 4 duplicates
        count = len(things)
        shifts = corners[things] + frame * speeds[things] + rng.normal(0, 4, (count, 2))
        boxes = np.round(4 * np.hstack([shifts, shifts + 50])) / 4  # exact in float32
        scores = np.where(weak[things], rng.uniform(0.2, 0.85, count), rng.uniform(0.3, 1, count))
        other_class = rng.uniform(size=count) < 0.05
        classes = np.where(other_class, rng.integers(0, num_classes, count), labels[things])
        vectors = looks[things] + rng.normal(0, 0.25, (count, channels))
        yield Detections(boxes, np.float32(scores), classes, vectors)


class WatchedTracker(QuasiDenseTracker):
    """Counts what a stream makes happen."""

    def update(self, detections, **options):
        before = self.tracks.last_frame.copy(), self.tracks.ids.copy()
        self.counts = getattr(self, 'counts', Counter())
        tracked = super().update(detections, **options)
        last_frame, ids = before
        gone = ~np.isin(ids, self.tracks.ids)
        unseen = self.frame - last_frame
        self.counts['deleted at 30 unseen'] += int((unseen[gone] == 30).sum())
        found = np.isin(ids, tracked.ids[tracked.detection_index >= 0])
        self.counts['found after 20 and more'] += int((unseen[found] >= 20).sum())
        self.counts['duplicates dropped'] += len(detections) - len(self.detections)
        self.counts['new'] += int((self.tracks.first_frame == self.frame).sum())
        return tracked

    def match_greedily(self, similarity, allowed):
        matches = super().match_greedily(similarity, allowed)
        if similarity.size:
            best = similarity.argmax(axis=0)
            enough = similarity.max(axis=0) > self.min_similarity
            absorbed = enough & (best >= len(self.tracks))
            absorbed &= self.detections.scores > self.match_min_score
            self.counts['absorbed by a backdrop'] += int(absorbed.sum())
            self.counts['matched'] += len(matches.tracks)
        return matches

    def resembles_track(self, similarity, matches):
        resembles = super().resembles_track(similarity, matches)
        self.counts['low score matched'] += int(resembles.sum())
        return resembles

    def keep_backdrops(self, columns):
        super().keep_backdrops(columns)
        kept = sum(map(len, self.backdrops[:1]))
        self.counts['backdrops'] += kept
        self.counts['backdrops on better boxes'] += len(columns) - kept


# Against mmdet


class Reference:
    """mmdet's tracker, fed with embeddings by a model that has only a track head."""

    def __init__(self, **arguments):
        pytest.importorskip('torch')
        pytest.importorskip('mmtrack_ext.registry')  # serves mmdet the operators of mmcv
        mmdet = pytest.importorskip('mmdet.models.trackers.quasi_dense_tracker')
        self.tracker = mmdet.QuasiDenseTracker(**arguments)

    def update(self, detections, frame):
        """ids, boxes, scores, labels by ascending id; ids are mmdet's plus 1."""
        import torch
        from mmengine.structures import InstanceData

        instances = InstanceData(
            bboxes=torch.tensor(detections.boxes.astype(np.float32)),
            scores=torch.tensor(detections.scores.astype(np.float32)),
            labels=torch.tensor(detections.labels),
        )
        sample = SimpleNamespace(metainfo={'frame_id': frame}, pred_instances=instances)

        def predict(feats, boxes):
            return torch.tensor(detections.embeddings)

        model = SimpleNamespace(track_head=SimpleNamespace(predict=predict))
        found = self.tracker.track(model, None, None, sample, rescale=False)
        columns = [found[name].numpy() for name in ('instances_id', 'bboxes', 'scores', 'labels')]
        order = np.argsort(columns[0])
        ids, *others = (column[order] for column in columns)
        return ids + 1, *others


MMDET_NAMES = {
    'init_min_score': 'init_score_thr',
    'match_min_score': 'obj_score_thr',
    'min_similarity': 'match_score_thr',
    'discard_min_similarity': 'nms_conf_thr',
    'backdrop_max_age': 'memo_backdrop_frames',
    'momentum': 'memo_momentum',
    'duplicate_min_iou': 'nms_class_iou_thr',
    'backdrop_min_iou': 'nms_backdrop_iou_thr',
    'metric': 'match_metric',
    'class_aware': 'with_cats',
}


def pair(max_age=29, tracker=WatchedTracker, **arguments):
    """Our tracker and mmdet's at the same thresholds; mmdet counts one frame of age more."""
    theirs = {MMDET_NAMES[name]: value for name, value in arguments.items()}
    reference = Reference(memo_tracklet_frames=max_age + 1, **theirs)
    return tracker(max_age=max_age, compat_released=True, **arguments), reference


def assert_same_memory(tracker, reference):
    """Also what is not reported: tracks with their embeddings, and backdrops."""
    memory = reference.tracker.tracks
    assert [track_id + 1 for track_id in memory] == tracker.tracks.ids.tolist()
    for row, track in enumerate(memory.values()):
        np.testing.assert_allclose(tracker.tracks.embeddings[row], track['embed'], atol=1e-5)
    for ours, theirs in zip(tracker.backdrops, reference.tracker.backdrops, strict=True):
        assert ours.boxes.tolist() == theirs['bboxes'].tolist()


EVENTS = (
    'absorbed by a backdrop',
    'backdrops',
    'backdrops on better boxes',
    'deleted at 30 unseen',
    'duplicates dropped',
    'found after 20 and more',
    'low score matched',
    'matched',
    'new',
)


@pytest.mark.parametrize(
    ('seed', 'options', 'arguments'),
    [
        (0, {}, {}),
        (1, {}, {'init_min_score': 0.9}),
        (2, {'num_classes': 1}, {}),
        (3, {'num_classes': 1}, {'init_min_score': 0.7, 'match_min_score': 0.4}),
        (4, {'scale': 3.0}, {'class_aware': False}),
        (5, {'scale': 3.0}, {'discard_min_similarity': 0.7, 'momentum': 0.5}),
        (6, {'empty_frames': 0.3}, {}),
        (7, {'empty_frames': 0.3, 'num_classes': 1}, {'backdrop_max_age': 3}),
        (8, {}, {'metric': 'softmax', 'min_similarity': 0.7}),
        (9, {}, {'metric': 'cosine', 'min_similarity': 0.6, 'duplicate_min_iou': 0.5}),
        (10, {}, {'backdrop_min_iou': 0.1, 'min_similarity': 0.6}),
    ],
)
def test_equals_mmdet(seed, options, arguments):
    tracker, reference = pair(**arguments)
    for frame, detections in enumerate(stream(seed, **options)):
        tracked = tracker.update(detections)
        ids, boxes, scores, labels = reference.update(detections, frame)
        assert tracked.ids.tolist() == ids.tolist()
        assert tracked.boxes.tolist() == boxes.tolist()
        assert tracked.scores.tolist() == scores.tolist()
        assert tracked.labels.tolist() == labels.tolist()
        assert detections.boxes[tracked.detection_index].tolist() == boxes.tolist()
        assert_same_memory(tracker, reference)
    missing = [event for event in EVENTS if not tracker.counts[event]]
    assert not missing, tracker.counts


def test_a_smaller_age_equals_mmdet():
    tracker, reference = pair(max_age=4, momentum=0.3)
    for frame, detections in enumerate(stream(11)):
        ids, boxes, _, _ = reference.update(detections, frame)
        tracked = tracker.update(detections)
        assert tracked.ids.tolist() == ids.tolist()
        assert tracked.boxes.tolist() == boxes.tolist()
    assert tracker.counts['new'] > 70


# QuasiDenseTracker by hand


def axis(number, length=6.0, channels=6):
    """A look of its own: product 36 with itself, 0 with the others."""
    return length * np.eye(channels)[number]


def frame_of(*rows):
    """Rows of (x, score, look[, label]); boxes of 100 x 100 at x."""
    boxes = [[row[0], 0, row[0] + 100, 100] for row in rows]
    labels = [row[3] if len(row) > 3 else 0 for row in rows]
    return Detections(boxes, [row[1] for row in rows], labels, [row[2] for row in rows])


def ids_by_row(tracker, detections):
    """The id that each row of the detections got, None for none."""
    tracked = tracker.update(detections)
    by_row = dict(zip(tracked.detection_index.tolist(), tracked.ids.tolist(), strict=True))
    return [by_row.get(row) for row in range(len(detections))]


def test_ids_go_by_score_and_follow_the_look():
    tracker = QuasiDenseTracker()
    frame = frame_of((0, 0.85, axis(0)), (200, 0.95, axis(1)), (400, 0.9, axis(2)))
    assert ids_by_row(tracker, frame) == [3, 1, 2]
    swapped = frame_of((0, 0.85, axis(2)), (200, 0.95, axis(0)), (400, 0.9, axis(1)))
    assert ids_by_row(tracker, swapped) == [2, 3, 1]


def test_limits_on_scores_mean_above():
    tracker = QuasiDenseTracker(init_min_score=0.75, match_min_score=0.5)
    assert ids_by_row(tracker, frame_of((0, 0.75, axis(0)))) == [None]
    assert ids_by_row(tracker, frame_of((0, 0.75 + 1e-9, axis(0)))) == [1]
    assert ids_by_row(tracker, frame_of((0, 0.5, axis(0)))) == [None]
    assert list(map(len, tracker.backdrops)) == [0]  # discarded as low
    assert ids_by_row(tracker, frame_of((0, 0.5 + 1e-9, axis(0)))) == [1]


def test_a_backdrop_absorbs_a_false_alarm_that_comes_back():
    """It looks like the track by 29 of 36; alone with the track it would take its id."""
    false_alarm = (300, 0.6, 0.8 * axis(0) + 0.6 * axis(1))
    first = frame_of((0, 0.95, axis(0)), false_alarm)
    tracker, without = QuasiDenseTracker(), QuasiDenseTracker(backdrop_max_age=0)
    assert ids_by_row(tracker, first) == ids_by_row(without, first) == [1, None]
    assert tracker.backdrops[0].boxes[:, 0].tolist() == [300]
    for _ in range(3):  # absorbed, it is a backdrop again
        assert ids_by_row(tracker, frame_of(false_alarm)) == [None]
    assert ids_by_row(without, frame_of(false_alarm)) == [1]


def test_what_a_backdrop_absorbs_opens_a_track_if_its_score_is_high():
    tracker = QuasiDenseTracker()
    ids_by_row(tracker, frame_of((0, 0.95, axis(0)), (300, 0.6, axis(1))))
    assert ids_by_row(tracker, frame_of((300, 0.85, axis(1)))) == [2]


@pytest.mark.parametrize(('max_age', 'found'), [(1, [1]), (2, [None]), (3, [None])])
def test_backdrops_are_kept_for_some_frames(max_age, found):
    """One frame lies between the false alarm and its return."""
    false_alarm = (300, 0.6, 0.8 * axis(0) + 0.6 * axis(1))
    tracker = QuasiDenseTracker(backdrop_max_age=max_age)
    ids_by_row(tracker, frame_of((0, 0.95, axis(0)), false_alarm))
    ids_by_row(tracker, frame_of((600, 0.2, axis(3)), (0, 0.95, axis(0))))
    assert ids_by_row(tracker, frame_of(false_alarm)) == found


def test_a_backdrop_lies_on_no_better_box():
    """Boxes of 100 moved by 50 overlap by 50 / 150 = 1 / 3, by 60 by 40 / 160 = 1 / 4."""
    tracker = QuasiDenseTracker()
    frame = frame_of(
        (0, 0.95, axis(0)),
        (50, 0.7, axis(1)),  # not low enough to be dropped, but on the track's box
        (1000, 0.7, axis(2)),
        (1050, 0.6, axis(3)),  # on a backdrop
        (2000, 0.7, axis(4)),
        (2060, 0.6, axis(5)),
    )
    tracker.update(frame)
    assert len(tracker.detections) == 6
    assert tracker.backdrops[0].boxes[:, 0].tolist() == [1000, 2000, 2060]


def test_duplicates_hide_also_others():
    """Moved by 14 boxes overlap by 86 / 114 = .75, by 28 by 72 / 128 = .56, by 50 by 1 / 3."""
    tracker = QuasiDenseTracker()
    looks = [axis(number) for number in range(6)]
    frame = frame_of(
        (0, 0.95, looks[0]),
        (14, 0.94, looks[1], 7),  # on the first, of another class
        (28, 0.93, looks[2]),  # on the second alone, which is no longer there
        (1000, 0.92, looks[3]),
        (1050, 0.4, looks[4]),  # a third is too much for a low score
        (950, 0.5, looks[5]),  # which this is not
    )
    tracker.update(frame)
    assert tracker.detections.boxes[:, 0].tolist() == [0, 1000, 950]


def test_a_low_score_that_looks_like_a_track_is_discarded():
    tracker = QuasiDenseTracker()
    ids_by_row(tracker, frame_of((0, 0.95, axis(0))))
    low = (300, 0.4, 0.9 * axis(0))
    assert ids_by_row(tracker, frame_of(low)) == [None]
    assert list(map(len, tracker.backdrops)) == [0]
    assert tracker.tracks.last_frame.tolist() == [0]
    assert tracker.tracks.embeddings.tolist() == [axis(0).tolist()]
    # Beside the track itself it looks like nothing that is free, and becomes a backdrop.
    assert ids_by_row(tracker, frame_of((0, 0.95, axis(0)), low)) == [1, None]
    assert list(map(len, tracker.backdrops)) == [1]


def test_a_low_score_may_be_kept_as_a_backdrop():
    tracker = QuasiDenseTracker(discard_min_similarity=1)
    ids_by_row(tracker, frame_of((0, 0.95, axis(0))))
    assert ids_by_row(tracker, frame_of((300, 0.4, axis(0)))) == [None]
    assert list(map(len, tracker.backdrops)) == [1]


def test_the_momentum_weighs_the_new_vector():
    tracker = QuasiDenseTracker(momentum=0.75)
    steps = ((0, [1, 0]), (1, [0.25, 0.75]), (1, [0.0625, 0.9375]))
    for number, expected in steps:
        assert ids_by_row(tracker, frame_of((0, 0.95, np.eye(2)[number]))) == [1]
        assert tracker.tracks.embeddings.tolist() == [expected]


def test_a_stranger_far_from_the_track_does_not_steal_it():
    """The stranger chooses first, and its only choice is the track: similarity (1 + p) / 2.

    p = exp(-(25 - 5)) is nothing in float32, exp(-(25 - 15)) is enough to steal. mmdet does so too.
    """
    for product, expected in ((5, [2, 1]), (15, [1, 2])):
        tracker, reference = pair(tracker=QuasiDenseTracker)
        frames = (
            frame_of((0, 0.95, [5, 0])),
            frame_of((300, 0.95, [product / 5, 4]), (0, 0.9, [5, 0])),
        )
        ids = [ids_by_row(tracker, frame) for frame in frames]
        assert ids == [[1], expected]
        theirs = [reference.update(frame, number) for number, frame in enumerate(frames)]
        assert theirs[1][1][:, 0].tolist() == [
            frames[1].boxes[expected.index(i), 0] for i in (1, 2)
        ]


def test_other_classes_are_not_matched_but_take_their_share():
    tracker, blind = QuasiDenseTracker(), QuasiDenseTracker(class_aware=False)
    first = frame_of((0, 0.95, axis(0), 0), (200, 0.9, axis(0), 1))
    for each in (tracker, blind):
        assert ids_by_row(each, first) == [1, 2]
    tracker.detections = blind.detections = frame_of((200, 0.9, axis(0), 1))
    # Over memory 1 / 2 each, over detections 1 each.
    assert tracker.similarity_to_memory().tolist() == [[0], [0.75]]
    assert blind.similarity_to_memory().tolist() == [[0.75], [0.75]]
    assert ids_by_row(tracker, tracker.detections) == [2]
    assert ids_by_row(blind, blind.detections) == [1]
    assert blind.tracks.labels.tolist() == [1, 1]  # the last matched


@pytest.mark.parametrize(('unseen', 'expected'), [(30, [1]), (31, [2])])
def test_a_track_lives_through_thirty_frames(unseen, expected):
    """Seen in frame 0; at the end of frame 30, 30 frames unseen, it is deleted."""
    tracker = QuasiDenseTracker()
    ids_by_row(tracker, frame_of((0, 0.95, axis(0))))
    for _ in range(unseen - 1):
        assert len(tracker.update(Detections.empty())) == 0
    assert ids_by_row(tracker, frame_of((0, 0.95, axis(0)))) == expected


def test_empty_frames():
    """Ours age tracks and let backdrops go; mmdet's return early, and so compat_released."""
    track, nothing = (0, 0.95, axis(0)), Detections.empty()
    false_alarm = (300, 0.6, 0.8 * axis(0) + 0.6 * axis(1))
    gap = [frame_of(track, false_alarm), nothing, frame_of(false_alarm)]
    long_gap = [frame_of(track), *[nothing] * 40, frame_of(track)]
    # The backdrop is gone, and the false alarm takes the id; the track is gone, and opens anew.
    clean = QuasiDenseTracker()
    assert [ids_by_row(clean, frame) for frame in gap] == [[1, None], [], [1]]
    clean.reset()
    assert ids_by_row(clean, long_gap[0]) == [1]
    assert [ids_by_row(clean, frame) for frame in long_gap[1:]][-1] == [2]
    for frames, last in ((gap, [None]), (long_gap, [1])):
        tracker, reference = pair(tracker=QuasiDenseTracker)
        ours = [ids_by_row(tracker, frame) for frame in frames]
        theirs = [reference.update(frame, number)[0] for number, frame in enumerate(frames)]
        assert ours[-1] == last
        assert [len(ids) for ids in theirs[1:-1]] == [0] * (len(frames) - 2)
        assert theirs[-1].tolist() == [track_id for track_id in last if track_id]


def test_backdrops_alone_change_nothing():
    """Where no track lives, the released program does not look at them; nor does it matter."""
    tracker = QuasiDenseTracker()
    assert ids_by_row(tracker, frame_of((0, 0.6, axis(0)))) == [None]
    assert len(tracker.backdrops[0]) == 1
    assert ids_by_row(tracker, frame_of((0, 0.4, axis(0)), (200, 0.95, axis(0)))) == [None, 1]
    assert tracker.backdrops[0].boxes[:, 0].tolist() == [0]


@pytest.mark.parametrize('tracker_class', [QuasiDenseTracker, QuasiDenseTAOTracker])
def test_a_camera_motion_changes_nothing(tracker_class):
    still, moved = tracker_class(), tracker_class()
    for detections in stream(12, num_frames=40):
        expected = still.update(detections)
        tracked = moved.update(detections, camera_motion=[[1.1, 0, 50], [0, 1.1, -20]])
        assert tracked.ids.tolist() == expected.ids.tolist()
        assert tracked.boxes.tolist() == expected.boxes.tolist()


@pytest.mark.parametrize(
    ('argument', 'value', 'range_'),
    [
        ('backdrop_max_age', -1, 'an int >= 0'),
        ('duplicate_min_iou', 1.5, 'a number >= 0 and <= 1'),
        ('init_min_score', math.nan, 'a number'),
    ],
)
def test_arguments_out_of_range(argument, value, range_):
    message = f"'{argument}' parameter of QuasiDenseTracker must be {range_}. Got {value} instead"
    with pytest.raises(ValueError, match=message):
        QuasiDenseTracker(**{argument: value})


# QuasiDenseTAOTracker against loops: the rule line by line, every past box kept


class TAOByLoops:
    """In float64, with the 1e-6 of the released program and without its overflow protection."""

    def __init__(self, *, max_score_difference=1.0, max_age=29, metric='bisoftmax', cosine=True):
        self.max_score_difference = max_score_difference
        self.max_age = max_age
        self.metric = metric
        self.cosine = cosine
        self.tracks = {}
        self.frame = -1
        self.num_ids = 0
        self.counts = Counter()

    def update(self, detections):
        """Row of the detection: (id, score)."""
        self.frame += 1
        rows = self.without_distractors(detections)
        ids = list(self.tracks)
        similarity = {
            (row, track_id): value
            for row, values in zip(rows, self.similarities(detections, rows, ids), strict=True)
            for track_id, value in zip(ids, values, strict=True)
        }
        found, free = {}, set(ids)
        for row in rows:
            score = detections.scores[row]
            if score < 1e-4 or not free:
                continue
            best = max(sorted(free), key=lambda track_id: similarity[row, track_id])
            if similarity[row, best] <= 0.5:
                continue
            if abs(score - self.tracks[best]['scores'][-1]) >= self.max_score_difference:
                self.counts['score differs'] += 1
                continue
            self.counts['contested'] += best != max(ids, key=lambda i: similarity[row, i])
            free.remove(best)
            found[row] = best
        for row in rows:
            score, look = detections.scores[row], detections.embeddings[row].astype(float)
            if row in found:
                track = self.tracks[found[row]]
                score = 0.5 * score + 0.5 * track['scores'][-1]
                track['look'] = 0.2 * track['look'] + 0.8 * look
                self.counts['matched'] += 1
            elif score > 1e-4:
                self.num_ids += 1
                found[row] = self.num_ids
                track = self.tracks[self.num_ids] = {'boxes': [], 'scores': [], 'look': look}
                self.counts['new'] += 1
            else:
                self.counts['too low'] += 1
                continue
            track['boxes'].append(detections.boxes[row])
            track['scores'].append(score)
            track['label'], track['seen'] = detections.labels[row], self.frame
        for track_id in ids:
            if self.frame - self.tracks[track_id]['seen'] > self.max_age:
                del self.tracks[track_id]
                self.counts['deleted'] += 1
        return {
            row: (track_id, self.tracks[track_id]['scores'][-1]) for row, track_id in found.items()
        }

    def without_distractors(self, detections):
        order = sorted(range(len(detections)), key=lambda row: -detections.scores[row])
        overlap, labels = iou(detections.boxes, detections.boxes), detections.labels
        kept = []
        for place, row in enumerate(order):
            covered = any(
                overlap[row, other] > 0.3 and labels[row] == labels[other]
                for other in order[:place]
            )
            if detections.scores[row] < 0.5 and covered:
                self.counts['distractors'] += 1
            else:
                kept.append(row)
        return kept

    def similarities(self, detections, rows, ids):
        looks = [detections.embeddings[row].astype(float) for row in rows]
        tracks = [self.tracks[track_id] for track_id in ids]
        same = [[detections.labels[row] == track['label'] for track in tracks] for row in rows]
        exps = [
            [math.exp(look @ track['look']) * s for track, s in zip(tracks, line, strict=True)]
            for look, line in zip(looks, same, strict=True)
        ]
        column_sums = [sum(line[column] for line in exps) for column in range(len(ids))]
        for i, look in enumerate(looks):
            values = []
            for j, track in enumerate(tracks):
                to_track = exps[i][j] / (sum(exps[i]) + 1e-6)
                to_detection = exps[i][j] / (column_sums[j] + 1e-6)
                lengths = np.linalg.norm(look) * np.linalg.norm(track['look'])
                cosine = look @ track['look'] / lengths * same[i][j]
                value = {
                    'bisoftmax': (to_track + to_detection) / 2,
                    'softmax': to_track,
                    'cosine': cosine,
                }[self.metric]
                values.append((value + cosine) / 2 if self.cosine else value)
            yield values


@pytest.mark.parametrize(
    ('seed', 'options', 'ours', 'theirs'),
    [
        (0, {}, {}, {}),
        (1, {'scale': 2.5}, {}, {}),
        (2, {'num_classes': 1}, {}, {}),
        (3, {'empty_frames': 0.2}, {'max_age': 9}, {'max_age': 9}),
        (4, {}, {'max_score_difference': 0.3}, {'max_score_difference': 0.3}),
        (5, {'scale': 2.5}, {'metric': 'softmax'}, {'metric': 'softmax'}),
        (6, {}, {'metric': 'cosine', 'add_cosine': False}, {'metric': 'cosine', 'cosine': False}),
    ],
)
def test_tao_equals_the_rule_by_loops(seed, options, ours, theirs):
    tracker, oracle = QuasiDenseTAOTracker(**ours), TAOByLoops(**theirs)
    for detections in stream(seed + 100, num_frames=100, **options):
        scores = np.where(detections.scores < 0.35, 0.00005, detections.scores)
        scores -= 1e-6 * np.arange(len(scores))  # no equal ones
        detections = Detections(detections.boxes, scores, detections.labels, detections.embeddings)
        expected = oracle.update(detections)
        tracked = tracker.update(detections)
        found = zip(tracked.ids.tolist(), tracked.scores.tolist(), strict=True)
        by_row = dict(zip(tracked.detection_index.tolist(), found, strict=True))
        assert {row: track_id for row, (track_id, _) in by_row.items()} == {
            row: track_id for row, (track_id, _) in expected.items()
        }
        for row, (_, score) in expected.items():
            assert by_row[row][1] == pytest.approx(score, rel=1e-12)
        assert tracker.tracks.ids.tolist() == list(oracle.tracks)
    events = ['matched', 'new', 'deleted', 'distractors', 'contested', 'too low']
    events += ['score differs'] if 'max_score_difference' in ours else []
    assert all(oracle.counts[event] for event in events), oracle.counts


# QuasiDenseTAOTracker by hand


def test_tao_averages_scores_along_the_track():
    tracker = QuasiDenseTAOTracker()
    reported = [
        tracker.update(frame_of((0, score, axis(0)))).scores.tolist() for score in (0.8, 0.4, 0.2)
    ]
    assert reported == [[0.8], [pytest.approx(0.6)], [pytest.approx(0.4)]]
    tracker = QuasiDenseTAOTracker(score_momentum=0.25)  # share of the new score
    reported = [tracker.update(frame_of((0, s, axis(0)))).scores.tolist() for s in (0.8, 0.4)]
    assert reported[1] == [pytest.approx(0.7)]


def test_tao_refuses_scores_that_differ_too_much():
    """From what the track reported: 0.75, then (0.75 + 0.5) / 2 = 0.625."""
    tracker = QuasiDenseTAOTracker(max_score_difference=0.375)
    assert ids_by_row(tracker, frame_of((0, 0.75, axis(0)))) == [1]
    assert ids_by_row(tracker, frame_of((0, 0.5, axis(0)))) == [1]
    assert ids_by_row(tracker, frame_of((0, 0.25, axis(0)))) == [2]  # not below the limit
    assert ids_by_row(tracker, frame_of((0, 0.25 + 1e-6, axis(0)))) == [1]


def test_tao_distractors_are_of_the_same_class():
    """Moved by 50 boxes overlap by a third, by 60 by a quarter."""
    rows = [
        (0, 0.9, axis(0), 0),
        (50, 0.4, axis(1), 0),  # a distractor
        (-50, 0.5, axis(2), 0),  # its score is not below
        (50, 0.3, axis(3), 1),  # another class
        (100, 0.2, axis(4), 0),  # on a distractor alone, which counts
        (-110, 0.1, axis(5), 0),  # a quarter is not enough
    ]
    tracker = QuasiDenseTAOTracker()
    assert ids_by_row(tracker, frame_of(*rows)) == [1, None, 2, 3, None, 4]
    blind = QuasiDenseTAOTracker(class_aware=False)
    assert ids_by_row(blind, frame_of(*rows)) == [1, None, 2, None, None, 3]


def test_tao_opens_tracks_at_almost_any_score():
    tracker = QuasiDenseTAOTracker()
    frame = frame_of((0, 1e-4, axis(0)), (200, 1.1e-4, axis(1)), (400, 0.9, axis(2)))
    assert ids_by_row(tracker, frame) == [None, 2, 1]
    assert ids_by_row(tracker, frame_of((0, 1e-4, axis(1)))) == [2]  # at least; differs by < 1


def test_tao_logits_of_five_hundred():
    """The released program gets inf / inf there, which is above no limit: all ids are new."""
    look = math.sqrt(500) / 6
    tracker = QuasiDenseTAOTracker()
    frame = frame_of((0, 0.9, look * axis(0)), (200, 0.8, look * axis(1)))
    with np.errstate(over='ignore'):
        assert np.isinf(np.exp(frame.embeddings[0] @ frame.embeddings[0]))
    for _ in range(3):
        assert ids_by_row(tracker, frame) == [1, 2]


def test_tao_the_class_mask_is_inside_the_softmax():
    tracker = QuasiDenseTAOTracker(add_cosine=False)
    ids_by_row(tracker, frame_of((0, 0.95, axis(0), 0), (200, 0.9, axis(0), 1)))
    tracker.detections = frame_of((200, 0.9, axis(0), 1))
    assert tracker.similarity_to_tracks().tolist() == [
        [0],
        [1],
    ]  # not 0.75, as in QuasiDenseTracker


def test_tao_needs_the_cosine_too():
    """A lone pair of a class has bisoftmax 1: similarity (1 + cosine) / 2, above .5 or not."""
    for cosine, expected in ((0.1, [1]), (-0.1, [2])):
        tracker = QuasiDenseTAOTracker()
        ids_by_row(tracker, frame_of((0, 0.9, [3, 0])))
        look = [3 * cosine, 3 * math.sqrt(1 - cosine**2)]
        assert ids_by_row(tracker, frame_of((0, 0.9, look))) == expected


@pytest.mark.parametrize(
    ('argument', 'value', 'range_'),
    [
        ('max_score_difference', 0, 'a number > 0'),
        ('score_momentum', -0.5, 'a number >= 0 and <= 1'),
        ('add_cosine', 1, 'a bool'),
    ],
)
def test_tao_arguments_out_of_range(argument, value, range_):
    message = f"'{argument}' parameter of QuasiDenseTAOTracker must be {range_}. Got {value}"
    with pytest.raises(ValueError, match=message):
        QuasiDenseTAOTracker(**{argument: value})
