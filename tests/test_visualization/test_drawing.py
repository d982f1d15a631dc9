from __future__ import annotations

import numpy as np
import pytest

from mmtrack_ext.association.detections import Detections, TrackedBoxes
from mmtrack_ext.visualization import Trails, color_of, draw_detections, draw_tracks
from mmtrack_ext.visualization.drawing import line_thickness
from mmtrack_ext.visualization.labels import draw_label, font_scale


def tracks(*rows, labels=None):
    """``TrackedBoxes`` from (id, x1, y1, x2, y2)."""
    table = np.array(rows, np.float64).reshape(-1, 5)
    count = len(table)
    return TrackedBoxes(
        table[:, 0].astype(np.int64),
        table[:, 1:],
        np.full(count, 0.5),
        np.zeros(count, np.int64) if labels is None else np.array(labels),
        np.arange(count),
    )


def black(height=200, width=300):
    return np.zeros((height, width, 3), np.uint8)


def painted(image):
    """x1, y1, x2, y2 (exclusive) of what is not black."""
    rows, columns = image.any(axis=2).any(axis=1).nonzero()[0], image.any(axis=(0, 2)).nonzero()[0]
    return columns[0], rows[0], columns[-1] + 1, rows[-1] + 1


def test_edges_have_the_colour_of_the_id():
    # The box holds the columns 100 to 139 and the rows 60 to 159; the frame is 2 pixels wide, one
    # of them outside.
    drawn = draw_tracks(black(), tracks((7, 100, 60, 140, 160)))
    color = list(color_of(7))
    assert (drawn[59:161, 99:101] == color).all()
    assert (drawn[59:161, 139:141] == color).all()
    assert (drawn[159:161, 99:141] == color).all()
    assert (drawn[59:61, 99:141] == color).all()
    assert not drawn[61:159, 101:139].any()  # inside
    assert not drawn[161:].any()
    assert not drawn[60:, 141:].any()
    assert not drawn[60:, :99].any()


def test_thickness_is_exact():
    drawn = draw_tracks(black(), tracks((1, 100, 60, 140, 160)), thickness=5)
    (columns,) = drawn[110].any(axis=1).nonzero()
    assert columns.tolist() == [*range(98, 103), *range(137, 142)]


@pytest.mark.parametrize(
    ('size', 'pixels'), [((360, 480), 2), ((1080, 1920), 3), ((2160, 3840), 6)]
)
def test_lines_grow_with_the_image(size, pixels):
    assert line_thickness(black(*size)) == pixels


def test_the_image_is_left_as_it_is():
    image = black()
    image.flags.writeable = False
    drawn = draw_tracks(image, tracks((1, 10, 60, 40, 90)), trails=Trails())
    assert drawn.any()
    assert not image.any()
    assert not draw_tracks(image, TrackedBoxes.empty()).any()
    assert draw_detections(image[:, ::-1], Detections([[10, 10, 20, 20]], [0.5])).any()


def test_nearer_boxes_and_their_labels_are_drawn_over_farther_ones():
    near, far = (1, 100, 80, 140, 170), (2, 110, 70, 150, 160)
    for order in ((near, far), (far, near)):
        drawn = draw_tracks(black(), tracks(*order))
        assert drawn[159, 139].tolist() == list(color_of(1))  # right edge of 1, bottom edge of 2
        assert drawn[66, 109].tolist() == list(color_of(1))  # label of 1, label of 2
        assert drawn[60, 109].tolist() == list(color_of(2))  # label of 2 alone
        assert drawn[75, 109].tolist() == list(color_of(1))  # label of 1, left edge of 2


def test_the_label_stands_on_the_box():
    drawn = draw_tracks(black(), tracks((3, 100, 60, 140, 160)))
    x1, y1, x2, y2 = painted(drawn)
    assert (x1, y2) == (99, 161)
    assert 59 - 25 < y1 < 59 - 10  # 8 pixels of digits and margins
    label = drawn[y1:59]
    assert painted(label)[0] == 99
    assert (label[:, 99] == color_of(3)).all()
    assert x2 == 141


