"""Detections of whole sequences: ``.npz``, ``.npy``, text; spans and selections."""

from __future__ import annotations

import pickle
import zipfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from mmtrack_ext.fileio import (
    FileFormatError,
    SequenceDetections,
    SequenceInfo,
    find_detections,
    read_detections,
    write_detections,
)

ARRAYS = ('frames', 'boxes', 'scores', 'labels', 'embeddings', 'displacements', 'centers')
SCALARS = ('num_frames', 'width', 'height', 'frame_rate')
MOT_ROW = [1, -1, 10, 20, 30, 40, 0.5, -1, -1, -1]


class Touch:
    """Makes a file when it is unpickled."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return Path.touch, (self.path,)


def full_sequence():
    """Five frames, of which 1 and 4 are empty; every column is known."""
    rng = np.random.default_rng(0)
    corners = rng.normal(0, 1000, (6, 2, 2))
    boxes = np.hstack([corners.min(axis=1), corners.max(axis=1)])
    boxes[0] = [-0.0, 5e-324, 1 / 3, 1e9]
    return SequenceDetections(
        frames=np.array([0, 0, 2, 3, 3, 3]),
        boxes=boxes,
        scores=rng.random(6),
        labels=rng.integers(0, 80, 6),
        num_frames=5,
        embeddings=rng.normal(size=(6, 7)).astype(np.float32),
        displacements=rng.normal(size=(6, 2)),
        centers=rng.normal(size=(6, 2)),
        camera_motion=rng.normal(size=(5, 2, 3)),
        width=1920,
        height=1080,
        frame_rate=30000 / 1001,
    )


def small_arrays(**changes):
    """What a small ``SEQ.npz`` holds; None leaves an array out."""
    arrays = {
        'frame': np.array([1, 2]),
        'boxes': np.array([[0.0, 0, 1, 1], [0, 0, 2, 2]]),
        'scores': np.array([0.5, 0.6]),
        'labels': np.array([0, 1]),
        'num_frames': np.array(2),
    } | changes
    return {name: np.asarray(array) for name, array in arrays.items() if array is not None}


def save_npz(folder, **changes):
    path = folder / 'SEQ.npz'
    np.savez(path, **small_arrays(**changes))
    return path


def save_npy(folder, table):
    path = folder / 'SEQ.npy'
    np.save(path, np.asarray(table))
    return path


def assert_identical(read, written):
    """Bit for bit: -0.0 is not 0.0."""
    for name in (*ARRAYS, 'camera_motion'):
        one, other = getattr(read, name), getattr(written, name)
        assert (one is None) == (other is None), name
        if one is not None:
            assert (one.dtype, one.shape) == (other.dtype, other.shape), name
            assert one.tobytes() == other.tobytes(), name
    for name in SCALARS:
        assert getattr(read, name) == getattr(written, name), name


def error_of(path, **arguments):
    with pytest.raises(ValueError, match='SEQ') as error:
        read_detections(path, **arguments)
    assert str(error.value).startswith(f'{path}: ')
    return str(error.value)


# --- .npz ---------------------------------------------------------------------------------------


def test_npz_round_trip_of_every_column_is_bit_for_bit(tmp_path):
    sequence = full_sequence()
    write_detections(tmp_path / 'new' / 'SEQ.npz', sequence)
    assert_identical(read_detections(tmp_path / 'new' / 'SEQ.npz'), sequence)


@pytest.mark.parametrize(
    'column', ['embeddings', 'displacements', 'centers', 'camera_motion', *SCALARS[1:]]
)
def test_npz_round_trip_without_a_column(tmp_path, column):
    sequence = replace(full_sequence(), **{column: None})
    write_detections(tmp_path / 'SEQ.npz', sequence)
    read = read_detections(tmp_path / 'SEQ.npz')
    assert getattr(read, column) is None
    assert_identical(read, sequence)


def test_npz_round_trip_without_rows(tmp_path):
    sequence = full_sequence().select(np.zeros(6, bool))
    write_detections(tmp_path / 'SEQ.npz', sequence)
    read = read_detections(tmp_path / 'SEQ.npz')
    assert_identical(read, sequence)
    assert [len(detections) for detections, _ in read] == [0, 0, 0, 0, 0]


def test_npz_holds_the_arrays_of_its_description(tmp_path):
    sequence = full_sequence()
    write_detections(tmp_path / 'SEQ.npz', sequence)
    with np.load(tmp_path / 'SEQ.npz', allow_pickle=False) as archive:
        arrays = dict(archive)
    assert {name: (array.dtype.str, array.shape) for name, array in arrays.items()} == {
        'frame': ('<i8', (6,)),
        'boxes': ('<f8', (6, 4)),
        'scores': ('<f8', (6,)),
        'labels': ('<i8', (6,)),
        'embeddings': ('<f4', (6, 7)),
        'displacements': ('<f8', (6, 2)),
        'centers': ('<f8', (6, 2)),
        'camera_motion': ('<f8', (5, 2, 3)),
        'num_frames': ('<i8', ()),
        'width': ('<i8', ()),
        'height': ('<i8', ()),
        'frame_rate': ('<f8', ()),
    }
    assert arrays['frame'].tolist() == [1, 1, 3, 4, 4, 4]
    assert arrays['num_frames'] == 5


def test_unsorted_npz_is_sorted_and_stable_within_a_frame(tmp_path):
    boxes = np.array([[k, k, k + 1.0, k + 1] for k in range(5)])
    path = save_npz(
        tmp_path,
        frame=np.array([4, 1, 4, 1, 2]),
        boxes=boxes,
        scores=np.arange(5) / 10,
        labels=np.arange(5),
        embeddings=np.arange(5, dtype=np.float32)[:, None],
        displacements=np.arange(10.0).reshape(5, 2),
        centers=np.arange(10.0, 20).reshape(5, 2),
        num_frames=4,
    )
    sequence = read_detections(path)
    assert sequence.frames.tolist() == [0, 0, 1, 3, 3]
    assert sequence.labels.tolist() == [1, 3, 4, 0, 2]
    assert sequence.boxes[:, 0].tolist() == [1, 3, 4, 0, 2]
    assert sequence.scores.tolist() == [0.1, 0.3, 0.4, 0, 0.2]
    assert sequence.embeddings.ravel().tolist() == [1, 3, 4, 0, 2]
    assert sequence.displacements[:, 0].tolist() == [2, 6, 8, 0, 4]
    assert sequence.centers[:, 1].tolist() == [13, 17, 19, 11, 15]


def test_npz_columns_become_the_documented_types(tmp_path):
    path = save_npz(
        tmp_path,
        frame=np.array([1, 2], np.int32),
        boxes=np.array([[0, 0, 1, 1], [0, 0, 2, 2]], np.float32),
        scores=np.array([1, 0]),
        labels=np.array([0.0, 1.0]),
        embeddings=np.zeros((2, 3)),
    )
    sequence = read_detections(path)
    assert sequence.frames.dtype == sequence.labels.dtype == np.int64
    assert sequence.boxes.dtype == sequence.scores.dtype == np.float64
    assert sequence.embeddings.dtype == np.float32


def test_other_arrays_of_an_npz_are_left_alone(tmp_path):
    assert len(read_detections(save_npz(tmp_path, frames=np.arange(9), _starts=1, ids=3))) == 2


@pytest.mark.parametrize('name', ['frame', 'boxes', 'scores', 'labels', 'num_frames'])
def test_a_missing_array_is_named(tmp_path, name):
    path = save_npz(tmp_path, **{name: None})
    assert error_of(path) == f'{path}: array {name!r} is missing'


@pytest.mark.parametrize(
    ('changes', 'problem'),
    [
        ({'frame': [1, 3]}, 'a row of frame 3, but the sequence has frames 1 to 2'),
        ({'frame': [0, 2]}, 'a row of frame 0, but the sequence has frames 1 to 2'),
        ({'frame': [1.5, 2]}, 'frame numbers must be'),
        ({'frame': [np.nan, 2]}, 'frame numbers must be'),
        ({'frame': [np.inf, 2]}, 'frame numbers must be'),
        ({'frame': ['1', '2']}, 'frame numbers must be'),
        ({'frame': [[1], [2]]}, 'frame numbers must be'),
        ({'scores': [0.5]}, "array 'scores' has shape (1,), 'frame' has (2,)"),
        ({'scores': [0.5, 0.6, 0.7]}, "array 'scores' has shape (3,), 'frame' has (2,)"),
        ({'boxes': np.zeros((1, 4))}, "array 'boxes' has shape (1, 4), 'frame' has (2,)"),
        ({'boxes': np.zeros((3, 4))}, "array 'boxes' has shape (3, 4), 'frame' has (2,)"),
        ({'labels': 1}, "array 'labels' has shape (), 'frame' has (2,)"),
        ({'embeddings': np.zeros((3, 8))}, "array 'embeddings' has shape (3, 8)"),
        ({'centers': np.zeros((3, 2))}, "array 'centers' has shape (3, 2)"),
        ({'boxes': np.zeros((2, 5))}, "'boxes'"),
        ({'boxes': [[0, 0, 1, 1], [5, 0, 4, 1]]}, 'Row 1 is'),
        ({'scores': [0.5, np.nan]}, "'scores' column of Detections must be finite. Row 1"),
        ({'scores': ['a', 'b']}, "array 'scores' must hold real numbers"),
        ({'labels': [0, 0.5]}, 'whole numbers'),
        ({'embeddings': np.zeros((2, 2, 2))}, "'embeddings'"),
        ({'displacements': np.zeros((2, 3))}, "'displacements'"),
        ({'camera_motion': np.zeros((2, 3))}, 'must have shape (2, 2, 3), got (2, 3)'),
        ({'camera_motion': np.zeros((3, 2, 3))}, 'must have shape (2, 2, 3), got (3, 2, 3)'),
        ({'camera_motion': np.zeros((2, 3, 3))}, 'must have shape (2, 2, 3), got (2, 3, 3)'),
        ({'num_frames': [2]}, "array 'num_frames' must hold one number"),
        ({'num_frames': 'two'}, "array 'num_frames' must hold one number"),
        ({'num_frames': np.inf}, "'num_frames' must be a whole number from 0 to 10000000"),
        ({'num_frames': np.nan}, "'num_frames' must be a whole number"),
        ({'num_frames': 2.5}, "'num_frames' must be a whole number"),
        ({'num_frames': 10**12}, "'num_frames' must be a whole number from 0 to 10000000"),
        ({'width': -3}, "'width' must be a whole number from 1"),
        ({'frame_rate': np.nan}, "'frame_rate' must be above 0"),
        ({'labels': [0, -1]}, "'labels' column of Detections must be >= 0. Row 1 is -1"),
        ({'scores': [0.5, 0.5j]}, "array 'scores' must hold real numbers"),
        ({'frame_rate': [30, 25]}, "array 'frame_rate' must hold one number"),
    ],
)
def test_a_wrong_array_is_named(tmp_path, changes, problem):
    assert problem in error_of(save_npz(tmp_path, **changes))


def test_the_last_frame_may_hold_rows(tmp_path):
    sequence = read_detections(save_npz(tmp_path, frame=[2, 2]))
    assert [len(detections) for detections, _ in sequence] == [0, 2]


def test_a_damaged_npz_is_named_wherever_the_damage_is(tmp_path):
    write_detections(tmp_path / 'good.npz', full_sequence())
    content = (tmp_path / 'good.npz').read_bytes()
    path, refused = tmp_path / 'SEQ.npz', 0
    for position in range(0, len(content), 5):
        damaged = bytearray(content)
        damaged[position] ^= 0xFF
        path.write_bytes(damaged)
        try:
            read_detections(path)
        except ValueError as error:
            assert str(error).startswith(f'{path}: ')  # noqa: PT017
            refused += 1
    assert refused > 100
    for length in (0, 1, 30, len(content) // 2, len(content) - 1):
        path.write_bytes(content[:length])
        error_of(path)


def test_a_file_of_another_kind_is_named(tmp_path):
    path = tmp_path / 'SEQ.npz'
    with path.open('wb') as file:
        np.save(file, np.zeros((2, 10)))
    error_of(path)
    path.write_text('1,-1,10,20,30,40,0.5')
    error_of(path)
    with zipfile.ZipFile(path, 'w') as archive:
        for name in small_arrays():
            archive.writestr(name, 'text')
    error_of(path)


# --- .npy ---------------------------------------------------------------------------------------


def test_npy_with_embeddings(tmp_path):
    table = np.array(
        [
            [3, -1, 10, 20, 30, 40, 0.5, -1, -1, -1, 0.25, -2],
            [1, -1, 1, 2, 3, 4, 0.75, -1, -1, -1, 1, 0],
            [3, -1, 5, 6, 7, 8, 0.25, -1, -1, -1, 0.5, 3],
        ]
    )
    sequence = read_detections(save_npy(tmp_path, table))
    assert len(sequence) == 3
    assert sequence.frames.tolist() == [0, 2, 2]
    assert sequence.boxes.tolist() == [[1, 2, 4, 6], [10, 20, 40, 60], [5, 6, 12, 14]]
    assert sequence.scores.tolist() == [0.75, 0.5, 0.25]
    assert sequence.labels.tolist() == [0, 0, 0]
    assert sequence.embeddings.tolist() == [[1, 0], [0.25, -2], [0.5, 3]]
    assert sequence.embeddings.dtype == np.float32


@pytest.mark.parametrize('dtype', [np.float64, np.float32])
def test_npy_of_ten_columns_has_no_embeddings(tmp_path, dtype):
    table = np.array([MOT_ROW, [2, -1, 1, 2, 3, 4, 0.5, 3, -1, -1]], dtype)
    table[0, 7] = 1
    sequence = read_detections(save_npy(tmp_path, table))
    assert sequence.embeddings is None
    assert sequence.labels.tolist() == [0, 2]
    assert sequence.boxes.dtype == np.float64
    assert sequence.boxes.tolist() == [[10, 20, 40, 60], [1, 2, 4, 6]]


def test_npy_without_rows(tmp_path):
    sequence = read_detections(save_npy(tmp_path, np.empty((0, 12))))
    assert len(sequence) == 0
    assert sequence.embeddings.shape == (0, 2)


@pytest.mark.parametrize(
    'table',
    [
        np.array(MOT_ROW),
        np.array([MOT_ROW[:9]]),
        np.array([[MOT_ROW]]),
        np.array([MOT_ROW]).astype(str),
        np.array([MOT_ROW]) > 0,
        np.array([MOT_ROW]) + 0j,
        np.array(3.0),
    ],
    ids=['one row', '9 columns', '3 axes', 'text', 'bool', 'complex', 'scalar'],
)
def test_npy_of_another_shape_or_type_is_refused(tmp_path, table):
    assert 'expected numbers of shape (N, 10 + C)' in error_of(save_npy(tmp_path, table))


def test_seven_columns_before_the_embedding_must_be_said(tmp_path):
    embedding = np.random.default_rng(0).normal(size=(1, 128)).astype(np.float32)
    path = save_npy(tmp_path, np.hstack([[MOT_ROW[:7]], embedding]))
    assert 'columns 9 and 10 are not -1' in error_of(path)
    sequence = read_detections(path, mot_columns=7)
    np.testing.assert_array_equal(sequence.embeddings, embedding, strict=True)
    assert sequence.boxes.tolist() == [[10, 20, 40, 60]]
    assert sequence.labels.tolist() == [0]


@pytest.mark.parametrize(
    ('column', 'value', 'problem'),
    [
        (0, 0, 'frame numbers from 1'),
        (0, -3, 'frame numbers from 1'),
        (0, 1.5, 'whole numbers from 1'),
        (0, np.nan, 'whole numbers from 1'),
        (0, np.inf, 'whole numbers from 1'),
        (0, 1e300, 'whole numbers from 1'),
        (2, np.nan, "'boxes' column of Detections must be finite"),
        (4, -1, 'x1 <= x2'),
        (6, np.inf, "'scores' column of Detections must be finite"),
        (8, 0, 'columns 9 and 10 are not -1'),
        (9, 5, 'columns 9 and 10 are not -1'),
        (10, np.nan, "'embeddings' column of Detections must be finite"),
    ],
)
def test_a_bad_number_in_npy_is_refused(tmp_path, column, value, problem):
    table = np.array([[*MOT_ROW, 0.5]] * 2)
    table[1, column] = value
    assert problem in error_of(save_npy(tmp_path, table))


def test_a_damaged_npy_is_named(tmp_path):
    path = save_npy(tmp_path, np.array([MOT_ROW] * 9))
    content = path.read_bytes()
    for length in (0, 4, 50, len(content) - 9):
        path.write_bytes(content[:length])
        assert 'this is no .npy of numbers' in error_of(path)
    path.write_bytes(content.replace(b"'descr'", b"('descr'"))
    assert 'this is no .npy of numbers' in error_of(path)
    with path.open('wb') as file:
        np.savez(file, **small_arrays())
    assert 'this is an .npz' in error_of(path)


# --- no code is run -----------------------------------------------------------------------------


def test_the_trap_works(tmp_path):
    trap = np.array([Touch(tmp_path / 'sprung')], dtype=object)
    np.save(tmp_path / 'SEQ.npy', trap)
    np.load(tmp_path / 'SEQ.npy', allow_pickle=True)
    assert (tmp_path / 'sprung').exists()


@pytest.mark.parametrize('suffix', ['.npy', '.npz', '.txt'])
def test_a_pickle_is_refused_unread(tmp_path, suffix):
    path = tmp_path / f'SEQ{suffix}'
    path.write_bytes(pickle.dumps(Touch(tmp_path / 'sprung')))
    error_of(path)
    assert not (tmp_path / 'sprung').exists()


def test_an_object_array_is_refused_unread(tmp_path):
    trap = np.array([[Touch(tmp_path / 'sprung')] * 10], dtype=object)
    error_of(save_npy(tmp_path, trap))
    error_of(save_npz(tmp_path, scores=trap[0, :2]))
    error_of(save_npz(tmp_path, something_else=trap[0]))
    assert not (tmp_path / 'sprung').exists()


# --- text, and what the file does not say --------------------------------------------------------

INFO = SequenceInfo('SEQ', 6, width=640, height=480, frame_rate=25.0)


def test_text_takes_its_length_from_the_last_detected_frame_or_from_info(tmp_path):
    path = tmp_path / 'SEQ.txt'
    path.write_text('4,-1,10,20,30,40,0.5,3,-1,-1\n2,-1,1,2,3,4,0.25,1,-1,-1\n')
    sequence = read_detections(path)
    assert [len(detections) for detections, _ in sequence] == [0, 1, 0, 1]
    assert [getattr(sequence, name) for name in SCALARS] == [4, None, None, None]
    assert sequence.labels.tolist() == [0, 2]
    with_info = read_detections(str(path), info=INFO)
    assert [getattr(with_info, name) for name in SCALARS] == [6, 640, 480, 25.0]
    assert [len(detections) for detections, _ in with_info] == [0, 1, 0, 1, 0, 0]
    assert len(read_detections(path, info=SequenceInfo('SEQ', 4))) == 4
    with pytest.raises(FileFormatError, match=f'{path}, line 1: a row of frame 4.* at frame 3'):
        read_detections(path, info=SequenceInfo('SEQ', 3))


def test_empty_text_is_an_empty_sequence(tmp_path):
    (tmp_path / 'SEQ.txt').write_text('')
    assert len(read_detections(tmp_path / 'SEQ.txt')) == 0
    assert [len(d) for d, _ in read_detections(tmp_path / 'SEQ.txt', info=INFO)] == [0] * 6


def test_npy_takes_info_too(tmp_path):
    sequence = read_detections(save_npy(tmp_path, [MOT_ROW]), info=INFO)
    assert [getattr(sequence, name) for name in SCALARS] == [6, 640, 480, 25.0]


def test_npz_keeps_what_it_says_and_takes_the_rest_from_info(tmp_path):
    sequence = read_detections(save_npz(tmp_path, width=1920), info=INFO)
    assert [getattr(sequence, name) for name in SCALARS] == [2, 1920, 480, 25.0]


@pytest.mark.parametrize('name', ['SEQ.txt', 'SEQ.npy', 'SEQ.npz'])
def test_a_missing_file_is_named(tmp_path, name):
    with pytest.raises(FileNotFoundError, match=name):
        read_detections(tmp_path / name)


# --- frames, selections, spans -------------------------------------------------------------------


def test_a_frame_holds_its_rows():
    sequence = full_sequence()
    rows = [slice(0, 2), slice(0, 0), slice(2, 3), slice(3, 6), slice(0, 0)]
    assert len(sequence) == 5
    for frame, expected in enumerate(rows):
        for name in ARRAYS[1:]:
            np.testing.assert_array_equal(
                getattr(sequence[frame], name), getattr(sequence, name)[expected], strict=True
            )


def test_columns_that_are_not_known_stay_unknown():
    sequence = replace(full_sequence(), embeddings=None, displacements=None, centers=None)
    assert sequence[0].embeddings is sequence[0].displacements is sequence[0].centers is None


@pytest.mark.parametrize('frame', [-1, 5])
def test_a_frame_outside_is_an_index_error(frame):
    with pytest.raises(IndexError, match=f'frame {frame} of a sequence of 5 frames'):
        full_sequence()[frame]


def test_iteration_gives_detections_and_camera_motion():
    sequence = full_sequence()
    pairs = list(sequence)
    assert [len(detections) for detections, _ in pairs] == [2, 0, 1, 3, 0]
    np.testing.assert_array_equal([warp for _, warp in pairs], sequence.camera_motion)
    assert [warp for _, warp in replace(sequence, camera_motion=None)] == [None] * 5


def test_select_keeps_the_rows_of_a_mask_and_the_length():
    sequence = full_sequence()
    kept = sequence.select(np.array([0, 1, 0, 1, 0, 1], bool))
    assert [len(detections) for detections, _ in kept] == [1, 0, 0, 2, 0]
    for name in ARRAYS:
        np.testing.assert_array_equal(getattr(kept, name), getattr(sequence, name)[[1, 3, 5]])
    assert kept.camera_motion is sequence.camera_motion
    assert [getattr(kept, name) for name in SCALARS] == [5, 1920, 1080, 30000 / 1001]
    assert [len(detections) for detections, _ in sequence] == [2, 0, 1, 3, 0]


@pytest.mark.parametrize(
    ('num_frames', 'first', 'last', 'length'),
    [(10, 7, 10, 4), (9, 6, 9, 4), (600, 302, 600, 299), (3, 3, 3, 1)],
)
def test_the_second_half_counts_from_one_again(num_frames, first, last, length):
    """Second half = frames > L // 2 + 1, counted from 1; one box a frame, its score the frame."""
    sequence = SequenceDetections(
        frames=np.arange(num_frames),
        boxes=np.tile([0.0, 0, 1, 1], (num_frames, 1)),
        scores=np.arange(1.0, num_frames + 1),
        labels=np.zeros(num_frames, np.int64),
        num_frames=num_frames,
        camera_motion=np.tile(np.arange(1.0, num_frames + 1)[:, None, None], (1, 2, 3)),
    )
    half = sequence.span(len(sequence) // 2 + 1, len(sequence))
    assert (len(half), half.num_frames) == (length, length)
    assert half.frames.tolist() == list(range(length))
    assert half.scores.tolist() == list(range(first, last + 1))
    assert half.camera_motion[:, 0, 0].tolist() == list(range(first, last + 1))
    assert [detections.scores.tolist() for detections, _ in half] == [
        [score] for score in range(first, last + 1)
    ]


def test_a_span_keeps_empty_frames_at_both_ends():
    part = full_sequence().span(1, 5)
    assert [len(detections) for detections, _ in part] == [0, 1, 3, 0]
    assert part.frames.tolist() == [1, 2, 2, 2]
    assert part.camera_motion.shape == (4, 2, 3)
    assert (part.width, part.height) == (1920, 1080)
    first = full_sequence().span(0, 3)
    assert [len(detections) for detections, _ in first] == [2, 0, 1]
    np.testing.assert_array_equal(first.boxes, full_sequence().boxes[:3])


# --- finding files -------------------------------------------------------------------------------


def make_files(folder, *names):
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()


def found(path, root):
    return {name: file.relative_to(root).as_posix() for name, file in find_detections(path).items()}


def test_npz_goes_before_npy_before_txt_before_folders(tmp_path):
    make_files(tmp_path, 'A.npz', 'A.npy', 'A.txt', 'A/det/det.txt')
    make_files(tmp_path, 'B.npy', 'B.txt', 'B/det/det.txt')
    make_files(tmp_path, 'D.txt', 'D/det/det.txt', 'C/det/det.txt')
    make_files(tmp_path, 'E.csv', 'F/det.txt', 'G/gt/gt.txt', 'H/I/det/det.txt', 'seqmap')
    assert found(tmp_path, tmp_path) == {
        'A': 'A.npz',
        'B': 'B.npy',
        'C': 'C/det/det.txt',
        'D': 'D.txt',
    }
    assert list(find_detections(str(tmp_path))) == ['A', 'B', 'C', 'D']


@pytest.mark.parametrize(
    ('file', 'name'),
    [
        ('MOT17-02.npz', 'MOT17-02'),
        ('MOT17-02.npy', 'MOT17-02'),
        ('MOT17-02.v2.txt', 'MOT17-02.v2'),
        ('MOT17-02/det/det.txt', 'MOT17-02'),
        ('det/other.txt', 'other'),
        ('other/det.txt', 'det'),
    ],
)
def test_a_single_file_gives_the_name(tmp_path, file, name):
    make_files(tmp_path, file)
    assert found(tmp_path / file, tmp_path) == {name: file}


def test_a_single_file_gives_the_name_from_inside_its_folder(tmp_path, monkeypatch):
    make_files(tmp_path, 'MOT17-02/det/det.txt')
    monkeypatch.chdir(tmp_path / 'MOT17-02')
    assert find_detections('det/det.txt') == {'MOT17-02': Path('det/det.txt')}
    monkeypatch.chdir(tmp_path / 'MOT17-02' / 'det')
    assert find_detections('det.txt') == {'det': Path('det.txt')}


def test_nothing_found_is_an_error(tmp_path):
    with pytest.raises(FileNotFoundError, match='nowhere'):
        find_detections(tmp_path / 'nowhere')
    make_files(tmp_path, 'notes.md', 'A/gt/gt.txt')
    with pytest.raises(ValueError, match=r'no detections; expected SEQ\.npz') as error:
        find_detections(tmp_path)
    assert str(error.value).startswith(f'{tmp_path}: ')


# --- any sequence --------------------------------------------------------------------------------


@st.composite
def sequences(draw):
    num_frames = draw(st.integers(0, 8))
    num_rows = draw(st.integers(0, 12)) if num_frames else 0

    def table(width, dtype=np.float64, bound=1e6):
        bits = np.dtype(dtype).itemsize * 8
        elements = st.floats(-bound, bound, width=bits)
        return draw(hnp.arrays(dtype, (num_rows, width), elements=elements))

    def maybe(value):
        return value if draw(st.booleans()) else None

    corners = table(4)
    frames = draw(hnp.arrays(np.int64, num_rows, elements=st.integers(0, max(num_frames - 1, 0))))
    warps = hnp.arrays(np.float64, (num_frames, 2, 3), elements=st.floats(-10, 10))
    return SequenceDetections(
        frames=np.sort(frames),
        boxes=np.hstack(
            [np.minimum(corners[:, :2], corners[:, 2:]), np.maximum(corners[:, :2], corners[:, 2:])]
        ),
        scores=table(1)[:, 0],
        labels=draw(hnp.arrays(np.int64, num_rows, elements=st.integers(0, 1000))),
        num_frames=num_frames,
        embeddings=maybe(table(draw(st.integers(1, 5)), np.float32)),
        displacements=maybe(table(2)),
        centers=maybe(table(2)),
        camera_motion=maybe(draw(warps)),
        width=maybe(draw(st.integers(1, 4000))),
        height=maybe(draw(st.integers(1, 4000))),
        frame_rate=maybe(draw(st.floats(0.1, 1000))),
    )


@settings(max_examples=60, deadline=None, derandomize=True)
@given(sequence=sequences())
def test_writing_and_reading_any_sequence_changes_nothing(tmp_path_factory, sequence):
    path = tmp_path_factory.mktemp('any') / 'SEQ.npz'
    write_detections(path, sequence)
    assert_identical(read_detections(path), sequence)


@pytest.mark.parametrize('frames', [[1, 0], [0, 5], [-1, 0]])
def test_rows_out_of_order_or_outside_the_sequence_are_refused(frames):
    boxes = np.array([[0, 0, 1, 1], [0, 0, 1, 1]], float)
    with pytest.raises(ValueError, match='must be ascending, from 0 to 4'):
        SequenceDetections(np.array(frames), boxes, np.ones(2), np.zeros(2, np.int64), num_frames=5)


def test_camera_motion_that_is_not_finite_is_refused(tmp_path):
    warps = np.tile(np.eye(2, 3), (1, 1, 1))
    warps[0, 0, 2] = np.nan
    sequence = SequenceDetections(
        np.zeros(1, np.int64),
        np.array([[0.0, 0, 1, 1]]),
        np.ones(1),
        np.zeros(1, np.int64),
        num_frames=1,
        camera_motion=warps,
    )
    write_detections(tmp_path / 'SEQ.npz', sequence)
    with pytest.raises(FileFormatError, match="'camera_motion' must hold finite numbers"):
        read_detections(tmp_path / 'SEQ.npz')


def test_one_sequence_may_be_named_by_its_folder(tmp_path):
    path = tmp_path / 'MOT17-02' / 'det' / 'det.txt'
    path.parent.mkdir(parents=True)
    path.write_text('')
    (tmp_path / 'a.txt').mkdir()  # no file, in spite of its name
    for folder in (tmp_path, path.parents[1], path.parent):
        assert find_detections(folder) == {'MOT17-02': path}
