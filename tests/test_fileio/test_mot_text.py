"""MOTChallenge text; every expected number is worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest

from mmtrack_ext.association.detections import TrackedBoxes
from mmtrack_ext.fileio import (
    FileFormatError,
    GroundTruth,
    TextDetections,
    read_detections,
    read_detections_text,
    read_ground_truth,
    read_results,
    write_detections_text,
    write_ground_truth,
    write_results,
)

DET_ROW = '1,-1,10,20,30,40,0.5,-1,-1,-1'
GT_ROW = '1,7,10,20,30,40,1,1,1'
RESULT_ROW = '1,7,10,20,30,40,0.5,-1,-1,-1'


def save(folder, text, name='rows.txt'):
    path = folder / name
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


def columns_of(table):
    return {name: column.tolist() for name, column in vars(table).items()}


def tracked(ids, boxes, scores, labels):
    boxes = np.array(boxes, float).reshape(-1, 4)
    return TrackedBoxes(
        np.array(ids, np.int64),
        boxes,
        np.array(scores, float),
        np.array(labels, np.int64),
        np.arange(len(ids)),
    )


@pytest.mark.parametrize(
    ('row', 'label'),
    [
        ('3,10,20,30,40,0.5', 0),
        ('3,10,20,30,40,0.5,2', 2),
        ('3,-1,10,20,30,40,0.5', 0),
        ('3,-1,10,20,30,40,0.5,-1,-1,-1', 0),
        ('3,-1,10,20,30,40,0.5,3,-1,-1', 2),
        ('3,-1,10,20,30,40,0.5,4.4852,5.5016,0', 0),
        ('3,-1,10,20,30,40,0.5,4,5.5,0', 0),
        ('3,-1,10,20,30,40,0.5,4,-1,0', 0),
        ('3,12,10,20,30,40,0.5,1,-1,-1', 0),
    ],
    ids=[
        '6 columns',
        '7 columns of det_results, class from 0',
        '7 columns of MOT17',
        '10 columns without class',
        '10 columns, class from 1',
        'world coordinates',
        'world coordinates, the first is whole',
        'world coordinates, the second is -1',
        'an id that counts',
    ],
)
def test_every_layout_of_detections(tmp_path, row, label):
    read = read_detections_text(save(tmp_path, row))
    assert columns_of(read) == {
        'frames': [2],
        'boxes': [[10, 20, 40, 60]],
        'scores': [0.5],
        'labels': [label],
    }
    assert [column.dtype for column in vars(read).values()] == [
        np.int64,
        np.float64,
        np.float64,
        np.int64,
    ]


@pytest.mark.parametrize(
    ('text', 'box', 'label'),
    [
        ('1,10,20,30,40,1,3', [10, 20, 40, 60], 3),  # a score of exactly 1
        ('1,-1,10,20,30,1.5,1', [10, 20, 40, 21.5], 0),  # a height just above
        ('1,-1,10,20,30,40,1\n1,-1,10,20,30,0.5,1', [10, 20, 40, 60], 0),  # one height below
    ],
)
def test_seven_columns_are_told_apart_by_the_sixth(tmp_path, text, box, label):
    read = read_detections_text(save(tmp_path, text))
    assert read.boxes[0].tolist() == box
    assert read.labels[0] == label


@pytest.mark.parametrize(
    ('classes', 'labels'),
    [(('1', '2'), [0, 1]), (('2', '2'), [1, 1]), (('-1', '-1'), [0, 0]), (('0', '0'), [0, 0])],
)
def test_classes_from_one_give_labels_from_zero(tmp_path, classes, labels):
    rows = [f'1,-1,10,20,30,40,0.5,{class_id},-1,-1' for class_id in classes]
    assert read_detections_text(save(tmp_path, '\n'.join(rows))).labels.tolist() == labels


@pytest.mark.parametrize(('bad', 'word'), [('-1', 'got -1'), ('0', 'got 0'), ('1.5', 'whole')])
def test_class_column_with_and_without_classes_is_refused(tmp_path, bad, word):
    rows = [f'1,-1,10,20,30,40,0.5,{class_id},-1,-1' for class_id in ('2', bad)]
    with pytest.raises(FileFormatError, match=f'line 2: .*class.*{word}'):
        read_detections_text(save(tmp_path, '\n'.join(rows)))
    table = [[float(value) for value in row.split(',')] for row in rows]
    np.save(tmp_path / 'SEQ.npy', table)
    with pytest.raises(FileFormatError, match='column 8 must hold whole class numbers'):
        read_detections(tmp_path / 'SEQ.npy')


@pytest.mark.parametrize(
    'change',
    [
        lambda text: text,
        lambda text: text.replace(',', ' '),
        lambda text: text.replace(',', ', '),
        lambda text: text.replace(',', '\t'),
        lambda text: text.replace(',', '   ').replace('\n', '  \n '),
        lambda text: text.replace('\n', '\r\n'),
        lambda text: '\ufeff' + text,
        lambda text: text.replace('\n', ',\n'),
        lambda text: text.replace('\n', ', \r\n'),
        lambda text: '\n \n' + text.replace('\n', '\n\n\t\n'),
        lambda text: text.rstrip('\n'),
        lambda text: '\ufeff\r\n' + text.replace(',', ' ').replace('\n', '\r\n\r\n'),
    ],
    ids=[
        'commas',
        'spaces',
        'comma and space',
        'tabs',
        'many spaces',
        'CRLF',
        'BOM',
        'trailing comma',
        'trailing comma, space, CRLF',
        'blank lines',
        'no newline at the end',
        'BOM, spaces, CRLF and blank lines',
    ],
)
def test_ways_to_write_the_same_rows(tmp_path, change):
    text = '2,-1,10,20,30,40,0.5,-1,-1,-1\n1,-1,1.5,-2,3,4,0.25,-1,-1,-1\n'
    assert columns_of(read_detections_text(save(tmp_path, change(text)))) == {
        'frames': [0, 1],
        'boxes': [[1.5, -2, 4.5, 2], [10, 20, 40, 60]],
        'scores': [0.25, 0.5],
        'labels': [0, 0],
    }


def test_detections_are_sorted_by_frame_and_keep_the_order_within_one(tmp_path):
    rows = [(5, 0.1), (2, 0.9), (5, 0.9), (2, 0.1), (2, 0.5), (9, 0.3), (5, 0.5)]
    text = '\n'.join(f'{frame},{score * 100},20,30,40,{score},0' for frame, score in rows)
    read = read_detections_text(save(tmp_path, text))
    assert read.frames.tolist() == [1, 1, 1, 4, 4, 4, 8]
    assert read.scores.tolist() == [0.9, 0.1, 0.5, 0.1, 0.9, 0.5, 0.3]
    assert read.boxes[:, 0].tolist() == [score * 100 for score in read.scores.tolist()]


def test_labels_and_results_are_sorted_with_their_rows(tmp_path):
    detections = '2,-1,0,0,1,1,0.5,3,-1,-1\n1,-1,0,0,1,1,0.5,2,-1,-1'
    assert read_detections_text(save(tmp_path, detections)).labels.tolist() == [1, 2]
    results = '9,2,1,0,1,1,0.3,3,-1,-1\n4,8,2,0,1,1,0.2,2,-1,-1\n4,1,3,0,1,1,0.1,1,-1,-1'
    assert columns_of(read_results(save(tmp_path, results))) == {
        'frames': [3, 3, 8],
        'ids': [8, 1, 2],
        'boxes_tlwh': [[2, 0, 1, 1], [3, 0, 1, 1], [1, 0, 1, 1]],
        'scores': [0.2, 0.1, 0.3],
        'classes': [2, 1, 3],
    }


@pytest.mark.parametrize('text', ['', '\n\n', ' \t\n', '\ufeff', '\r\n'])
@pytest.mark.parametrize('reader', [read_detections_text, read_ground_truth, read_results])
def test_an_empty_file_has_no_rows(tmp_path, reader, text):
    columns = vars(reader(save(tmp_path, text)))
    assert {name: column.shape for name, column in columns.items()} == {
        name: (0, 4) if name.startswith('boxes') else (0,) for name in columns
    }


@pytest.mark.parametrize('reader', [read_detections_text, read_ground_truth, read_results])
def test_a_missing_file_is_named(tmp_path, reader):
    with pytest.raises(FileNotFoundError, match='nothing_here'):
        reader(tmp_path / 'nothing_here.txt')


@pytest.mark.parametrize('number', ['0.1', '1e-3', '341.3949999999999', '1234567.0000001', '.3'])
def test_fractional_numbers_survive(tmp_path, number):
    read = read_detections_text(save(tmp_path, f'1,-1,{number},-{number},{number},7,{number}'))
    value = float(number)
    assert read.boxes.tolist() == [[value, -value, value + value, -value + 7]]
    assert read.scores.tolist() == [value]
    truth = read_ground_truth(save(tmp_path, f'1,1,{number},-{number},{number},7,1,1,{number}'))
    assert truth.boxes_tlwh.tolist() == [[value, -value, value, 7]]
    assert truth.visibilities.tolist() == [value]
    results = read_results(save(tmp_path, f'1,1,{number},-{number},{number},7,{number}'))
    assert results.boxes_tlwh.tolist() == [[value, -value, value, 7]]
    assert results.scores.tolist() == [value]


def test_ground_truth_with_classes(tmp_path):
    text = '2,7,10.5,20,30,40,0,8,0.25\n1,3,1,2,3,4,1,1,1\n2,0,5,6,7,8,1,1,0'
    truth = read_ground_truth(save(tmp_path, text))
    assert columns_of(truth) == {
        'frames': [0, 1, 1],
        'ids': [3, 7, 0],
        'boxes_tlwh': [[1, 2, 3, 4], [10.5, 20, 30, 40], [5, 6, 7, 8]],
        'flags': [1, 0, 1],
        'classes': [1, 8, 1],
        'visibilities': [1, 0.25, 0],
    }
    assert columns_of(truth[truth.frames == 1])['ids'] == [7, 0]


@pytest.mark.parametrize('world', ['4,5.5016,0', '-1,-1,-1', '4.4852,-7.3591,0.69979'])
def test_world_coordinates_of_mot15_are_no_classes(tmp_path, world):
    truth = read_ground_truth(save(tmp_path, f'1,7,10,20,30,40,1,{world}'))
    assert (truth.classes.tolist(), truth.visibilities.tolist()) == ([1], [1.0])
    assert (truth.flags.tolist(), truth.ids.tolist()) == ([1], [7])


@pytest.mark.parametrize(
    ('row', 'class_id'),
    [
        ('3,7,10,20,30,40,0.5', -1),
        ('3,7,10,20,30,40,0.5,2', 2),
        ('3,7,10,20,30,40,0.5,2,-1', 2),
        ('3,7,10,20,30,40,0.5,2,-1,-1', 2),
        ('3,7,10,20,30,40,0.5,-1,-1,-1', -1),
        ('3,7,10,20,30,40,0.5,-1,0.25,9', -1),
    ],
)
def test_results_of_seven_to_ten_columns(tmp_path, row, class_id):
    assert columns_of(read_results(save(tmp_path, row))) == {
        'frames': [2],
        'ids': [7],
        'boxes_tlwh': [[10, 20, 30, 40]],
        'scores': [0.5],
        'classes': [class_id],
    }


def bad_rows():
    det, gt, result = (
        (read_detections_text, DET_ROW),
        (read_ground_truth, GT_ROW),
        (read_results, RESULT_ROW),
    )
    for reader, good in (det, gt, result):
        fields = good.split(',')

        def put(column, value, fields=fields):
            return ','.join([*fields[:column], value, *fields[column + 1 :]])

        yield reader, good, put(2, 'ten'), "'ten' is not a number"
        yield reader, good, '#' + good, "'#1' is not a number"
        yield reader, good, good.replace(',', ';'), 'is not a number'
        yield reader, good, put(3, '1_0'), "'1_0' is not a number"
        yield reader, good, put(3, '0x10'), "'0x10' is not a number"
        yield reader, good, put(0, '\u0661'), 'is not a number'
        yield reader, good, put(3, ''), "'' is not a number"
        yield reader, good, put(3, ' '), "'' is not a number"
        yield reader, good, ',' + good, "'' is not a number"
        yield reader, good, ' ,' + good, "'' is not a number"
        yield reader, good, good + ',,', "'' is not a number"
        yield reader, good, good + ', ,', "'' is not a number"
        yield reader, good, ',,,', "'' is not a number"
        yield reader, good, ',', "'' is not a number"
        yield reader, good, put(0, '0'), 'frame numbers start at 1, got 0'
        yield reader, good, put(0, '-1'), 'frame numbers start at 1, got -1'
        yield reader, good, put(0, '1.5'), 'the frame must be a whole number, got 1.5'
        yield reader, good, put(0, '1e300'), 'the frame must be a whole number, got 1e+300'
        yield reader, good, put(2, 'nan'), 'NaN'
        yield reader, good, put(6, 'NaN'), 'NaN'
        yield reader, good, put(3, 'inf'), 'infinity'
        yield reader, good, put(6, '-inf'), 'infinity'
        yield reader, good, put(3, '1e999'), 'infinity'
        yield reader, good, put(4, '-30'), 'a box of negative size, -30 x 40'
        yield reader, good, put(5, '-0.5'), 'a box of negative size, 30 x -0.5'
        yield reader, good, '1,7,10,20,30', '5 columns where'
        yield reader, good, '1,7,10,20,30,40,1,1,1,1,1', '11 columns where'
        yield reader, good, '1 7 10 20 30', '5 columns where'
    yield *det, '1,10,20,30,40,0.5', '6 columns, but the lines before have 10'
    yield read_detections_text, '1,10,20,30,40,0.5', '1,10,20,30,40,0.5,0', '7 columns, but'
    yield *det, GT_ROW, '9 columns where 6, 7 or 10 are expected'
    yield *gt, GT_ROW + ',1', '10 columns, but the lines before have 9'
    yield *gt, '1,7,10,20,30,40,1', '7 columns where 9 or 10 are expected'
    yield *result, '1,8,10,20,30,40,0.5', '7 columns, but the lines before have 10'
    yield *result, '1,10,20,30,40,0.5', '6 columns where 7, 8, 9 or 10 are expected'
    yield *result, '1,7,50,50,30,40,0.5,-1,-1,-1', 'id 7 stands twice in frame 1'
    yield *result, '1,7.5,10,20,30,40,0.5,-1,-1,-1', 'the id must be a whole number, got 7.5'
    yield *result, '1,8,10,20,30,40,0.5,1.5,-1,-1', 'the class must be a whole number, got 1.5'
    yield *gt, '1,7.5,10,20,30,40,1,1,1', 'the id must be a whole number, got 7.5'
    yield *gt, '1,8,10,20,30,40,1,1.5,1', 'the class must be a whole number, got 1.5'
    six_and_class = (read_detections_text, '1,10,20,30,40,0.5,0')
    yield *six_and_class, '1,10,20,30,40,0.5,1.5', 'the class must be a whole number, got 1.5'
    yield *six_and_class, '1,10,20,30,40,0.5,-1', 'class numbers start at 0, got -1'
    yield *six_and_class, '1,10,20,-30,40,0.5,0', 'a box of negative size, -30 x 40'


@pytest.mark.parametrize('newline', ['\n', '\r\n'])
@pytest.mark.parametrize(('reader', 'good', 'bad', 'problem'), list(bad_rows()))
def test_a_bad_line_is_reported_with_its_number(tmp_path, reader, good, bad, problem, newline):
    other = good.replace('1', '4', 1)
    lines = ['\ufeff', '  ', good, '', '\t', bad, '', other, bad, '']
    path = save(tmp_path, newline.join(lines))
    with pytest.raises(ValueError, match=r', line 6: ') as error:
        reader(path)
    assert str(error.value).startswith(f'{path}, line 6: ')
    assert problem in str(error.value)


@pytest.mark.parametrize(
    ('reader', 'text', 'line', 'problem'),
    [
        (read_detections_text, '\n1,2,3\n1,2,3', 2, '3 columns where 6, 7 or 10 are expected'),
        (read_ground_truth, DET_ROW[:-6] + '\n', 1, '8 columns where 9 or 10 are expected'),
        (read_results, '\n\n1,2,3,4,5,6', 3, '6 columns where 7, 8, 9 or 10 are expected'),
        (read_results, '1,1,10,20,30,40,0.9, ,-1,-1', 1, "'' is not a number"),
        (read_detections_text, ',1,10,20,30,40,0.9', 1, "'' is not a number"),
        (read_detections_text, ',', 1, "'' is not a number"),
        (read_detections_text, '\x0c\n\x0b\n' + DET_ROW.replace('0.5', 'nan'), 3, 'NaN'),
        (read_detections_text, 'frame,id,left\n' + DET_ROW, 1, "'frame' is not a number"),
    ],
    ids=[
        'too few columns in every row',
        'ground truth of 8 columns',
        'results of 6 columns',
        'an empty field must not turn 10 columns into 9',
        'an empty first field must not turn 7 columns into 6',
        'a lone comma',
        'form feed and vertical tab are blank too',
        'header',
    ],
)
def test_a_file_bad_throughout_is_reported_at_its_first_line(tmp_path, reader, text, line, problem):
    path = save(tmp_path, text)
    with pytest.raises(ValueError, match=r', line \d+: ') as error:
        reader(path)
    assert str(error.value).startswith(f'{path}, line {line}: {problem}')


@pytest.mark.parametrize('row', ['5,1,0,0,1,1,0.5', '3,1,0,0,1,1,0.5'])
def test_the_first_repeated_row_of_the_file_is_reported(tmp_path, row):
    rows = ['5,1,0,0,1,1,0.5', '3,1,0,0,1,1,0.5', '3,2,0,0,1,1,0.5', '5,2,0,0,1,1,0.5', '', row]
    path = save(tmp_path, '\n'.join([*rows, *rows[:2]]))
    with pytest.raises(ValueError, match=f'line 6: id 1 stands twice in frame {row[0]}$'):
        read_results(path)


def test_an_id_may_return_in_another_frame(tmp_path):
    path = save(tmp_path, '1,1,0,0,1,1,0.5\n2,1,0,0,1,1,0.5\n1,2,0,0,1,1,0.5')
    assert read_results(path).ids.tolist() == [1, 2, 1]


def test_a_box_without_area_is_allowed(tmp_path):
    assert read_detections_text(save(tmp_path, '1,-1,5,6,0,0,0.5,-1,-1,-1')).boxes.tolist() == [
        [5, 6, 5, 6]
    ]


@pytest.mark.parametrize('content', [bytes(range(256)), DET_ROW.encode('utf-16')])
@pytest.mark.parametrize('reader', [read_detections_text, read_ground_truth, read_results])
def test_a_binary_file_is_no_text(tmp_path, reader, content):
    path = save(tmp_path, content)
    with pytest.raises(ValueError, match='this is not a text file') as error:
        reader(path)
    assert str(path) in str(error.value)


@pytest.mark.parametrize('reader', [read_detections_text, read_ground_truth, read_results])
def test_zero_bytes_are_no_number(tmp_path, reader):
    path = save(tmp_path, b'\x00\x00\x00\x00')
    with pytest.raises(ValueError, match=r'line 1: .* is not a number') as error:
        reader(path)
    assert str(path) in str(error.value)


FRAMES = [
    tracked([3, 12], [[1, 2, 4, 6.5], [-0.25, 0, 10, 20.126]], [0.9, 0.126], [0, 2]),
    tracked([], [], [], []),
    tracked([3], [[1920, 1080, 1920, 1081]], [1], [1]),
]


def test_results_are_written_byte_for_byte(tmp_path):
    path = tmp_path / 'new' / 'SEQ.txt'
    write_results(path, FRAMES)
    assert path.read_bytes() == (
        b'1,3,1.00,2.00,3.00,4.50,0.90,-1,-1,-1\n'
        b'1,12,-0.25,0.00,10.25,20.13,0.13,-1,-1,-1\n'
        b'3,3,1920.00,1080.00,0.00,1.00,1.00,-1,-1,-1\n'
    )


def test_results_of_several_classes_and_chosen_frames_are_written_byte_for_byte(tmp_path):
    path = tmp_path / 'SEQ.txt'
    write_results(path, FRAMES, multi_class=True, frames=iter([9, 10, 301]))
    assert path.read_bytes() == (
        b'10,3,1.00,2.00,3.00,4.50,0.90,1,-1,-1\n'
        b'10,12,-0.25,0.00,10.25,20.13,0.13,3,-1,-1\n'
        b'302,3,1920.00,1080.00,0.00,1.00,1.00,2,-1,-1\n'
    )


@pytest.mark.parametrize('frames', [[0, 1], [0, 1, 2, 3]])
def test_results_need_one_frame_number_each(tmp_path, frames):
    path = save(tmp_path, 'old')
    with pytest.raises(ValueError, match=r'zip\(\) argument 2'):
        write_results(path, FRAMES, frames=frames)
    assert path.read_text() == 'old'
    assert list(tmp_path.iterdir()) == [path]


def test_results_round_trip_at_two_decimals(tmp_path):
    rng = np.random.default_rng(0)
    boxes = rng.integers(0, 10_000, (6, 2, 2)) / 4  # quarters: two decimals hold them
    boxes = np.hstack([boxes.min(axis=1), boxes.max(axis=1)])
    frames = [
        tracked([1, 2, 3], boxes[:3], [0.25, 0.5, 0.75], [0, 1, 2]),
        tracked([2, 3, 9], boxes[3:], [0.01, 0.99, 1], [1, 2, 0]),
    ]
    write_results(tmp_path / 'SEQ.txt', frames, multi_class=True)
    results = read_results(tmp_path / 'SEQ.txt')
    assert results.frames.tolist() == [0, 0, 0, 1, 1, 1]
    assert results.ids.tolist() == [1, 2, 3, 2, 3, 9]
    assert results.scores.tolist() == [0.25, 0.5, 0.75, 0.01, 0.99, 1]
    assert results.classes.tolist() == [1, 2, 3, 2, 3, 1]
    assert results.boxes_tlwh.tolist() == [
        [left, top, right - left, bottom - top] for left, top, right, bottom in boxes.tolist()
    ]


def test_ground_truth_round_trip_is_exact(tmp_path):
    rng = np.random.default_rng(1)
    boxes = rng.normal(0, 1000, (50, 4))
    boxes[:, 2:] = np.abs(boxes[:, 2:])
    boxes[:3] = [[1 / 3, -1e-7, 1e22, 0], [1.0, 2.0, 3.0, 4.0], [-0.1, 0.1 + 0.2, 5e-324, 1e5]]
    truth = GroundTruth(
        np.sort(rng.integers(0, 9, 50)),
        rng.integers(0, 1000, 50),
        boxes,
        rng.integers(0, 2, 50),
        rng.integers(1, 14, 50),
        rng.random(50),
    )
    write_ground_truth(tmp_path / 'gt.txt', truth)
    read = read_ground_truth(tmp_path / 'gt.txt')
    for name, column in vars(truth).items():
        np.testing.assert_array_equal(getattr(read, name), column, strict=True)


def test_ground_truth_is_written_in_nine_short_columns(tmp_path):
    truth = read_ground_truth(save(tmp_path, '2,7,10.50,20.0,30,40,1,4.4,5.5,0'))
    write_ground_truth(tmp_path / 'gt.txt', truth)
    assert (tmp_path / 'gt.txt').read_bytes() == b'2,7,10.5,20,30,40,1,1,1\n'


@pytest.mark.parametrize(
    ('labels', 'content'),
    [
        (
            [0, 0],
            b'1,-1,1.00,2.00,3.00,4.50,0.1235,-1,-1,-1\n'
            b'4,-1,-0.25,0.00,10.25,20.13,1.0000,-1,-1,-1\n',
        ),
        (
            [2, 0],
            b'1,-1,1.00,2.00,3.00,4.50,0.1235,3,-1,-1\n'
            b'4,-1,-0.25,0.00,10.25,20.13,1.0000,1,-1,-1\n',
        ),
    ],
)
def test_detections_are_written_byte_for_byte(tmp_path, labels, content):
    boxes = np.array([[1, 2, 4, 6.5], [-0.25, 0, 10, 20.126]])
    table = TextDetections(np.array([0, 3]), boxes, np.array([0.12346, 1]), np.array(labels))
    write_detections_text(tmp_path / 'det.txt', table)
    assert (tmp_path / 'det.txt').read_bytes() == content
    read = read_detections_text(tmp_path / 'det.txt')
    assert read.frames.tolist() == [0, 3]
    assert read.labels.tolist() == labels
    assert read.scores.tolist() == [0.1235, 1]
    assert read.boxes.tolist() == [[1, 2, 4, 6.5], [-0.25, 0, 10, 20.13]]


def test_nothing_is_written_as_an_empty_file(tmp_path):
    write_results(tmp_path / 'results.txt', [])
    write_detections_text(tmp_path / 'det.txt', read_detections_text(save(tmp_path, '')))
    write_ground_truth(tmp_path / 'gt.txt', read_ground_truth(save(tmp_path, '')))
    for name in ('results.txt', 'det.txt', 'gt.txt'):
        assert (tmp_path / name).read_bytes() == b''


@pytest.mark.parametrize('read', [read_detections_text, read_results])
def test_implausible_frame_number_is_refused_before_it_fills_the_memory(tmp_path, read):
    path = save(tmp_path, '1,1,10,20,30,40,0.5\n1000000000,1,10,20,30,40,0.5')
    with pytest.raises(FileFormatError, match='line 2: frame numbers end at 10000000, got 10000'):
        read(path)


def test_interrupt_while_writing_leaves_the_file_as_it_was(tmp_path):
    class Interrupting(list):
        def __iter__(self):
            yield self[0]
            raise KeyboardInterrupt

    path = tmp_path / 'SEQ.txt'
    path.write_text('before')
    tracked = TrackedBoxes(*(np.ones((1, 4)) if i == 1 else np.ones(1, int) for i in range(5)))
    with pytest.raises(KeyboardInterrupt):
        write_results(path, Interrupting([tracked, tracked]))
    assert path.read_text() == 'before'
    assert [file.name for file in tmp_path.iterdir()] == ['SEQ.txt']
