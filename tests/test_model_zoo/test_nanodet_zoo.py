"""The table of networks, and their shapes for any number of classes."""

from __future__ import annotations

import pytest

from mmtrack_ext.model_zoo.nanodet_zoo import NETWORKS, is_auxiliary


@pytest.mark.parametrize('name', ['NanoDet-Plus-m', 'NanoDet-g'])
def test_shapes_for_other_classes_are_those_of_a_model_built_for_them(zoo, name):
    built = zoo.build(name, num_classes=3, device='meta').state_dict()
    assert zoo.shapes(name, 3) == {key: tuple(value.shape) for key, value in built.items()}
    assert zoo.shapes(name, 3) != zoo.shapes(name)


def test_classes_from_the_size_of_the_last_layer(zoo):
    assert zoo.num_classes('NanoDet-Plus-m', 112) == 80  # reg_max 7: 4 sides x 8 bins
    assert zoo.num_classes('NanoDet-g', 45) == 1  # reg_max 10: 4 sides x 11 bins


def test_deploy_form_has_one_convolution_a_block(zoo):
    deploy = zoo.shapes('NanoDet-RepVGG-A0 (deploy form)')
    assert deploy['backbone.stage0.rbr_reparam.weight'] == (48, 3, 3, 3)
    assert not any('rbr_dense' in key for key in deploy)
    assert any('rbr_dense' in key for key in zoo.shapes('NanoDet-RepVGG-A0'))


def test_every_base_config_of_the_family_is_in_the_table(zoo):
    assert {path.name for path in zoo.configs.glob('nanodet_*.py')} == set(NETWORKS.values())


def test_auxiliary_names():
    assert is_auxiliary('aux_bbox_head.gfl_cls.bias')
    assert is_auxiliary('detector.aux_neck.reduce_layers.0.conv.weight')
    assert not is_auxiliary('neck.reduce_layers.0.conv.weight')
