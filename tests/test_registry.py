"""Names without prefixes, in both directions."""

from __future__ import annotations

from pathlib import Path

import mmdet.registry
import mmengine.registry
import pytest
import torch
from mmengine.config import ConfigDict
from mmengine.registry import DefaultScope, Registry

from mmtrack_ext import registry
from mmtrack_ext.association.trackers import TRACKER_CLASSES
from mmtrack_ext.registry import MODELS, TRACKERS
from mmtrack_ext.utils.config import load_config
from mmtrack_ext.utils.register_all_modules import register_all_modules

ROOT = Path(__file__).parents[1]
LEAVES = sorted(path for path in ROOT.glob('configs/*/*.py') if path.parent.name != '_base_')


@pytest.fixture(autouse=True)
def registered():
    register_all_modules()


def registries_of(module):
    """By name; mmdet imports those of mmengine under others."""
    found = {name: one for name, one in vars(module).items() if isinstance(one, Registry)}
    return {name: one for name, one in found.items() if not name.startswith('MMENGINE_')}


def test_every_registry_of_mmdet_and_mmengine_has_a_child():
    ours = registries_of(registry)
    parents = registries_of(mmengine.registry) | registries_of(mmdet.registry)
    assert len(registries_of(mmdet.registry)) >= 20
    for name, parent in parents.items():
        assert ours[name].parent is parent
        assert ours[name].scope == 'mmtrack_ext'


def test_trackers_are_a_root_because_mmdet_has_others_of_the_same_names():
    assert TRACKERS.parent is None
    assert TRACKERS.get('ByteTracker') is TRACKER_CLASSES['ByteTracker']
    assert mmdet.registry.MODELS.get('ByteTracker') is not TRACKER_CLASSES['ByteTracker']


def test_registering_twice_makes_one_default_scope():
    register_all_modules()
    assert DefaultScope.get_current_instance().scope_name == 'mmtrack_ext'


def faster_rcnn(**parts):
    anchors = dict(type='AnchorGenerator', scales=[8], ratios=[1.0], strides=[8, 16, 32])
    coder = dict(type='DeltaXYWHBBoxCoder')
    roi_layer = dict(type='RoIAlign', output_size=7, sampling_ratio=0)
    model = ConfigDict(
        type='FasterRCNN',
        backbone=dict(type='ResNet', depth=18, out_indices=(1, 2, 3)),
        neck=dict(type='FPN', in_channels=[128, 256, 512], out_channels=32, num_outs=3),
        rpn_head=dict(
            type='RPNHead',
            in_channels=32,
            feat_channels=32,
            anchor_generator=anchors,
            bbox_coder=coder,
        ),
        roi_head=dict(
            type='StandardRoIHead',
            bbox_roi_extractor=dict(
                type='SingleRoIExtractor',
                roi_layer=roi_layer,
                out_channels=32,
                featmap_strides=[8, 16, 32],
            ),
            bbox_head=dict(
                type='Shared2FCBBoxHead',
                in_channels=32,
                fc_out_channels=32,
                num_classes=1,
                bbox_coder=coder,
            ),
        ),
        train_cfg=None,
        test_cfg=dict(
            rpn=dict(nms_pre=50, max_per_img=20, nms=dict(type='nms', iou_threshold=0.7)),
            rcnn=dict(score_thr=0.0, nms=dict(type='nms', iou_threshold=0.5), max_per_img=5),
        ),
    )
    for name, part in parts.items():
        model[name] = part  # update() would mix the two
    return model


def test_a_detector_of_mmdet_needs_no_prefix():
    model = MODELS.build(faster_rcnn())
    assert type(model) is mmdet.registry.MODELS.get('FasterRCNN')


def test_a_detector_of_mmdet_builds_our_parts():
    ours = dict(
        backbone=dict(type='ShuffleNetV2', model_size='0.5x'),
        neck=dict(type='GhostPAN', in_channels=[48, 96, 192], out_channels=32, num_extra_levels=0),
    )
    model = MODELS.build(faster_rcnn(**ours)).eval()
    assert type(model.neck).__module__.startswith('mmtrack_ext.')
    with torch.no_grad():
        features = model.extract_feat(torch.zeros(1, 3, 64, 96))
    assert [tuple(f.shape[1:]) for f in features] == [(32, 8, 12), (32, 4, 6), (32, 2, 3)]


def test_any_detector_of_mmdet_tracks():
    torch.manual_seed(0)
    preprocessor = dict(type='DetDataPreprocessor')
    detector = faster_rcnn(data_preprocessor=preprocessor)
    tracker = dict(type='ByteTracker', high_min_score=0.0, init_min_score=0.0, low_min_score=0.0)
    model = MODELS.build(dict(type='TrackingByDetection', detector=detector, tracker=tracker))
    from mmdet.structures import DetDataSample

    meta = dict(
        img_shape=(64, 96), ori_shape=(128, 192), scale_factor=(0.5, 0.5), pad_shape=(64, 96)
    )
    sample = DetDataSample(metainfo=meta | dict(video_name='a', frame_id=0))
    batch = dict(inputs=[torch.zeros(3, 64, 96, dtype=torch.uint8)], data_samples=[sample])
    (result,) = model.eval().test_step(batch)
    found = result.pred_instances
    assert len(found.bboxes) == 5
    assert found.bboxes[:, 2].max() <= 192
    assert result.pred_track_instances.instances_id.tolist() == [1, 2, 3, 4, 5]


@pytest.mark.parametrize('path', LEAVES, ids=lambda path: path.stem)
def test_the_model_of_every_config_builds(path):
    config = load_config(path)
    model = MODELS.build(config.model)
    assert type(model).__name__ == config.model.type