@pytest.mark.parametrize(
    'corner', [(-5, -5), (290, -5), (-5, 190), (290, 190), (150, 3), (5000, 0), (0, 5000)]
)
def test_labels_stay_inside(corner):
    image, text = black(), '12345'
    draw_label(image, text, corner, (0, 200, 0))
    reference = black()
    draw_label(reference, text, (100, 100), (0, 200, 0))
    x1, y1, x2, y2 = painted(image)
    left, top, right, bottom = painted(reference)
    assert (x2 - x1, y2 - y1) == (right - left, bottom - top)  # whole
    assert ((image == (0, 200, 0)).all(axis=2)).sum() == (
        (reference == (0, 200, 0)).all(axis=2)
    ).sum()


def test_labels_without_room_above_go_below():
    for y, top in ((3, 3), (0, 0), (60, None)):
        image = black()
        draw_label(image, '1', (150, y), (0, 200, 0))
        x1, y1, _, y2 = painted(image)
        assert x1 == 150
        assert (y1 == top) if top is not None else (y2 == y)


def test_text_is_written_in_the_contrasting_colour():
    for color, text in (((0, 255, 255), 0), ((255, 0, 0), 255)):
        image = np.full((60, 60, 3), 99, np.uint8)
        draw_label(image, '88', (10, 50), color)
        assert (np.abs(image.astype(int) - text) < 50).all(axis=2).any()


def test_digits_are_eight_pixels_high_or_a_sixtieth():
    heights = []
    for size in ((360, 480), (1080, 1920)):
        image = black(*size)
        draw_label(image, '1', (0, 0), (255, 0, 0))
        rows = (image > 100).all(axis=2).any(axis=1).nonzero()[0]
        heights.append(rows[-1] - rows[0] + 1)
    assert heights == pytest.approx([8, 18], abs=1.5)
    assert font_scale(black(360, 480)) == font_scale(black(480, 360))


def test_label_says_class_and_score_where_asked(monkeypatch):
    said = []
    monkeypatch.setattr(
        'mmtrack_ext.visualization.drawing.draw_label', lambda *a: said.append(a[1])
    )
    one = tracks((8, 10, 60, 40, 90), labels=[1])
    for names in (None, ['person'], ['person', 'car'], ['a', 'b', 'c']):
        draw_tracks(black(), one, class_names=names)
    draw_tracks(black(), one, show_scores=True)
    draw_tracks(black(), one, show_scores=True, class_names=['person', 'car'])
    assert said == ['8', '8', '8: car', '8: b', '8: 0.50', '8: car 0.50']


def test_detections_are_thin_and_grey():
    drawn = draw_detections(black(), Detections([[100, 60, 140, 160]], [0.9]))
    (columns,) = drawn[110].any(axis=1).nonzero()
    assert columns.tolist() == [100, 139]
    assert drawn[110, 100].tolist() == [160, 160, 160]
    assert painted(drawn) == (100, 60, 140, 160)
    scored = draw_detections(black(), Detections([[100, 60, 140, 160]], [0.9]), show_scores=True)
    assert painted(scored)[1] < 50


@pytest.mark.parametrize('size', [(1, 1), (2, 3), (5, 400), (31, 17)])
def test_every_size_works(size):
    boxes = tracks((1, 0, 0, 1, 1), (2, -1e7, -50, 1e7, 1e9), (3, 0.2, 0.2, 0.3, 0.3))
    trails = Trails()
    for _ in range(3):
        drawn = draw_tracks(black(*size), boxes, trails=trails)
    assert drawn.shape == (*size, 3)
    assert drawn.any()


def test_a_box_far_outside_paints_nothing_inside_but_its_label():
    drawn = draw_tracks(black(), tracks((1, -1e9, -1e9, 1e9, 1e9)))
    assert painted(drawn)[2:] < (30, 30)


@pytest.mark.parametrize(
    ('image', 'problem'),
    [
        (np.zeros((4, 4, 3)), r'Got float64 of shape \(4, 4, 3\)'),
        (np.zeros((4, 4), np.uint8), r'Got uint8 of shape \(4, 4\)'),
        (np.zeros((4, 4, 4), np.uint8), r'Got uint8 of shape \(4, 4, 4\)'),
        (np.zeros((0, 4, 3), np.uint8), r'Got uint8 of shape \(0, 4, 3\)'),
        (None, 'Got NoneType'),
    ],
)
def test_other_images_are_refused(image, problem):
    with pytest.raises(ValueError, match=problem) as error:
        draw_tracks(image, TrackedBoxes.empty())
    assert '\n' not in str(error.value)
