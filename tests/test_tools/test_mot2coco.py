"""Conversion to COCO-video: exact numbers, the published half, one-line errors."""

from __future__ import annotations

import importlib.util
import json
import shutil
import sys
from collections import Counter

import cv2
import numpy as np
import pytest

from mmtrack_ext.datasets.mot_video import MOTVideoDataset
from mmtrack_ext.fileio import read_detections, read_ground_truth


@pytest.fixture
def convert(root, monkeypatch, capsys):
    """Run the tool in this process; returns what it printed."""
    path = root / 'tools' / 'dataset_converters' / 'mot2coco.py'
    spec = importlib.util.spec_from_file_location('mot2coco', path)
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, 'mot2coco', module)
    monkeypatch.setattr(sys, 'path', list(sys.path))
    spec.loader.exec_module(module)

    def run(source, target, *options):
        monkeypatch.setattr(sys, 'argv', ['mot2coco.py', '-i', str(source), '-o', str(target)])
        sys.argv += options
        module.main()
        return capsys.readouterr()

    return run


@pytest.fixture
def make(tmp_path):
    """Write a sequence of ``tmp_path/data``: its ground truth is given as text."""

    def write(split, name, num_frames, truth=None, *, size=(32, 24), det=None):
        folder = tmp_path / 'data' / split / name
        folder.mkdir(parents=True)
        text = f'[Sequence]\nname={name}\nframeRate=25\nseqLength={num_frames}\n'
        if size:
            text += f'imWidth={size[0]}\nimHeight={size[1]}\n'
        (folder / 'seqinfo.ini').write_text(text)
        for part, content in (('gt', truth), ('det', det)):
            if content is not None:
                (folder / part).mkdir()
                (folder / part / f'{part}.txt').write_text(content)
        return folder

    return write


def load(folder, split):
    return json.loads((folder / f'{split}_cocoformat.json').read_text())


def test_every_number_of_a_small_set(tmp_path, make, convert):
    make('train', 'MOT17-04-SDP', 1, '1,3,1,2,3,4,1,1,0.5\n')
    make(
        'train',
        'MOT17-02-FRCNN',
        2,
        '2,3,10.5,-2.25,4.5,6,1,1,0.75\n'  # a pedestrian
        '1,3,10,2,4,6,0,1,0.5\n'  # a pedestrian that is not scored
        '1,9,1,2,3,4,0,7,1\n'  # a static person, a distractor
        '1,4,5,6,7,8,0,3,1\n',  # a car
    )
    printed = convert(tmp_path / 'data', tmp_path / 'out').out
    content = load(tmp_path / 'out', 'train')
    assert content['categories'] == [dict(id=1, name='pedestrian')]
    assert content['videos'] == [
        dict(id=1, name='MOT17-02-FRCNN', fps=25.0, width=32, height=24),
        dict(id=2, name='MOT17-04-SDP', fps=25.0, width=32, height=24),
    ]
    assert content['images'][1] == dict(
        id=2,
        video_id=1,
        file_name='MOT17-02-FRCNN/img1/000002.jpg',
        width=32,
        height=24,
        frame_id=1,
        mot_frame_id=2,
    )
    assert [image['id'] for image in content['images']] == [1, 2, 3]
    names = ('id', 'image_id', 'video_id', 'bbox', 'area', 'iscrowd', 'instance_id', 'visibility')
    rows = [tuple(row[name] for name in names) for row in content['annotations']]
    assert rows == [
        (1, 1, 1, [10, 2, 4, 6], 24, 1, 0, 0.5),
        (2, 1, 1, [1, 2, 3, 4], 12, 1, 1, 1.0),
        (3, 2, 1, [10.5, -2.25, 4.5, 6], 27, 0, 0, 0.75),
        (4, 3, 2, [1, 2, 3, 4], 12, 0, 2, 0.5),
    ]
    names = ('category_id', 'mot_instance_id', 'mot_class_id', 'mot_conf')
    rows = [tuple(row[name] for name in names) for row in content['annotations']]
    assert rows == [(1, 3, 1, 0), (1, 9, 7, 0), (1, 3, 1, 1), (1, 3, 1, 1)]
    assert content['num_instances'] == 3
    assert '2 sequences, 3 frames, 3 objects, boxes: 2 targets, 2 ignored, 1 of other' in printed
    assert str(tmp_path / 'out' / 'train_cocoformat.json') in printed


