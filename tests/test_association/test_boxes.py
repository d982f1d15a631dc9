"""Box formats and overlaps, by hand and by counting pixels."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mmtrack_ext.association import boxes as box_formats
from mmtrack_ext.association.boxes import area, iou, is_wider_than, overlapping_pairs

# A box 4 wide and 8 high around (12, 24), and one 3 wide and 1 high around (-0.5, 0.5).
XYXY = [[10, 20, 14, 28], [-2, 0, 1, 1]]
FORMATS = {
    'tlwh': [[10, 20, 4, 8], [-2, 0, 3, 1]],
    'cxcywh': [[12, 24, 4, 8], [-0.5, 0.5, 3, 1]],
    'cxcyah': [[12, 24, 0.5, 8], [-0.5, 0.5, 3, 1]],
    'cxcysr': [[12, 24, 32, 0.5], [-0.5, 0.5, 3, 3]],
}


def encoder(name):
    return getattr(box_formats, f'xyxy_to_{name}')


def decoder(name):
    return getattr(box_formats, f'{name}_to_xyxy')


def array(rows):
    return np.array(rows, np.float64).reshape(-1, 4)


@pytest.mark.parametrize('name', FORMATS)
def test_encode_by_hand(name):
    np.testing.assert_allclose(encoder(name)(array(XYXY)), FORMATS[name], rtol=1e-15)


@pytest.mark.parametrize('name', FORMATS)
def test_decode_by_hand(name):
    np.testing.assert_allclose(decoder(name)(array(FORMATS[name])), XYXY, rtol=1e-15)


@pytest.mark.parametrize('name', FORMATS)
def test_conversions_leave_their_argument_alone(name):
    boxes, converted = array(XYXY), array(FORMATS[name])
    encoder(name)(boxes)
    decoder(name)(converted)
    np.testing.assert_array_equal(boxes, XYXY)
    np.testing.assert_array_equal(converted, FORMATS[name])


corner = st.floats(-1e4, 1e4)
side = st.floats(0.01, 1e4)


@pytest.mark.parametrize('name', FORMATS)
@settings(deadline=None, max_examples=50, derandomize=True)
@given(st.lists(st.tuples(corner, corner, side, side), max_size=4))
def test_round_trip(name, rows):
    boxes = array([(x, y, x + width, y + height) for x, y, width, height in rows])
    np.testing.assert_allclose(decoder(name)(encoder(name)(boxes)), boxes, rtol=1e-9, atol=1e-7)


def test_a_negative_area_is_no_box():
    sides = box_formats.cxcysr_to_xyxy(array([[5, 5, -4, 1], [5, 5, 4, 1]]))
    assert np.isnan(sides[0]).all()
    assert sides[1].tolist() == [4, 4, 6, 6]


def test_area_by_hand():
    boxes = array([[0, 0, 10, 10], [10, 20, 14, 28], [3, 4, 3, 9], [-2, -3, 0, 0.5]])
    assert area(boxes).tolist() == [100, 32, 0, 7]


@pytest.mark.parametrize(
    ('box', 'expected'),
    [
        ([0, 0, 8, 5], False),  # 8 / 5 is exactly the limit 1.6
        ([0, 0, np.nextafter(8, 9), 5], True),
        ([100, 50, 107.9, 55], False),
        ([0, 0, 5, 8], False),
        ([0, 3, 5, 3], True),  # no height
        ([3, 0, 3, 5], False),  # no width
    ],
)
def test_is_wider_than(box, expected):
    assert is_wider_than(array([box]), 1.6).tolist() == [expected]


@pytest.mark.parametrize(
    ('box', 'plain', 'plus_one'),
    [
        ([0, 0, 10, 10], 1, 1),
        ([5, 0, 15, 10], 50 / 150, 66 / 176),  # 6 x 11 of 2 * 121 - 66
        ([0, 8, 10, 18], 20 / 180, 33 / 209),  # 11 x 3 of 2 * 121 - 33
        ([2, 2, 4, 5], 6 / 100, 12 / 121),  # inside
        ([10, 0, 20, 10], 0, 11 / 231),  # touches: one column of pixels is shared
        ([11, 0, 21, 10], 0, 0),  # the next column of pixels
        ([30, 40, 50, 60], 0, 0),  # apart on both axes
        ([30, 0, 50, 10], 0, 0),  # apart on one
        ([5, 0, 5, 10], 0, 11 / 121),  # no width
        ([5, 5, 5, 5], 0, 1 / 121),  # a point
    ],
)
def test_iou_by_hand(box, plain, plus_one):
    square, box = array([[0, 0, 10, 10]]), array([box])
    for a, b in ((square, box), (box, square)):
        assert iou(a, b)[0, 0] == pytest.approx(plain, rel=1e-15)
        assert iou(a, b, plus_one=True)[0, 0] == pytest.approx(plus_one, rel=1e-15)


def test_iou_of_two_boxes_without_area():
    point, line = array([[5, 5, 5, 5]]), array([[5, 0, 5, 9]])
    assert iou(point, point)[0, 0] == 0
    assert iou(point, line)[0, 0] == 0
    assert iou(point, point, plus_one=True)[0, 0] == 1


def pixels(box, extra):
    x1, y1, x2, y2 = box
    return {(x, y) for x in range(x1, x2 + extra) for y in range(y1, y2 + extra)}


start, length = st.integers(-3, 8), st.integers(0, 7)
integer_box = st.tuples(start, start, length, length).map(
    lambda box: (box[0], box[1], box[0] + box[2], box[1] + box[3])
)


@pytest.mark.parametrize('plus_one', [False, True])
@settings(deadline=None, max_examples=80, derandomize=True)
@given(st.lists(integer_box, max_size=3), st.lists(integer_box, min_size=1, max_size=3))
def test_iou_counts_pixels(plus_one, boxes_a, boxes_b):
    expected = np.zeros((len(boxes_a), len(boxes_b)))
    for row, box_a in enumerate(boxes_a):
        for column, box_b in enumerate(boxes_b):
            a, b = pixels(box_a, int(plus_one)), pixels(box_b, int(plus_one))
            expected[row, column] = len(a & b) / len(a | b) if a | b else 0
    overlap = iou(array(boxes_a), array(boxes_b), plus_one=plus_one)
    np.testing.assert_allclose(overlap, expected, rtol=1e-14)


def test_iou_leaves_its_arguments_alone():
    boxes = array(XYXY)
    iou(boxes, boxes, plus_one=True)
    np.testing.assert_array_equal(boxes, XYXY)


def pairs_by_brute_force(boxes_a, boxes_b, min_iou, plus_one):
    overlap = iou(boxes_a, boxes_b, plus_one=plus_one)
    return [
        (row, column)
        for row in range(len(boxes_a))
        for column in range(len(boxes_b))
        if overlap[row, column] > min_iou
    ]


@pytest.mark.parametrize('plus_one', [False, True])
@pytest.mark.parametrize('min_iou', [0, 0.3, 0.8, 0.85, 0.99, 1])
def test_overlapping_pairs(min_iou, plus_one):
    rng = np.random.default_rng(int(100 * min_iou))
    found = 0
    for _ in range(300):
        boxes_a = rng.uniform(0, 60, (8, 2))
        boxes_a = np.hstack([boxes_a, boxes_a + rng.uniform(-2, 40, (8, 2))])  # some inside out
        # Others anywhere, the same, and the same but for a little.
        other = rng.permutation(boxes_a)
        boxes_b = np.vstack([boxes_a[::-1] + 10, other[:3], other + rng.normal(0, 1, (8, 4))])
        expected = pairs_by_brute_force(boxes_a, boxes_b, min_iou, plus_one)
        rows, columns = overlapping_pairs(boxes_a, boxes_b, min_iou=min_iou, plus_one=plus_one)
        assert list(zip(rows.tolist(), columns.tolist(), strict=True)) == expected
        found += len(expected)
    assert found > 300 or min_iou == 1


def test_overlapping_pairs_by_hand():
    # A box 100 wide, and the same 15 and 16 to the right: IoU 85 / 115 and 84 / 116. The left edges
    # of the third, which is 75 wide inside it, are 25 apart at an IoU of 0.75.
    one = array([[0, 0, 100, 10]])
    others = array([[15, 0, 115, 10], [16, 0, 116, 10], [25, 0, 100, 10]])
    for min_iou, expected in ((85 / 115 - 1e-9, [0, 2]), (85 / 115, [2]), (0.75, [])):
        rows, columns = overlapping_pairs(one, others, min_iou=min_iou)
        assert rows.tolist() == [0] * len(expected)
        assert columns.tolist() == expected


def test_overlapping_pairs_far_from_the_origin():
    # A billion pixels away coordinates are rounded to a ten-millionth of a pixel.
    one = array([[1e9, 0, 1e9 + 1, 1]])
    rows, _ = overlapping_pairs(one, one + array([[1e-7, 0, 1e-7, 0]]), min_iou=0.999999)
    assert rows.tolist() == [0]


def test_overlapping_pairs_of_nothing():
    none, one = np.empty((0, 4)), array([[0, 0, 1, 1]])
    for boxes_a, boxes_b in ((none, one), (one, none), (none, none)):
        rows, columns = overlapping_pairs(boxes_a, boxes_b, min_iou=0.5)
        assert len(rows) == len(columns) == 0
