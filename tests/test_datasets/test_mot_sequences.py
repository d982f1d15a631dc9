"""MOTSequenceDataset and the layout of folders."""

from __future__ import annotations

import pytest

from mmtrack_ext.datasets.mot_folders import frame_files, read_info, sequence_folders
from mmtrack_ext.datasets.mot_sequences import MOTSequenceDataset


def items(dataset):
    return [dataset.get_data_info(number) for number in range(len(dataset))]


def test_items_without_images(tmp_path, make_sequence):
    make_sequence('B', 1)
    make_sequence('A', 2)
    dataset = MOTSequenceDataset(tmp_path)
    assert dataset.test_mode
    assert items(dataset)[1] == dict(
        img_id=2,
        img_path=str(tmp_path / 'A' / 'img1' / '000002.jpg'),
        prev_img_path=str(tmp_path / 'A' / 'img1' / '000001.jpg'),
        width=32,
        height=24,
        video_id=1,
        video_name='A',
        video_length=2,
        frame_rate=25.0,
        frame_id=1,
        mot_frame_id=2,
        sample_idx=1,
        instances=[],
    )
    assert [(item['video_name'], item['img_id']) for item in items(dataset)] == [
        ('A', 1),
        ('A', 2),
        ('B', 3),
    ]


@pytest.mark.parametrize(
    ('frames', 'numbers'),
    [
        ('all', [1, 2, 3, 4, 5, 6, 7]),
        ('first-half', [1, 2, 3, 4]),  # up to 7 // 2 + 1
        ('second-half', [5, 6, 7]),
    ],
)
def test_halves_keep_the_numbers_of_the_sequence(tmp_path, make_sequence, frames, numbers):
    make_sequence('A', 7)
    dataset = items(MOTSequenceDataset(tmp_path, frames=frames))
    assert [item['mot_frame_id'] for item in dataset] == numbers
    assert [item['frame_id'] for item in dataset] == list(range(len(numbers)))
    assert {item['video_length'] for item in dataset} == {len(numbers)}
    assert dataset[0]['img_path'].endswith(f'{numbers[0]:06d}.jpg')


def test_sequences_are_those_asked_for(tmp_path, make_sequence):
    for name in 'ABC':
        make_sequence(name, 1)
    dataset = MOTSequenceDataset(tmp_path, sequences=['C', 'A'])
    assert [item['video_name'] for item in items(dataset)] == ['C', 'A']
    with pytest.raises(ValueError, match="there is no sequence 'D', only A, B, C"):
        MOTSequenceDataset(tmp_path, sequences=['A', 'D'])


def test_patterns_choose_sequences(tmp_path, make_sequence):
    for name in ('MOT17-02-DPM', 'MOT17-02-FRCNN', 'MOT17-04-FRCNN', 'MOT17-04-SDP', '[a]', 'a'):
        make_sequence(name, 1)

    def names(*sequences):
        found = items(MOTSequenceDataset(tmp_path, sequences=sequences))
        return [item['video_name'] for item in found]

    assert names('MOT17-*-FRCNN') == ['MOT17-02-FRCNN', 'MOT17-04-FRCNN']
    assert names('MOT17-04-SDP', 'MOT17-04-*') == ['MOT17-04-SDP', 'MOT17-04-FRCNN']
    assert names('[a]') == ['[a]']  # a name of its own, not the pattern of the letter
    with pytest.raises(ValueError, match=r"no sequence 'mot17-\*-FRCNN', only MOT17-02-DPM,"):
        names('mot17-*-FRCNN')
    with pytest.raises(ValueError, match=r"no sequence 'FRCNN', only"):
        names('MOT17-*-FRCNN', 'FRCNN')  # a whole name, not a part of one


def test_a_sequence_itself_may_be_the_root(tmp_path, make_sequence, monkeypatch):
    make_sequence('A', 2)
    assert items(MOTSequenceDataset(tmp_path / 'A'))[0]['video_name'] == 'A'
    monkeypatch.chdir(tmp_path / 'A')
    assert items(MOTSequenceDataset('.'))[0]['video_name'] == 'A'


def test_frames_of_images_with_another_numbering_width(make_sequence):
    folder = make_sequence('A', 3, images=True, digits=8)
    (folder / 'img1' / 'Thumbs.db').touch()
    names = [path.name for path in frame_files(folder, read_info(folder))]
    assert names == ['00000001.jpg', '00000002.jpg', '00000003.jpg']


def test_dancetrack_names_images_with_eight_digits(make_sequence):
    folder = make_sequence('dancetrack0004', 1)
    assert [path.name for path in frame_files(folder, read_info(folder))] == ['00000001.jpg']


def test_a_missing_image_is_named(make_sequence):
    folder = make_sequence('A', 3, images=True)
    (folder / 'img1' / '000002.jpg').unlink()
    with pytest.raises(ValueError, match=r'lacks 1 of these images, the first that of frame 2'):
        MOTSequenceDataset(folder)


def test_size_may_be_unknown(tmp_path, make_sequence):
    make_sequence('A', 1, size=False)
    assert not {'width', 'height'} & items(MOTSequenceDataset(tmp_path))[0].keys()


def test_errors_name_the_folder(tmp_path, make_sequence):
    with pytest.raises(FileNotFoundError, match=r'nowhere: no such folder; expected SEQ/seqinfo'):
        sequence_folders(tmp_path / 'nowhere')
    with pytest.raises(ValueError, match=r'no sequences; expected SEQ/seqinfo\.ini'):
        sequence_folders(tmp_path)
    make_sequence('A', 1)
    (tmp_path / 'B' / 'gt').mkdir(parents=True)
    with pytest.raises(ValueError, match=r'B: seqinfo\.ini is missing'):
        sequence_folders(tmp_path)
    (tmp_path / 'A' / 'seqinfo.ini').write_text('[Sequence]\nname=A')
    with pytest.raises(ValueError, match=r"A/seqinfo\.ini: key 'seqLength' is missing"):
        MOTSequenceDataset(tmp_path / 'A')
    with pytest.raises(ValueError, match=r"'frames' .*Got 'half'"):
        MOTSequenceDataset(tmp_path, frames='half')
    with pytest.raises(ValueError, match=r"'sequences' .* list of names.*Got 'A'"):
        MOTSequenceDataset(tmp_path, sequences='A')


def test_the_half_of_real_sequences_is_as_long_as_the_published_one(shared_data):
    dataset = MOTSequenceDataset(shared_data / 'MOT17' / 'train', frames='second-half')
    published = MOTSequenceDataset(shared_data / 'MOT17' / 'val_half')
    assert len(dataset) == len(published) == 299 + 418 + 262 + 449
    for ours, theirs in zip(items(dataset)[::100], items(published)[::100], strict=True):
        for key in ('video_name', 'frame_id', 'video_length', 'width', 'frame_rate'):
            assert ours[key] == theirs[key]