@pytest.mark.parametrize(
    ('length', 'first', 'second'), [(7, [1, 2, 3, 4], [5, 6, 7]), (4, [1, 2, 3], [4])]
)
def test_halves(tmp_path, make, convert, length, first, second):
    """Frames up to, and after, length // 2 + 1."""
    truth = ''.join(f'{n},0,{n},2,3,4,1,1,1\n' for n in range(1, length + 1))
    folder = make('train', 'MOT20-01', length, truth)
    printed = convert(tmp_path / 'data', tmp_path / 'out', '--split-train').out
    for split, numbers in (('half-train', first), ('half-val', second)):
        images = load(tmp_path / 'out', split)['images']
        assert [image['mot_frame_id'] for image in images] == numbers
        assert [image['frame_id'] for image in images] == list(range(len(numbers)))
        assert [image['id'] for image in images] == list(range(1, len(numbers) + 1))
        assert images[0]['file_name'] == f'MOT20-01/img1/{numbers[0]:06d}.jpg'
        half = read_ground_truth(folder / 'gt' / f'gt_{split}.txt')
        assert half.frames.tolist() == list(range(len(numbers)))
        assert half.boxes_tlwh[:, 0].tolist() == numbers
        assert f'wrote gt/gt_{split}.txt' in printed
    assert len(load(tmp_path / 'out', 'train')['images']) == length


def test_a_sequence_too_short_for_a_second_half_is_left_out_of_it(tmp_path, make, convert):
    make('train', 'MOT20-01', 1, '1,1,1,2,3,4,1,1,1\n')
    make('train', 'MOT20-02', 3, '1,1,1,2,3,4,1,1,1\n')
    printed = convert(tmp_path / 'data', tmp_path / 'out', '--split-train').err
    assert 'warning: MOT20-01: too short for a second half' in printed
    assert [video['name'] for video in load(tmp_path / 'out', 'half-val')['videos']] == ['MOT20-02']


@pytest.mark.parametrize(
    ('name', 'ignored', 'left_out'),
    [
        # TrackEval: person on vehicle, static person, distractor, reflection; MOT20 has
        # vehicles that do not move by motor, too.
        ('MOT16-02', [2, 7, 8, 12], [3, 4, 5, 6, 9, 10, 11, 13]),
        ('MOT17-02-DPM', [2, 7, 8, 12], [3, 4, 5, 6, 9, 10, 11, 13]),
        ('MOT20-01', [2, 6, 7, 8, 12], [3, 4, 5, 9, 10, 11, 13]),
        ('dancetrack0004', [], [2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13]),
    ],
)
def test_what_is_ignored_and_left_out(tmp_path, make, convert, name, ignored, left_out):
    truth = ''.join(f'1,{c},1,2,3,4,{int(c == 1)},{c},1\n' for c in range(1, 14))
    make('train', name, 1, truth)
    printed = convert(tmp_path / 'data', tmp_path / 'out').out
    rows = load(tmp_path / 'out', 'train')['annotations']
    assert {row['mot_class_id'] for row in rows if row['iscrowd']} == set(ignored)
    assert [row['mot_class_id'] for row in rows if not row['iscrowd']] == [1]
    assert f'{len(left_out)} of other classes left out' in printed


def test_mot15_has_no_classes_but_flags(tmp_path, make, convert):
    make('train', 'TUD-Campus', 1, '1,1,1,2,3,4,1,5.1,6.2,7.3\n1,2,1,2,3,4,0,-1,-1,-1\n')
    convert(tmp_path / 'data', tmp_path / 'out')
    rows = load(tmp_path / 'out', 'train')['annotations']
    assert [(row['category_id'], row['iscrowd'], row['visibility']) for row in rows] == [
        (1, 0, 1.0),
        (1, 1, 1.0),
    ]


