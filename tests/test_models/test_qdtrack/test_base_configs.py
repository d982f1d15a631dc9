"""The values of the published configs, and the pairs that the SynthMOT config trains with."""

from __future__ import annotations

import random
from pathlib import Path

import cv2
import numpy as np
import pytest

from mmtrack_ext.datasets.flat_video import build_step
from mmtrack_ext.utils.config import read_config


@pytest.mark.filterwarnings('default')  # of mmengine's way of reading configs
def test_base_has_the_values_of_mmdet(root):
    import mmdet
    from mmengine.config import Config

    name = 'qdtrack_faster-rcnn_r50_fpn_4e_base.py'
    path = Path(mmdet.__file__).parent / '.mim' / 'configs' / 'qdtrack' / name
    if not path.is_file():
        pytest.skip(f'this mmdet comes without its configs: {path}')
    theirs = Config.fromfile(path).model.to_dict()
    ours = read_config(root / 'configs' / '_base_' / 'models' / 'qdtrack_faster-rcnn_r50.py')
    ours = ours['model']
    del theirs['detector']['backbone']['init_cfg']  # the detector's init_cfg fills it all
    assert ours['detector'] == theirs['detector']
    for part in ('roi_extractor', 'train_cfg'):
        assert ours['track_head'][part] == theirs['track_head'][part]
    theirs['data_preprocessor']['type'] = 'FramePairPreprocessor'
    assert ours['data_preprocessor'] == theirs['data_preprocessor']
    assert ours['track_head']['embed_head']['loss_track']['loss_weight'] == 0.25
    assert ours['track_head']['embed_head']['loss_track_aux'] == dict(
        type='MarginL2Loss',
        negative_margin=0.1,
        max_negatives_per_positive=3,
        clamp_positives=True,
        loss_weight=1.0,
    )


@pytest.fixture
def pair(tmp_path):
    """One picture as both frames, of two people and one to be ignored; all 40 x 120 pixels."""
    noise = np.random.default_rng(0).integers(0, 256, (384, 640, 3), np.uint8)
    picture = cv2.GaussianBlur(noise, (0, 0), 4)
    cv2.imwrite(str(tmp_path / 'a.png'), picture)
    instances = [
        dict(bbox=[x, 130, x + 40, 250], bbox_label=0, ignore_flag=i // 2, instance_id=i)
        for i, x in enumerate((250, 310, 370))
    ]
    frame = dict(img_path=str(tmp_path / 'a.png'), instances=instances, frame_id=3)
    return {name: [value, value] for name, value in frame.items()}


def test_training_pairs_of_synthmot(root, pair):
    """Alike in size, flip and colour; cut independently."""
    path = root / 'configs' / 'qdtrack' / 'qdtrack_faster-rcnn_r18_synthmot.py'
    dataset = read_config(path)['train_dataloader']['dataset']
    assert dataset['reference'] == dict(frame_range=10)
    steps = [build_step(step) for step in dataset['pipeline']]
    random.seed(0)
    np.random.seed(0)  # noqa: NPY002  # mmdet draws from it
    flips, are_cut_alike = [], []
    for _ in range(12):
        results = {name: list(values) for name, values in pair.items()}
        for step in steps:
            results = step(results)
        key, ref = results['data_samples']
        assert key.scale_factor == ref.scale_factor
        assert 0.9 * 0.5 - 0.01 < key.scale_factor[0] < 1.2 * 0.5 + 0.01
        assert key.img_shape == ref.img_shape
        assert np.all(np.less_equal(key.img_shape, (192, 320)))
        assert key.flip == ref.flip
        for sample in (key, ref):
            assert sample.gt_instances.instances_id.tolist() == [0, 1]
            assert len(sample.ignored_instances) == 1
        shift = key.gt_instances.bboxes[0] - ref.gt_instances.bboxes[0]
        x, y = np.rint(shift[:2].numpy()).astype(int)
        images = [image.numpy().astype(int) for image in results['inputs']]
        height, width = key.img_shape
        seen = [
            image[:, max(s * y, 0) : height + min(s * y, 0), max(s * x, 0) : width + min(s * x, 0)]
            for image, s in zip(images, (1, -1), strict=True)
        ]
        assert np.array_equal(*seen)
        flips.append(key.flip)
        are_cut_alike.append(x == y == 0)
    assert set(flips) == {True, False}
    assert not all(are_cut_alike)
