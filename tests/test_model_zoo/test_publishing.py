"""Files to publish, made of what a training really saves."""

from __future__ import annotations

import hashlib

import pytest
import torch
from mmengine.hooks import EMAHook
from mmengine.model import BaseModel
from mmengine.runner import Runner

from mmtrack_ext.engine import check_compatible, check_resumable, load_checkpoint
from mmtrack_ext.engine.checkpoints import load_model_weights
from mmtrack_ext.engine.model_weights import MIN_FILLED_TO_START
from mmtrack_ext.model_zoo import publish

pytestmark = pytest.mark.filterwarnings('default')


class Line(BaseModel):
    """y = w x; and an auxiliary head that inference does not need."""

    def __init__(self):
        super().__init__()
        self.weight = torch.nn.Parameter(torch.zeros(1))
        self.aux_bbox_head = torch.nn.Linear(1, 1)

    def forward(self, inputs, data_samples=None, mode='tensor'):
        return dict(
            loss=(self.weight * 1 - inputs).square().sum() + self.aux_bbox_head(inputs).sum()
        )


@pytest.fixture
def trained(tmp_path):
    """The checkpoint of three steps with an average of the weights; the last and the average."""
    model = Line()
    runner = Runner(
        model=model, work_dir=str(tmp_path / 'run'), experiment_name=tmp_path.name,
        train_dataloader=dict(
            dataset=[dict(inputs=torch.ones(1))] * 3, batch_size=1,
            collate_fn=dict(type='default_collate'),
            sampler=dict(type='DefaultSampler', shuffle=False),
        ),
        train_cfg=dict(by_epoch=True, max_epochs=1),
        optim_wrapper=dict(optimizer=dict(type='SGD', lr=0.1)),
        default_hooks=dict(checkpoint=dict(type='CheckpointHook', interval=1)),
        custom_hooks=[EMAHook(ema_type='ExponentialMovingAverage', momentum=0.5)],
        log_level='ERROR', default_scope='mmtrack_ext',
    )  # fmt: skip
    runner.train()
    return tmp_path / 'run/epoch_1.pth', float(model.weight.detach())


# w <- w - 0.1 * 2 (w - 1), from 0: 0.2, 0.36, 0.488. The average starts as the first copy after
# step 1 (0.2), then 0.5 * 0.2 + 0.5 * 0.36 = 0.28, then 0.5 * 0.28 + 0.5 * 0.488 = 0.384.
LAST, AVERAGE = 0.488, 0.384


def test_weight_is_the_average_alone(trained, tmp_path):
    source, last = trained
    assert last == pytest.approx(LAST)
    written = publish(source, tmp_path / 'line.pth')
    content = load_checkpoint(written)
    assert list(content) == ['meta', 'state_dict']
    assert list(content['state_dict']) == ['weight']
    assert float(content['state_dict']['weight']) == pytest.approx(AVERAGE)
    assert content['meta']['epoch'] == 1
    assert content['meta']['weights'] == 'the moving average of the training'
    assert str(tmp_path).encode() not in written.read_bytes()  # no folders of this machine


def test_checkpoint_can_be_resumed(trained, tmp_path):
    source, _ = trained
    content = load_checkpoint(publish(source, tmp_path / 'line.pth', form='checkpoint'))
    check_resumable(content, 'x')
    assert float(content['state_dict']['weight']) == pytest.approx(AVERAGE)
    assert float(content['ema_state_dict']['module.weight']) == pytest.approx(LAST)
    assert content['state_dict']['aux_bbox_head.weight'].shape == (1, 1)
    assert content['optimizer']['param_groups'][0]['lr'] == 0.1


@pytest.mark.parametrize('form', ['weight', 'checkpoint'])
def test_name_tells_the_content(trained, tmp_path, form):
    source, _ = trained
    written = publish(source, tmp_path / 'new/line.pth', form=form)
    digest = hashlib.sha256(written.read_bytes()).hexdigest()
    assert written == tmp_path / f'new/line-{digest[:8]}.pth'
    assert publish(source, tmp_path / 'new/line.pth', form=form) == written
    assert [path.name for path in (tmp_path / 'new').iterdir()] == [written.name]


def test_a_file_without_average_gives_its_weights(tmp_path):
    state = {'module.weight': torch.ones(3), 'detector.aux_neck.weight': torch.zeros(1)}
    torch.save(state, tmp_path / 'x.pth')
    content = load_checkpoint(publish(tmp_path / 'x.pth', tmp_path / 'y.pth'))
    assert content['state_dict'].keys() == {'module.weight'}
    assert content['meta'] == {}


def test_a_view_is_published_without_the_rest(tmp_path):
    """torch saves all that a view is a view of."""
    torch.save({'weight': torch.zeros(1_000_000)[:2]}, tmp_path / 'x.pth')
    assert publish(tmp_path / 'x.pth', tmp_path / 'y.pth').stat().st_size < 10_000


@pytest.fixture(scope='module')
def network(zoo, tmp_path_factory):
    """A checkpoint of NanoDet-Plus-m in its training form, for one class, and its weights."""
    path = tmp_path_factory.mktemp('trained') / 'x.pth'
    state = zoo.build('NanoDet-Plus-m', num_classes=1).state_dict()
    torch.save({'state_dict': state, 'meta': {}}, path)
    return path, state


@pytest.mark.parametrize('form', ['weight', 'checkpoint'])
@pytest.mark.parametrize('has_auxiliary', [False, True])
def test_both_forms_load(network, zoo, tmp_path, form, has_auxiliary):
    """Into a network for inference, and into one whose auxiliary branch is for training alone."""
    source, expected = network
    written = publish(source, tmp_path / 'y.pth', form=form)
    model = zoo.build('NanoDet-Plus-m', num_classes=1)
    if has_auxiliary:
        state = load_checkpoint(written)['state_dict']
        fit = check_compatible(model, state, written, min_filled=MIN_FILLED_TO_START)
        assert not fit.missing
        assert any(name.startswith('aux_') for name in state) == (form == 'checkpoint')
    else:
        del model.aux_neck, model.aux_bbox_head
        load_model_weights(model, written)
    for name, value in model.state_dict().items():
        if not name.startswith('aux_'):
            assert torch.equal(value, expected[name]), name


def test_mistakes(tmp_path):
    torch.save({'epoch': 1}, tmp_path / 'x.pth')
    with pytest.raises(ValueError, match=r'must end in \.pth'):
        publish(tmp_path / 'x.pth', tmp_path / 'y.onnx')
    with pytest.raises(ValueError, match=r"'form' must be one of weight, checkpoint\. Got 'raw'"):
        publish(tmp_path / 'x.pth', tmp_path / 'y.pth', form='raw')
    with pytest.raises(ValueError, match='there are no weights'):
        publish(tmp_path / 'x.pth', tmp_path / 'y.pth')
    with pytest.raises(FileNotFoundError):
        publish(tmp_path / 'none.pth', tmp_path / 'y.pth')
    assert [path.name for path in tmp_path.iterdir()] == ['x.pth']