def test_several_classes_of_a_set_of_ones_own(tmp_path, make, convert):
    make('train', 'SynthMOT-01', 1, '1,1,1,2,3,4,1,1,1\n1,2,1,2,3,4,1,3,1\n1,2,1,2,3,4,0,1,0\n')
    make('val', 'SynthMOT-02', 1, '1,1,1,2,3,4,1,1,1\n')
    convert(tmp_path / 'data', tmp_path / 'out')
    names = [dict(id=1, name='pedestrian'), dict(id=3, name='class 3')]
    assert load(tmp_path / 'out', 'val')['categories'] == names
    rows = load(tmp_path / 'out', 'train')['annotations']
    assert [(row['category_id'], row['iscrowd'], row['instance_id']) for row in rows] == [
        (1, 0, 0),
        (3, 0, 1),
        (1, 1, 2),  # id 2 again, but of another class: another object, as in TrackEval
    ]
    convert(tmp_path / 'data', tmp_path / 'out', '--classes', 'person', 'car', 'van')
    names = [category['name'] for category in load(tmp_path / 'out', 'train')['categories']]
    assert names == ['person', 'car', 'van']
    with pytest.raises(ValueError, match=r'--classes must be different names\. Got car car van'):
        convert(tmp_path / 'data', tmp_path / 'out', '--classes', 'car', 'car', 'van')
    with pytest.raises(ValueError, match='--classes names 2, but SynthMOT-01 has class 3'):
        convert(tmp_path / 'data', tmp_path / 'out', '--classes', 'person', 'car')


def test_a_stray_class_number_makes_one_category(tmp_path, make, convert):
    make('train', 'A', 1, '1,1,1,2,3,4,1,1,1\n1,2,1,2,3,4,1,100000000,1\n')
    convert(tmp_path / 'data', tmp_path / 'out')
    ids = [category['id'] for category in load(tmp_path / 'out', 'train')['categories']]
    assert ids == [1, 100000000]


def test_rules_can_be_chosen(tmp_path, make, convert):
    make('train', 'street-1', 1, '1,1,1,2,3,4,1,1,1\n1,2,1,2,3,4,0,7,1\n')
    convert(tmp_path / 'data', tmp_path / 'out', '--benchmark', 'MOT17')
    content = load(tmp_path / 'out', 'train')
    assert len(content['categories']) == 1
    assert [row['iscrowd'] for row in content['annotations']] == [0, 1]


def test_size_and_names_of_images_that_are_there(tmp_path, make, convert):
    folder = make('train', 'dancetrack0001', 2, '1,0,1,2,3,4,1,1,1\n', size=None)
    (folder / 'img1').mkdir()
    for number in (1, 2):
        image = np.zeros((20, 30, 3), np.uint8)
        cv2.imwrite(str(folder / 'img1' / f'{number:08d}.jpg'), image)
    convert(tmp_path / 'data', tmp_path / 'out')
    content = load(tmp_path / 'out', 'train')
    image = content['images'][1]
    assert image['file_name'] == 'dancetrack0001/img1/00000002.jpg'
    assert (image['width'], image['height']) == (30, 20)
    assert content['annotations'][0]['mot_instance_id'] == 0
    options = dict(data_root=str(tmp_path), data_prefix=dict(img_path='data/train/'))
    pipeline = [dict(type='LoadImageFromFile'), dict(type='PackFrameInputs')]
    dataset = MOTVideoDataset('out/train_cocoformat.json', pipeline=pipeline, **options)
    assert dataset[1]['inputs'].shape == (3, 20, 30)
    assert dataset.get_data_info(0)['instances'][0]['instance_id'] == 0


def test_test_sequences_need_no_ground_truth(tmp_path, make, convert):
    make('test', 'MOT17-01-DPM', 2)
    convert(tmp_path / 'data', tmp_path / 'out')
    content = load(tmp_path / 'out', 'test')
    assert (len(content['images']), content['annotations']) == (2, [])
    assert not (tmp_path / 'out' / 'train_cocoformat.json').exists()


