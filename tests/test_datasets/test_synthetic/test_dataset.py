from __future__ import annotations

import cv2
import numpy as np
import pytest

from mmtrack_ext.datasets.synthetic import (
    CLASS_NAMES,
    SPLITS,
    SyntheticFrame,
    ground_truth,
    plan_synth_mot,
    render_sequence,
    write_synth_mot,
)
from mmtrack_ext.evaluation.protocols import infer_protocol
from mmtrack_ext.fileio import read_ground_truth, read_sequence_info

TINY = dict(num_sequences=2, num_frames=4, size=(160, 96))


def files_of(folder):
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob('*')
        if path.is_file()
    }


@pytest.fixture(scope='module')
def written(tmp_path_factory):
    folder = tmp_path_factory.mktemp('synth')
    write_synth_mot(folder, num_classes=3, **TINY)
    return folder


def test_layout_is_that_of_mot_challenge(written):
    names = {'train': ('SynthMOT-01', 'SynthMOT-02'), 'val': ('SynthMOT-51', 'SynthMOT-52')}
    expected = {
        f'{split}/{name}/{file}'
        for split, sequences in names.items()
        for name in sequences
        for file in ('seqinfo.ini', 'gt/gt.txt', *(f'img1/{i:06d}.jpg' for i in range(1, 5)))
    }
    assert set(files_of(written)) == expected
    assert infer_protocol(names['train'] + names['val']) == 'none'


def test_sequence_info_is_right(written):
    info = read_sequence_info(written / 'val' / 'SynthMOT-52' / 'seqinfo.ini')
    assert (info.name, info.num_frames, info.frame_rate) == ('SynthMOT-52', 4, 30)
    image = cv2.imread(str(written / 'val' / 'SynthMOT-52' / 'img1' / '000004.jpg'))
    assert image.shape == (info.height, info.width, 3) == (96, 160, 3)


def test_files_hold_what_was_rendered(written):
    frames = list(render_sequence(51, num_frames=4, size=(160, 96), num_classes=3))
    folder = written / 'val' / 'SynthMOT-51'
    truth = read_ground_truth(folder / 'gt' / 'gt.txt')
    for index, frame in enumerate(frames):
        rows = truth[truth.frames == index]
        assert rows.ids.tolist() == frame.ids.tolist()
        assert rows.classes.tolist() == frame.classes.tolist()
        corners = rows.boxes_tlwh[:, :2]
        assert corners == pytest.approx(frame.boxes[:, :2], abs=0.05 + 1e-9)
        assert rows.boxes_tlwh[:, 2:] == pytest.approx(
            frame.boxes[:, 2:] - frame.boxes[:, :2], abs=0.05 + 1e-9
        )
        assert rows.visibilities == pytest.approx(frame.visibilities, abs=0.0005 + 1e-9)
        assert rows.flags.tolist() == (rows.visibilities >= 0.1).astype(int).tolist()
        image = cv2.imread(str(folder / 'img1' / f'{index + 1:06d}.jpg'))
        assert np.abs(image.astype(int) - frame.image).mean() < 8  # what JPEG loses


def test_flag_is_zero_below_a_tenth():
    boxes = np.tile([[10.0, 20.0, 30.0, 60.0]], (4, 1))
    shares = np.array([0.0, 0.0994, 0.1, 1.0])
    frame = SyntheticFrame(np.empty(0), boxes, np.arange(1, 5), np.ones(4, np.int64), shares)
    truth = ground_truth([frame])
    assert truth.flags.tolist() == [0, 0, 1, 1]
    assert truth.visibilities.tolist() == [0, 0.099, 0.1, 1]
    assert truth.boxes_tlwh[0].tolist() == [10, 20, 20, 40]


def test_writing_again_gives_the_same_bytes(written, tmp_path):
    before = files_of(written)
    write_synth_mot(tmp_path, num_classes=3, **TINY)
    assert files_of(tmp_path) == before
    write_synth_mot(tmp_path, num_classes=3, **TINY)  # in place
    assert files_of(tmp_path) == before
    write_synth_mot(tmp_path, num_classes=3, seed=1, **TINY)
    changed = files_of(tmp_path)
    assert all(
        (changed[name] != data) == (not name.endswith('.ini')) for name, data in before.items()
    )


def test_rewriting_leaves_no_old_frames(tmp_path):
    write_synth_mot(tmp_path, ['val'], **TINY)
    write_synth_mot(tmp_path, ['val'], **(TINY | dict(num_frames=2)))
    assert len(list((tmp_path / 'val' / 'SynthMOT-51' / 'img1').iterdir())) == 2
    assert sorted(path.name for path in (tmp_path / 'val').iterdir()) == [
        'SynthMOT-51',
        'SynthMOT-52',
    ]


@pytest.mark.parametrize('name', ['notes.txt', 'img1/000001.png', 'det/det.txt', 'gt/mine.txt'])
def test_folders_with_other_files_are_refused(tmp_path, name):
    foreign = tmp_path / 'val' / 'SynthMOT-52' / name
    foreign.parent.mkdir(parents=True)
    foreign.write_text('mine')
    with pytest.raises(ValueError, match=r'SynthMOT-52 holds .*move it away'):
        write_synth_mot(tmp_path, **TINY)
    assert files_of(tmp_path) == {f'val/SynthMOT-52/{name}': b'mine'}


def test_an_interrupt_leaves_complete_sequences_only(tmp_path):
    def interrupt(frames):
        for index, frame in enumerate(frames):
            if index == 6:  # in the second sequence of four frames
                raise KeyboardInterrupt
            yield frame

    with pytest.raises(KeyboardInterrupt):
        write_synth_mot(tmp_path, ['train'], progress=interrupt, **TINY)
    assert [path.name for path in (tmp_path / 'train').iterdir()] == ['SynthMOT-01']
    assert len(files_of(tmp_path)) == 6


@pytest.mark.parametrize(
    ('options', 'words'),
    [
        (dict(splits=['test']), "split 'test'; SynthMOT has train, val"),
        (dict(num_sequences=50), 'sequences by split .* between 1 and 49. Got 50'),
        (dict(num_frames=0), 'frames by sequence .* Got 0'),
        (dict(size=(640, 32)), 'pixels of height .* between 64 and 8192. Got 32'),
        (dict(num_classes=5), 'classes .* between 1 and 4. Got 5'),
        (dict(seed=-1), 'seed .* Got -1'),
    ],
)
def test_options_out_of_range_are_refused(options, words):
    with pytest.raises(ValueError, match=words):
        plan_synth_mot(**options)


def test_numbers_of_splits_never_collide():
    for split in SPLITS:
        names = {job.name for job in plan_synth_mot([split], num_sequences=49)}
        others = {
            job.name for o in SPLITS if o != split for job in plan_synth_mot([o], num_sequences=49)
        }
        assert len(names) == 49
        assert not names & others


def test_default_is_many_short_training_and_three_long_validation_sequences():
    lengths = [(job.split, job.num_frames, job.size) for job in plan_synth_mot()]
    assert lengths == [('train', 20, (640, 384))] * 49 + [('val', 150, (640, 384))] * 3
    assert CLASS_NAMES == ('pedestrian', 'cyclist', 'car', 'dog')
