"""A detector whose answers can be worked out by hand, and a tracker behind it."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from mmdet.structures import DetDataSample
from mmengine.config import Config
from mmengine.model import BaseModel
from mmengine.structures import InstanceData

from mmtrack_ext.apis import MOTInferencer
from mmtrack_ext.association.detections import Detections
from mmtrack_ext.association.trackers import build_tracker
from mmtrack_ext.models.mot import TrackingByDetection
from mmtrack_ext.registry import MODELS
from mmtrack_ext.structures import instances_to_detections, instances_to_tracked

SORT = dict(type='SORTTracker', max_age=2, min_hits=0)


@MODELS.register_module(force=True)
class SquareFinder(BaseModel):
    """Finds one square a colour channel: the extent of its bright pixels; score = brightness."""

    def loss(self, inputs, data_samples):
        return {'loss_mean': inputs.mean()}

    def forward(self, inputs, data_samples=None, mode='tensor'):
        return getattr(self, mode)(inputs, data_samples) if mode == 'loss' else inputs * 2

    def predict(self, inputs, data_samples, rescale=True):
        for image, sample in zip(inputs, data_samples, strict=True):
            found = []
            for label, channel in enumerate(image):
                rows, columns = torch.nonzero(channel, as_tuple=True)
                if len(rows):
                    corners = (columns.min(), rows.min(), columns.max() + 1, rows.max() + 1)
                    found.append([*map(float, corners), float(channel.max()), label])
            table = torch.tensor(found).reshape(-1, 6)
            sample.pred_instances = InstanceData(
                bboxes=table[:, :4], scores=table[:, 4], labels=table[:, 5].long()
            )
        return data_samples


def frame(*squares):
    """(3, 40, 60) image; a square is (channel, left, top, brightness), 8 pixels a side."""
    image = torch.zeros(3, 40, 60)
    for channel, left, top, brightness in squares:
        image[channel, top : top + 8, left : left + 8] = brightness
    return image


def sample(video, number, **fields):
    meta = dict(video_name=video, frame_id=number, video_length=9, **fields)
    return DetDataSample(metainfo=meta)


def walk(number):
    return frame((0, 3 * number, 5, 0.75), (1, 40 - 3 * number, 20, 0.5))


def run(model, frames, samples):
    return [instances_to_tracked(s.pred_track_instances) for s in model(frames, samples, 'predict')]


def test_two_squares_keep_their_ids():
    model = TrackingByDetection(detector=dict(type='SquareFinder'), tracker=SORT)
    frames = torch.stack([walk(t) for t in range(4)])
    tracked = run(model, frames, [sample('a', t) for t in range(4)])
    assert [t.ids.tolist() for t in tracked] == [[1, 2]] * 4
    assert [t.labels.tolist() for t in tracked] == [[0, 1]] * 4
    assert tracked[0].boxes.tolist() == [[0, 5, 8, 13], [40, 20, 48, 28]]
    assert tracked[3].scores.tolist() == [0.75, 0.5]


def test_batches_over_two_videos_equal_single_frames():
    frames = [walk(t) for t in range(5)] + [walk(t + 2) for t in range(4)]
    samples = [('a', t) for t in range(5)] + [('b', t) for t in range(4)]
    outcomes = []
    for size in (1, 4):
        model = TrackingByDetection(detector=dict(type='SquareFinder'), tracker=SORT)
        tracked = []
        for start in range(0, 9, size):
            batch = torch.stack(frames[start : start + size])
            tracked += run(model, batch, [sample(*s) for s in samples[start : start + size]])
        outcomes.append([(t.ids.tolist(), t.boxes.tolist()) for t in tracked])
    assert outcomes[0] == outcomes[1]
    assert outcomes[0][5][0] == [1, 2]  # the second video starts with id 1 again


def test_live_equals_tracking_what_the_detector_left():
    model = TrackingByDetection(detector=dict(type='SquareFinder'), tracker=SORT)
    frames = torch.stack([walk(t) * 0.9 for t in range(6)])
    samples = model(frames, [sample('a', t) for t in range(6)], 'predict')
    tracker = build_tracker(SORT)
    for s in samples:
        alone = tracker.update(instances_to_detections(s.pred_instances))
        live = instances_to_tracked(s.pred_track_instances)
        np.testing.assert_array_equal(live.boxes, alone.boxes)
        np.testing.assert_array_equal(live.ids, alone.ids)


def test_detections_may_come_with_the_frames():
    model = TrackingByDetection(tracker=SORT)
    with_detections = sample('a', 0)
    with_detections.detections = Detections([[1.5, 2, 9, 12]], [0.8], [2])
    (tracked,) = run(model, None, [with_detections])
    assert tracked.boxes.tolist() == [[1.5, 2, 9, 12]]
    assert with_detections.pred_instances.labels.tolist() == [2]
    with pytest.raises(ValueError, match='LoadDetections'):
        model(None, [sample('a', 0)], 'predict')


def test_camera_motion_reaches_the_tracker():
    warp = np.array([[1.0, 0, 100], [0, 1, 0]])
    outcomes = {}
    for motion in (None, warp):
        model = TrackingByDetection(tracker=SORT)
        for number, left in enumerate((0.0, 100.0)):
            s = sample('a', number)
            s.detections = Detections([[left, 0, left + 10, 20]], [0.8])
            if motion is not None and number:
                s.set_field(motion, 'camera_motion', dtype=None)
            (tracked,) = run(model, None, [s])
        outcomes[motion is not None] = tracked.ids.tolist()
    assert outcomes == {False: [2], True: [1]}


def test_min_score_and_classes_choose_what_is_tracked():
    for options, ids in (({}, 2), ({'min_score': 0.6}, 1), ({'classes': [1]}, 1)):
        model = TrackingByDetection(detector=dict(type='SquareFinder'), tracker=SORT, **options)
        (tracked,) = run(model, walk(0)[None], [sample('a', 0)])
        assert len(tracked) == ids
    assert tracked.labels.tolist() == [1]


def test_frames_out_of_order_are_refused():
    model = TrackingByDetection(detector=dict(type='SquareFinder'), tracker=SORT)
    model(walk(0)[None], [sample('a', 0)], 'predict')
    for video, number in (('a', 2), ('a', 3), ('b', 1)):
        with pytest.raises(ValueError, match=f'Frame {number} of {video}.*VideoSampler'):
            model(walk(0)[None], [sample(video, number)], 'predict')


def test_arguments_for_a_sequence_hold_there():
    tracker = dict(SORT, per_sequence={'b': dict(max_age=7)})
    model = TrackingByDetection(detector=dict(type='SquareFinder'), tracker=tracker)
    for video, max_age in (('a', 2), ('b', 7)):
        model(walk(0)[None], [sample(video, 0)], 'predict')
        assert model.tracker.max_age == max_age


def test_training_is_the_detector_s():
    model = TrackingByDetection(detector=dict(type='SquareFinder'), tracker=SORT)
    images = torch.stack([walk(0), walk(1)])
    assert model(images, [], 'loss')['loss_mean'] == images.mean()
    assert torch.equal(model(images), images * 2)
    with pytest.raises(ValueError, match='no detector'):
        TrackingByDetection(tracker=SORT)(images, [], 'loss')


def test_the_preprocessor_is_the_detector_s():
    preprocessor = dict(type='DetDataPreprocessor', mean=[1, 2, 3], std=[1, 1, 1])
    detector = dict(type='SquareFinder', data_preprocessor=preprocessor)
    model = TrackingByDetection(detector=detector, tracker=SORT)
    assert model.data_preprocessor.mean.flatten().tolist() == [1, 2, 3]
    assert not [key for key in model.state_dict() if 'preprocessor' in key]


COLORS = ((0, 0, 200), (200, 0, 0))  # BGR of two walkers
HISTOGRAM = dict(type='ColorHistogram')


def street(*lefts):
    """(40, 120, 3) frame with walkers of stripes, 10 x 30 pixels, and their boxes."""
    image = np.full((40, 120, 3), 90, np.uint8)
    for left, color in zip(lefts, COLORS, strict=True):
        image[5:35, left : left + 10] = color
        image[5:35:4, left : left + 10] = (200, 200, 200)
    return image, np.array([[left, 5, left + 10, 35] for left in lefts], float)


def described(model, number, lefts, order=(0, 1), scores=(0.9, 0.9)):
    """Run one frame, the detections in another order; the sample."""
    s = sample('a', number)
    s.original_frame, boxes = street(*lefts)
    s.detections = Detections(boxes[list(order)], np.array(scores)[list(order)])
    return model(None, [s], 'predict')[0]


def test_embeddings_belong_to_their_boxes():
    for number in range(10):  # they pass each other
        lefts = (5 * number, 60 - 5 * number)
        frame, boxes = street(*lefts)
        expected = MODELS.build(HISTOGRAM)(frame, boxes)
        for order in ((0, 1), (1, 0)):
            model = TrackingByDetection(reid=HISTOGRAM, tracker=SORT)
            found = described(model, 0, lefts, order)
            embeddings = found.pred_instances.embeddings.numpy()
            np.testing.assert_array_equal(embeddings, expected[list(order)])
            np.testing.assert_array_equal(found.pred_instances.bboxes, boxes[list(order)])
    assert list(model.timer.seconds) == ['detect', 'embed', 'track']


def test_the_detector_s_boxes_are_described_in_the_original_frame():
    # The network sees channels 0 and 1 of a dark image, the embedder the colours of another one.
    model = TrackingByDetection(detector=dict(type='SquareFinder'), reid=HISTOGRAM, tracker=SORT)
    frames, samples = torch.stack([walk(0), walk(1)]), [sample('a', 0), sample('a', 1)]
    for number, s in enumerate(samples):
        s.original_frame = np.zeros((40, 60, 3), np.uint8)
        s.original_frame[5:13, 3 * number : 3 * number + 8] = COLORS[0]
        s.original_frame[20:28, 40 - 3 * number : 48 - 3 * number] = COLORS[1]
    model(frames, samples, 'predict')
    first, second = (s.pred_instances.embeddings.numpy() for s in samples)
    np.testing.assert_allclose(first @ second.T, np.eye(2), atol=1e-6)
    assert samples[0].pred_instances.bboxes.dtype == torch.float64  # as they were tracked


def test_embeddings_keep_walkers_apart_who_turn_back_unseen():
    # Seen in frames 0 to 7 as they approach, then not for three frames, at the end of which each
    # has gone back to where the other one is expected: the motion alone swaps them.
    approach = [(4 * t, 70 - 4 * t) for t in range(8)]
    outcomes = {}
    for limit in (None, 0.25):
        tracker = dict(
            type='ByteTracker', max_appearance_cost=limit, appearance_max_overlap_cost=1.0
        )
        model = TrackingByDetection(reid=HISTOGRAM, tracker=tracker)
        for number, lefts in enumerate(approach):
            before = described(model, number, lefts).pred_track_instances
        for number in (8, 9):
            s = sample('a', number)
            s.original_frame, s.detections = street(0, 60)[0], Detections.empty()
            model(None, [s], 'predict')
        after = described(model, 10, (30, 40)).pred_track_instances
        assert before.instances_id.tolist() == [1, 2]
        by_detection = after.detection_index.argsort()
        outcomes[limit] = after.instances_id[by_detection].tolist()
    assert outcomes == {None: [2, 1], 0.25: [1, 2]}


def test_all_are_described_and_the_wanted_reach_the_tracker(monkeypatch):
    seen = []

    class Spy:
        def update(self, detections, camera_motion=None):
            seen.append(detections)
            return build_tracker(SORT).update(detections)

    module = 'mmtrack_ext.models.mot.base_mot_model.build_tracker'
    monkeypatch.setattr(module, lambda config, sequence=None: Spy())
    model = TrackingByDetection(reid=HISTOGRAM, tracker=SORT, min_score=0.5)
    found = described(model, 0, (0, 60), scores=(0.3, 0.9))
    embeddings = found.pred_instances.embeddings.numpy()
    assert len(embeddings) == 2
    assert (np.linalg.norm(embeddings, axis=1) > 0.99).all()
    np.testing.assert_array_equal(seen[0].embeddings, embeddings[1:])


def test_a_frame_without_boxes_has_no_embeddings_but_their_length():
    model = TrackingByDetection(reid=HISTOGRAM, tracker=SORT)
    s = sample('a', 0)
    s.original_frame, s.detections = street(0, 60)[0], Detections.empty()
    model(None, [s], 'predict')
    assert s.pred_instances.embeddings.shape == (0, 768)


def test_frames_from_python_are_described():
    preprocessor = dict(type='DetDataPreprocessor', mean=[0, 0, 0], std=[255, 255, 255])
    detector = dict(type='SquareFinder', data_preprocessor=preprocessor)
    steps = ('LoadImageFromFile', 'KeepFrame', 'PackFrameInputs')
    config = Config(
        dict(
            model=dict(type='TrackingByDetection', detector=detector, reid=HISTOGRAM, tracker=SORT),
            test_dataloader=dict(dataset=dict(pipeline=[dict(type=step) for step in steps])),
        )
    )
    image = np.zeros((40, 60, 3), np.uint8)
    image[5:13, 20:28, 0] = 204
    detections, tracked = MOTInferencer(config, device='cpu')(image)
    assert (tracked.ids.tolist(), tracked.boxes.tolist()) == ([1], [[20, 5, 28, 13]])
    expected = MODELS.build(HISTOGRAM)(image, np.array([[20, 5, 28, 13]]))
    np.testing.assert_array_equal(detections.embeddings, expected)


def test_a_frame_without_its_image_is_refused():
    model = TrackingByDetection(reid=HISTOGRAM, tracker=SORT)
    s = sample('a', 0)
    s.detections = Detections([[0, 0, 9, 9]], [0.9])
    with pytest.raises(ValueError, match=r"type='KeepFrame'.*right after.*LoadImageFromFile"):
        model(None, [s], 'predict')