def test_detections_are_cached_whole_and_by_halves(tmp_path, make, convert):
    det = ''.join(f'{n},-1,{n},2,3,4,0.5\n' for n in (4, 1, 3))
    make('train', 'MOT17-02-SDP', 4, '1,1,1,2,3,4,1,1,1\n', det=det)
    convert(tmp_path / 'data', tmp_path / 'out', '--split-train', '--convert-det')
    for split, frames, lefts, length in (
        ('train', [0, 2, 3], [1, 3, 4], 4),
        ('half-train', [0, 2], [1, 3], 3),
        ('half-val', [0], [4], 1),
    ):
        cached = read_detections(tmp_path / 'out' / f'{split}_detections' / 'MOT17-02-SDP.npz')
        assert (cached.frames.tolist(), cached.boxes[:, 0].tolist()) == (frames, lefts)
        assert (len(cached), cached.width, cached.frame_rate) == (length, 32, 25)


def test_mistakes_are_one_line_and_nothing_is_written(tmp_path, make, convert):
    def problem(pattern, *options, source=tmp_path / 'data', error=ValueError):
        with pytest.raises(error, match=pattern) as caught:
            convert(source, tmp_path / 'out', *options)
        assert '\n' not in str(caught.value)
        assert not (tmp_path / 'out').exists()

    problem(r'expected train, val or test with SEQ/seqinfo\.ini')
    folder = make('train', 'A', 2, '1,1,1,2,3,4,1,1,1\n')
    layout = r'train: expected train, val or test .* this looks like the inside of one of them'
    problem(layout, source=tmp_path / 'data' / 'train')
    problem(r'--convert-det: \S*A/det/det\.txt is missing', '--convert-det')
    (folder / 'gt' / 'gt.txt').write_text('1,1,1,2,3,4,1,1,1\n3,1,1,2,3,4,1,1,1\n')
    problem(r'gt\.txt: a row of frame 3, but seqLength is 2')
    (folder / 'gt' / 'gt.txt').write_text('1,1,1,2,3,4,1,0,1\n')
    problem('A: class 0, but classes count from 1')
    (folder / 'gt' / 'gt.txt').write_text('1,1,1,2,three,4,1,1,1\n')
    problem(r'gt\.txt, line 1: ')
    (folder / 'gt' / 'gt.txt').unlink()
    problem(r'gt/gt\.txt', error=FileNotFoundError)
    (folder / 'seqinfo.ini').write_text('[Sequence]\nseqLength=2\n')
    problem(r'imWidth or imHeight is missing or 0, and there is no image .*000001\.jpg')
    (folder / 'seqinfo.ini').write_text('[Sequence]\nseqLength=2\nimWidth=0\nimHeight=9\n')
    (folder / 'gt' / 'gt.txt').write_text('1,1,1,2,3,4,1,1,1\n')
    problem(r'imWidth or imHeight is missing or 0, and there is no image .*000001\.jpg')
    (folder / 'seqinfo.ini').unlink()
    problem(r'A: seqinfo\.ini is missing')
    shutil.rmtree(tmp_path / 'data' / 'train')
    make('val', 'A', 2, '1,1,1,2,3,4,1,1,1\n')
    problem('--split-train: .* has no folder train', '--split-train')


def test_halves_need_a_place_before_anything_is_written(tmp_path, make, convert, monkeypatch):
    folder = make('train', 'A', 2, '1,1,1,2,3,4,1,1,1\n')
    monkeypatch.setattr('os.access', lambda path, mode: path != folder / 'gt')  # root may write all
    with pytest.raises(ValueError, match=r'--split-train writes .* into \S*A/gt, which is read-on'):
        convert(tmp_path / 'data', tmp_path / 'out', '--split-train')
    assert not (tmp_path / 'out').exists()


def test_command_line_exits_with_one_line(tmp_path, run_tool):
    finished = run_tool('dataset_converters/dancetrack2coco.py', '-i', tmp_path, '-o', tmp_path)
    assert finished.returncode == 2
    assert finished.stderr.startswith(f'error: {tmp_path}: expected train, val or test with')
    assert finished.stderr.count('\n') == 1


