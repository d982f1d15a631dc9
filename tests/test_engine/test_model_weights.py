"""Weights into a model, and refusing those of another one."""

from __future__ import annotations

import pytest
import torch
from mmengine.model import ExponentialMovingAverage
from torch import nn

from mmtrack_ext.engine import check_compatible, load_model_weights


class Detector(nn.Module):
    """Six weights: 2 of the convolution, 2 and 2 averages of the norm; one counter beside."""

    def __init__(self, classes=1):
        super().__init__()
        self.conv = nn.Conv2d(1, classes, 1)
        self.norm = nn.BatchNorm2d(3)


class Whole(nn.Module):
    def __init__(self):
        super().__init__()
        self.detector = Detector()


def constant(model, value):
    with torch.no_grad():
        for tensor in model.state_dict().values():
            tensor.fill_(value)
    return model


def values(model):
    return {float(value) for tensor in model.state_dict().values() for value in tensor.flatten()}


def save(path, model, **others):
    torch.save(dict(state_dict=model.state_dict(), **others), path)
    return path


@pytest.fixture
def detector_file(tmp_path):
    return save(tmp_path / 'detector.pth', constant(Detector(), 3))


def test_every_weight_is_filled(detector_file):
    model = Detector()
    load_model_weights(model, detector_file)
    assert values(model) == {3.0}


def test_a_file_may_be_the_weights_alone(tmp_path):
    torch.save(constant(Detector(), 5).state_dict(), tmp_path / 'x.pth')
    model = Detector()
    load_model_weights(model, str(tmp_path / 'x.pth'))
    assert values(model) == {5.0}


def test_names_of_a_parallel_wrapper_are_understood(tmp_path):
    weights = {f'module.{k}': v for k, v in constant(Detector(), 4).state_dict().items()}
    torch.save(dict(state_dict=weights), tmp_path / 'x.pth')
    model = Detector()
    load_model_weights(model, tmp_path / 'x.pth')
    assert values(model) == {4.0}


def test_the_part_of_a_larger_model(tmp_path, detector_file):
    save(tmp_path / 'whole.pth', constant(Whole(), 7))
    for path, value in ((tmp_path / 'whole.pth', 7.0), (detector_file, 3.0)):
        model = Whole()
        load_model_weights(model.detector, path, prefix='detector.')
        assert values(model) == {value}


def test_versions_of_the_modules_come_along(tmp_path):
    # BatchNorm's version 1 had no counter, and says on loading whether one is missing.
    weights = Whole().state_dict()
    save(tmp_path / 'x.pth', Whole())
    assert weights._metadata['detector.norm']['version'] == 2
    seen = []
    model = Detector()
    model.norm._register_load_state_dict_pre_hook(
        lambda state, prefix, metadata, *_: seen.append(metadata)
    )
    load_model_weights(model, tmp_path / 'x.pth', prefix='detector.')
    assert seen == [{'version': 2}]


def test_a_detector_where_a_whole_model_is_wanted(detector_file):
    with pytest.raises(ValueError, match='weights of another model than Whole') as error:
        load_model_weights(Whole(), detector_file)
    assert str(error.value) == (
        f'{detector_file}: these are weights of another model than Whole: the file fills 0 of the '
        "model's 6 weights; 6 missing (detector.conv.weight, detector.conv.bias, "
        'detector.norm.weight, ...); 7 unexpected (conv.weight, conv.bias, norm.weight, ...); '
        'for a checkpoint of the detector alone there is --detector, and in training '
        "model.detector.init_cfg=dict(type='Pretrained', checkpoint=...)"
    )


def test_a_whole_model_where_a_detector_is_wanted(tmp_path):
    save(tmp_path / 'x.pth', Whole())
    with pytest.raises(ValueError, match=r"of a larger model, whose 'detector' this may be$"):
        load_model_weights(Detector(), tmp_path / 'x.pth')


def test_other_shapes_are_refused(detector_file):
    with pytest.raises(ValueError, match='another model') as error:
        load_model_weights(Detector(classes=2), detector_file)
    text = str(error.value)
    assert "fills 4 of the model's 6 weights" in text
    assert '2 of another shape (conv.weight, conv.bias)' in text
    assert 'missing' not in text
    assert '\n' not in text


def test_a_start_may_lack_a_share(tmp_path):
    weights = constant(Detector(), 2).state_dict()
    model = Detector()
    del weights['conv.weight'], weights['conv.bias']
    fit = check_compatible(model, weights, 'x.pth', min_filled=0.5)
    assert (fit.filled, fit.total) == (4, 6)
    assert fit.missing == ('conv.weight', 'conv.bias')
    assert set(model.norm.weight.tolist()) == {2.0}
    del weights['norm.weight']
    assert check_compatible(model, weights, 'x.pth', min_filled=0.5).filled == 3  # just half
    del weights['norm.bias']
    with pytest.raises(ValueError, match=r'x\.pth: .*fills 2 of the'):
        check_compatible(model, weights, 'x.pth', min_filled=0.5)


def test_a_missing_counter_and_further_weights_are_no_reason(detector_file):
    content = torch.load(detector_file)
    del content['state_dict']['norm.num_batches_tracked']
    content['state_dict']['aux_head.weight'] = torch.zeros(1)
    torch.save(content, detector_file)
    model = Detector()
    load_model_weights(model, detector_file)
    assert set(model.conv.weight.flatten().tolist()) == {3.0}


def test_no_weights_in_file_or_model(tmp_path, detector_file):
    torch.save(dict(state_dict={}), tmp_path / 'x.pth')
    with pytest.raises(ValueError, match='there are no weights in this file'):
        load_model_weights(Detector(), tmp_path / 'x.pth')
    with pytest.raises(ValueError, match='Identity has no weights to fill'):
        load_model_weights(nn.Identity(), detector_file)


def test_a_shape_that_differs_under_a_revised_name_is_one_line(detector_file):
    def rename(module, state, prefix, *_):
        state['conv.weight'] = torch.zeros(9)

    model = Detector()
    model.register_load_state_dict_pre_hook(rename)
    with pytest.raises(ValueError, match='size mismatch') as error:
        load_model_weights(model, detector_file)
    assert str(error.value).startswith(f'{detector_file}: ')


def test_the_averaged_weights_are_loaded(tmp_path):
    # As EMAHook saves: the average of 0 and 10 with momentum 0.1 is 1, under 'state_dict'.
    from mmengine.hooks import EMAHook

    model = constant(Detector(), 0)
    hook = EMAHook()
    hook.ema_model = ExponentialMovingAverage(model, momentum=0.1)
    hook.ema_model.update_parameters(model)  # the first only copies
    hook.ema_model.update_parameters(constant(model, 10))
    checkpoint = dict(state_dict=model.state_dict())
    hook.before_save_checkpoint(None, checkpoint)
    torch.save(checkpoint, tmp_path / 'x.pth')
    assert set(checkpoint['ema_state_dict']['module.conv.weight'].flatten().tolist()) == {10.0}
    loaded = Detector()
    load_model_weights(loaded, tmp_path / 'x.pth')
    assert loaded.conv.weight.item() == pytest.approx(1.0)
