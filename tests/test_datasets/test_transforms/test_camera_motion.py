"""EstimateCameraMotion: the same warps however the frames come."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from mmengine.dataset import pseudo_collate
from torch.utils.data import DataLoader

from mmtrack_ext.camera_motion import CameraMotionEstimator
from mmtrack_ext.datasets.mot_sequences import MOTSequenceDataset
from mmtrack_ext.datasets.transforms import EstimateCameraMotion, PackFrameInputs, camera_motion

WIDTH, HEIGHT = 200, 160
# How many pixels to the right the camera is in each frame. What is seen moves to the left.
POSITIONS = (20, 24, 31, 31, 22, 10, 3)


def write_video(folder, seed, num_frames=7):
    (folder / 'img1').mkdir(parents=True)
    (folder / 'seqinfo.ini').write_text(
        f'[Sequence]\nname={folder.name}\nframeRate=25\nseqLength={num_frames}\n'
        f'imWidth={WIDTH}\nimHeight={HEIGHT}\n'
    )
    rng = np.random.default_rng(seed)
    small = rng.integers(0, 256, (20, 30, 3), dtype=np.uint8)
    world = cv2.resize(small, (240, HEIGHT), interpolation=cv2.INTER_CUBIC)
    for frame, x in enumerate(POSITIONS[:num_frames]):
        cv2.imwrite(str(folder / f'img1/{frame + 1:06d}.jpg'), world[:, x : x + WIDTH])


@pytest.fixture(scope='module')
def videos(tmp_path_factory):
    folder = tmp_path_factory.mktemp('videos')
    write_video(folder / 'A', 0)
    write_video(folder / 'B', 1, num_frames=4)
    return folder


def steps(**options):
    estimate = dict(type='EstimateCameraMotion', scale=0.5, **options)
    return [dict(type='LoadImageFromFile'), estimate, dict(type='PackFrameInputs')]


def expected(folder, method='sparse_flow', first=0):
    """Warps of the frames in order."""
    estimator = CameraMotionEstimator(method, scale=0.5)
    files = sorted(folder.glob('img1/*.jpg'))[first:]
    return np.stack([estimator(cv2.imread(str(file))) for file in files])


@pytest.mark.filterwarnings('ignore:This DataLoader will create')  # on a single core
@pytest.mark.parametrize('num_workers', [0, 2])
@pytest.mark.parametrize('method', ['sparse_flow', 'ecc'])
def test_workers_change_no_bit(videos, method, num_workers):
    dataset = MOTSequenceDataset(videos, pipeline=steps(method=method))
    # Batches of two, in turn to each worker: most frames are not after the one it saw last.
    loader = DataLoader(dataset, 2, num_workers=num_workers, collate_fn=pseudo_collate)
    for _ in range(2):  # again, with what is remembered from the first time
        samples = [sample for batch in loader for sample in batch['data_samples']]
        assert [s.video_name for s in samples] == ['A'] * 7 + ['B'] * 4
        warps = np.stack([sample.camera_motion for sample in samples])
        in_order = np.concatenate([expected(videos / name, method) for name in 'AB'])
        np.testing.assert_array_equal(warps, in_order)
    moved = warps[:7] @ (WIDTH / 2, HEIGHT / 2, 1)
    np.testing.assert_allclose(moved[:, 0] - WIDTH / 2, [0, -4, -7, 0, 9, 12, 7], atol=0.3)


def test_any_order_gives_the_same(videos):
    dataset = MOTSequenceDataset(videos, pipeline=steps())
    in_order = np.concatenate([expected(videos / name) for name in 'AB'])
    for index in (5, 6, 2, 8, 3, 3, 7, 0, 1):
        warp = dataset[index]['data_samples'].camera_motion
        np.testing.assert_array_equal(warp, in_order[index])


def test_the_second_half_starts_without_motion(videos):
    dataset = MOTSequenceDataset(
        videos, sequences=['A'], frames='second-half', pipeline=steps()
    )  # frames 5 to 7
    warps = np.stack([dataset[n]['data_samples'].camera_motion for n in (2, 1, 0)])[::-1]
    np.testing.assert_array_equal(warps, expected(videos / 'A', first=4))
    np.testing.assert_array_equal(warps[0], np.eye(2, 3))


def test_frames_from_the_caller_need_no_files(videos):
    """As ``MOTInferencer`` gives them: in order, video after video."""
    transform, pack = EstimateCameraMotion(scale=0.5), PackFrameInputs()
    for name in 'ABA':  # the same name again is another video
        for frame, warp in enumerate(expected(videos / name)):
            image = cv2.imread(str(videos / name / f'img1/{frame + 1:06d}.jpg'))
            size = dict(img_shape=image.shape[:2], ori_shape=image.shape[:2])
            item = dict(img=image, video_name='camera', frame_id=frame, **size)
            found = pack(transform(item))['data_samples'].camera_motion
            np.testing.assert_array_equal(found, warp)


def test_a_frame_without_the_one_before_is_refused(videos):
    image = cv2.imread(str(videos / 'A/img1/000001.jpg'))
    transform = EstimateCameraMotion()
    transform(dict(img=image, video_name='A', frame_id=0))
    for video, frame in (('A', 2), ('B', 1)):
        with pytest.raises(ValueError, match=f'frame {frame} of {video} without the one before'):
            transform(dict(img=image, video_name=video, frame_id=frame))


def test_a_video_may_start_at_any_number(videos):
    image = cv2.imread(str(videos / 'A/img1/000001.jpg'))
    item = dict(img=image, video_name='A', frame_id=5, prev_img_path=None)
    np.testing.assert_array_equal(EstimateCameraMotion()(item)['camera_motion'], np.eye(2, 3))


def test_each_frame_is_read_once_in_order(videos):
    dataset = MOTSequenceDataset(videos, pipeline=steps())
    read = []
    loader = dataset.pipeline.transforms[1].loader
    dataset.pipeline.transforms[1].loader = lambda item: (
        read.append(item['img_path']) or loader(item)
    )
    for index in range(len(dataset)):
        dataset[index]
    assert read == []
    dataset[4]
    assert read == [str(videos / 'A/img1/000004.jpg')]


def test_failures_are_told_once(videos, monkeypatch):
    told = []
    monkeypatch.setattr(camera_motion, 'print_log', lambda text, **_: told.append(text))
    images = [cv2.imread(str(videos / name / 'img1/000001.jpg')) for name in 'ABAB']
    transform = EstimateCameraMotion(scale=0.5)
    for frame, image in enumerate(images):
        item = transform(dict(img=image, video_name='A', frame_id=frame))
        np.testing.assert_array_equal(item['camera_motion'], np.eye(2, 3))
    assert len(told) == 1
    assert told[0].startswith('A: no camera motion can be found at frame 2, ')


def test_arguments():
    assert EstimateCameraMotion('ecc', motion='affine').estimator.method.motion == 'affine'
    with pytest.raises(ValueError, match=r"'method' .* Got 'gmc'"):
        EstimateCameraMotion('gmc')
    gray = EstimateCameraMotion(loader=dict(type='LoadImageFromFile', color_type='grayscale'))
    assert gray.loader.color_type == 'grayscale'


def test_datasets_say_where_the_frame_before_is(videos, make_dataset, annotation):
    """Also of frames that training leaves out."""
    boxes = [annotation(1, 2, [2, 3, 4, 6]), annotation(2, 3, [2, 3, 4, 6])]
    boxes.append(annotation(3, 4, [2, 3, 4, 6]))
    dataset = make_dataset([3, 1], boxes, filter_cfg=dict(filter_empty_gt=True))
    items = [dataset.get_data_info(number) for number in range(3)]
    assert [item['prev_img_path'] for item in items] == [
        'V1/img1/000001.jpg',
        'V1/img1/000002.jpg',
        None,
    ]
    half = MOTSequenceDataset(videos, frames='second-half')
    before = [half.get_data_info(number)['prev_img_path'] for number in range(len(half))]
    files = [None, *(str(videos / f'A/img1/{number:06d}.jpg') for number in (5, 6)), None]
    assert before == files
