"""Random small TAO sets: annotations, and results with every sort of fault."""

from __future__ import annotations

import numpy as np

CATEGORIES = (
    {'id': 2, 'name': 'dog', 'frequency': 'f'},
    {'id': 3, 'name': 'cat', 'frequency': 'f', 'merged': [{'id': 9, 'name': 'kitten'}]},
    {'id': 7, 'name': 'car', 'frequency': 'c'},
    {'id': 9, 'name': 'kitten', 'frequency': 'r'},
    {'id': 12, 'name': 'bird', 'frequency': 'r'},
    {'id': 14, 'name': 'never seen', 'frequency': 'r'},
)
IDS = [category['id'] for category in CATEGORIES]


def make_case(seed: int) -> tuple[dict, list[dict]]:
    """Annotations and results.

    Coordinates are whole numbers in even cases (exact copies, ties and IoUs at a threshold occur; of
    copies with other coordinates TrackEval says that they are more alike than possible), scores
    have one digit in every third case. Ids of videos, images and tracks are in no order, videos share
    ids of result tracks, some videos have no results or no annotations.
    """
    rng = np.random.default_rng(seed)
    numbers = iter(rng.permutation(10_000) + 1)
    truth = {
        'videos': [],
        'images': [],
        'annotations': [],
        'tracks': [],
        'categories': [dict(category) for category in CATEGORIES],
    }
    results: list[dict] = []
    for _ in range(rng.integers(1, 5)):
        _add_video(rng, numbers, truth, results, seed)
    for number, annotation in enumerate(truth['annotations'], start=1):
        annotation['id'] = number
    return truth, results


def _add_video(rng, numbers, truth, results, seed):
    video_id = int(next(numbers))
    subset = lambda share: [i for i in IDS if rng.random() < share]
    lists = {'neg_category_ids': subset(0.3), 'not_exhaustive_category_ids': subset(0.3)}
    name = f'{rng.choice(["b", "a", "c"])}/v{video_id}'
    truth['videos'].append({'id': video_id, 'name': name, **lists})
    length = int(rng.integers(1, 24))
    images = [
        {'id': int(next(numbers)), 'video_id': video_id, 'frame_index': 30 * t, **lists}
        for t in range(length)
    ]
    truth['images'] += [images[t] for t in rng.permutation(length)]
    rows = []
    track_ids = iter(rng.permutation(40) + 1)
    for _ in range(rng.integers(not truth['tracks'], 5)):
        track_id, category = int(next(numbers)) - 1, int(rng.choice(IDS[:-1]))
        truth['tracks'].append({'id': track_id, 'category_id': category, 'video_id': video_id})
        path = _path(rng, images, seed)
        for image, box in path:
            truth['annotations'].append(_entry(image, category, box, track_id, area=box[2] * box[3]))
        for _ in range(rng.integers(0, 4)):
            found_id, noise = int(next(track_ids)), rng.choice([0.01, 1, 3, 8])
            label = category if rng.random() < 0.8 else int(rng.choice(IDS))
            for image, box in path:
                if rng.random() < 0.8:
                    moved = _rounded(np.array(box) + rng.normal(0, noise, 4), seed)
                    rows.append(_entry(image, label, moved, found_id, score=_score(rng, seed)))
    for _ in range(rng.integers(0, 4)):
        found_id, label = int(next(track_ids)), int(rng.choice(IDS))
        for image, box in _path(rng, images, seed):
            rows.append(_entry(image, label, box, found_id, score=_score(rng, seed)))
    if rng.random() < 0.85:
        results += rows


def _path(rng, images, seed):
    start = int(len(images) * rng.random() ** 2)
    stop = start + 1 + int((len(images) - start) * rng.random())
    size = rng.uniform(8, 140, 2)
    place = rng.uniform(-10, 200, 2)
    path = []
    for image in images[start:stop]:
        place = place + rng.normal(0, 6, 2)
        if rng.random() < 0.9 or not path:
            path.append((image, _rounded(np.r_[place, size + rng.normal(0, 2, 2)], seed)))
    return path


def _rounded(box, seed):
    box = np.r_[box[:2], np.maximum(box[2:], 1)]
    if seed % 2 == 0:
        box = np.round(box)
    return box.tolist()


def _score(rng, seed):
    return float(round(rng.random(), 1 if seed % 3 == 0 else 6))


def _entry(image, category, box, track, **more):
    return {
        'image_id': image['id'],
        'video_id': image['video_id'],
        'category_id': category,
        'bbox': box,
        'track_id': track,
        **more,
    }
