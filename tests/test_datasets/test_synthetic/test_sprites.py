from __future__ import annotations

import numpy as np
import pytest

from mmtrack_ext.datasets.synthetic.kinds import CLASS_NAMES
from mmtrack_ext.datasets.synthetic.pen import MARGIN, Pen
from mmtrack_ext.datasets.synthetic.sprites import LEVELS, NUM_PHASES, Figure


def figure(name='pedestrian', seed=0):
    return Figure(name, np.random.default_rng(seed))


def mean_color(sprite):
    return sprite.image[sprite.image[..., 3] == 255][:, :3].mean(axis=0)


def test_pen_draws_where_it_is_told():
    # At 100 pixels by unit: x from -0.2 to 0.3 and y from 0.1 to 0.6 above the ground.
    pen = Pen(1, 1, 100)
    pen.polygon([(-0.2, 0.1), (-0.2, 0.6), (0.3, 0.6), (0.3, 0.1)], 7)
    sprite = pen.sprite({7: (10, 20, 30)})
    assert sprite.extent.tolist() == pytest.approx([-0.2, -0.6, 0.3, -0.1], abs=0.011)
    assert pen.top == 1 + MARGIN


def test_textures_keep_their_place_whatever_else_is_drawn():
    texture = np.zeros((64, 64, 3), np.uint8)
    texture[:, 32:] = 200  # the right half is light
    pen = Pen(1, 1, 100)
    pen.polygon([(-0.3, 0), (-0.3, 0.5), (0.1, 0.5), (0.1, 0)], 7)
    sprite = pen.sprite({7: (0, 0, 0)}, {7: texture})
    row = sprite.image[sprite.image.shape[0] // 2, :, 0]
    first_light = int(np.argmax(row > 60))
    assert (first_light - sprite.anchor[0]) / 100 == pytest.approx(0, abs=0.02)


@pytest.mark.parametrize('view', ['side', 'front', 'back'])
@pytest.mark.parametrize('step', range(NUM_PHASES))
def test_people_stand_on_the_ground_and_are_one_unit_tall(view, step):
    for seed in range(3):
        extent = figure(seed=seed).sprite(view, step / NUM_PHASES, height=200).extent
        assert extent[3] == pytest.approx(0, abs=0.02)
        assert -extent[1] == pytest.approx(1, abs=0.06)
        assert 0.15 < extent[2] - extent[0] < 0.62


def test_classes_have_different_shapes():
    ratios = {}
    for name in CLASS_NAMES:
        x1, y1, x2, y2 = figure(name).sprite('side', 0.1, height=100).extent
        ratios[name] = (x2 - x1) / (y2 - y1)
    assert ratios['pedestrian'] < 0.6 < ratios['cyclist'] < 1.1
    assert 1.4 < ratios['dog'] < 2.2
    assert ratios['car'] > 2.7


def test_extent_hardly_depends_on_the_size_it_is_drawn_at():
    person = figure(seed=2)
    reference = person.sprite('side', 0.3, height=500).extent
    for level in LEVELS[1:]:
        extent = person.sprite('side', 0.3, height=level).extent
        assert extent.tolist() == pytest.approx(reference.tolist(), abs=1.5 / level)


def test_sprites_are_at_least_as_large_as_they_are_shown():
    person = figure()
    sizes = [person.sprite('side', 0, height=height).pixels for height in (10, 32, 33, 200, 900)]
    assert sizes == [32, 32, 64, 256, 512]


def test_an_identity_keeps_its_colours_and_others_differ():
    people = [figure(seed=seed) for seed in range(12)]
    means = np.array(
        [
            [mean_color(person.sprite('side', step / 5, height=100)) for step in range(5)]
            for person in people
        ]
    )
    within = np.abs(means - means.mean(axis=1, keepdims=True)).max()
    centers = means.mean(axis=1)
    apart = np.linalg.norm(centers[:, None] - centers[None], axis=2)[np.triu_indices(12, 1)]
    assert within < 12
    assert np.median(apart) > 30


def test_same_generator_same_identity():
    first, second = (figure(seed=4).sprite('front', None, height=64).image for _ in range(2))
    assert (first == second).all()