@pytest.fixture
def real(shared_data, tmp_path, convert):
    """Convert a copy of a real sequence's folder; returns the output folder."""

    def run(benchmark, split, names, *options):
        for name in names:
            source = shared_data / benchmark / split / name
            shutil.copytree(source, tmp_path / 'data' / split / name)
        convert(tmp_path / 'data', tmp_path / 'out', *options)
        return tmp_path / 'out'

    return run


def lines_of(path):
    return [line.split(',') for line in path.read_text().splitlines() if line.strip()]


def test_mot17_counts_equal_a_naive_count(real, tmp_path):
    content = load(real('MOT17', 'train', ['MOT17-02-FRCNN']), 'train')
    lines = lines_of(tmp_path / 'data/train/MOT17-02-FRCNN/gt/gt.txt')
    assert len(content['images']) == 600
    found = Counter((row['mot_class_id'], row['iscrowd']) for row in content['annotations'])
    expected = Counter((int(line[7]), int(line[7] != '1')) for line in lines)
    ignored = {(number, 1): expected[number, 1] for number in (2, 7, 8, 12)}
    assert found == Counter({(1, 0): expected[1, 0]} | ignored)
    assert expected[1, 0] == 18581  # counted with awk, too
    boxes = {
        (row['image_id'], row['mot_instance_id'], *row['bbox']) for row in content['annotations']
    }
    kept = [line for line in lines if line[7] in ('1', '2', '7', '8', '12')]
    assert boxes == {tuple(float(field) for field in line[:6]) for line in kept}


@pytest.mark.parametrize('name', ['MOT17-05-FRCNN', 'MOT17-09-FRCNN'])
def test_second_half_is_the_published_one(real, shared_data, tmp_path, name):
    out = real('MOT17', 'train', [name], '--split-train')
    published = read_ground_truth(shared_data / 'MOT17' / 'val_half' / name / 'gt' / 'gt.txt')
    ours = read_ground_truth(tmp_path / 'data' / 'train' / name / 'gt' / 'gt_half-val.txt')
    mine, theirs = (np.lexsort((truth.ids, truth.frames)) for truth in (ours, published))
    for column in ('frames', 'ids', 'boxes_tlwh', 'flags', 'classes'):
        np.testing.assert_array_equal(
            getattr(ours, column)[mine], getattr(published, column)[theirs]
        )
    targets = published[(published.classes == 1) & (published.flags == 1)]
    rows = [row for row in load(out, 'half-val')['annotations'] if not row['iscrowd']]
    found = {(row['image_id'] - 1, row['mot_instance_id'], *row['bbox']) for row in rows}
    assert found == {
        (frame, number, *box)
        for frame, number, box in zip(
            targets.frames.tolist(), targets.ids.tolist(), targets.boxes_tlwh.tolist(), strict=True
        )
    }


def test_dancetrack_keeps_id_zero(real, shared_data):
    name = 'dancetrack0026'
    rows = load(real('DanceTrack', 'val', [name]), 'val')['annotations']
    lines = lines_of(shared_data / 'DanceTrack' / 'val' / name / 'gt' / 'gt.txt')
    assert len(rows) == len(lines)
    zeros = sum(line[1] == '0' for line in lines)
    assert zeros > 0
    assert sum(row['mot_instance_id'] == 0 for row in rows) == zeros
    assert sum(row['instance_id'] == 0 for row in rows) == zeros  # the first to be seen


def test_mot15_keeps_fractions(real, shared_data):
    rows = load(real('MOT15', 'train', ['PETS09-S2L1']), 'train')['annotations']
    lines = lines_of(shared_data / 'MOT15' / 'train' / 'PETS09-S2L1' / 'gt' / 'gt.txt')
    expected = {(int(line[0]), int(line[1]), *map(float, line[2:6])) for line in lines}
    assert {(row['image_id'], row['mot_instance_id'], *row['bbox']) for row in rows} == expected
    assert any(row['bbox'][2] % 1 for row in rows)
