"""What the first batch says of a model whose parts do not fit, and later ones do not."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from mmtrack_ext.engine.first_batch import first_batch_errors
from mmtrack_ext.models.necks import DLAUpNeck

PLACE = r'c\.py: the first batch of test_dataloader fails in model\.{} \({}\): {}; if channels'


class Pair(nn.Module):
    """Two layers that both take 4 numbers, and troubles of its own."""

    def __init__(self, width=4, trouble=None):
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(4, width), nn.Linear(4, 2))
        self.trouble = trouble

    def forward(self, inputs):
        outputs = self.layers(inputs)
        if self.trouble == 'zip':
            return list(zip(outputs, [1, 2], strict=True))
        if self.trouble is not None:
            raise self.trouble
        return outputs

    def test_step(self, inputs):
        return self(inputs) + self.after

    after = 0


class Runner:
    """With batches of mmengine's Runner, and their hooks."""

    def __init__(self, model, **config):
        self.model, self.cfg = model, dict(model=config)

    def register_hook(self, hook):
        self.hook = hook

    def test(self, *batches):
        for index, batch in enumerate(batches):
            self.hook.before_test_iter(self, index, data_batch=batch)
            outputs = self.model.test_step(batch)
            self.hook.after_test_iter(self, index, data_batch=batch, outputs=outputs)


def run(model, *batches, **config):
    runner = Runner(model, **config)
    with first_batch_errors(runner, 'c.py'):
        runner.test(*(batches or [torch.zeros(1, 4)]))


def test_the_innermost_part_and_its_input_are_named():
    place = PLACE.format(
        r'layers\[1\]',
        r'Linear\(in_features=4, out_features=2, bias=True\), given \(1, 5\)',
        r'RuntimeError: mat1 and mat2 shapes cannot be multiplied \(1x5 and 4x2\)',
    )
    advice = r' do not fit, mend model\.layers or the part that feeds it; MMTRACK_EXT_DEBUG=1'
    match = f'^{place}, levels or classes{advice}'
    with pytest.raises(ValueError, match=match) as caught:
        run(Pair(width=5), layers=dict(type='Sequential'))
    assert isinstance(caught.value.__cause__, RuntimeError)


def test_the_part_of_the_config_is_the_innermost_that_there_is():
    with pytest.raises(ValueError, match='mend model or the part'):
        run(Pair(width=5), layers=2)


@pytest.mark.parametrize(
    ('trouble', 'text'),
    [
        (AssertionError(), "AssertionError: in 'raise self.trouble'"),
        ('zip', r"ValueError: zip\(\) argument 2 is longer than argument 1 in 'return list\(zip"),
        (IndexError('Target 3\nof 2'), "IndexError: Target 3 in 'raise self.trouble'"),
    ],
)
def test_a_part_with_parts_is_named_with_its_line_of_code(trouble, text):
    model = nn.ModuleDict(dict(pair=Pair(trouble=trouble)))
    model.test_step = lambda inputs: model.pair(inputs)
    with pytest.raises(ValueError, match=rf'fails in model\.pair \(Pair\): {text}'):
        run(model)


def test_errors_of_a_gpu_may_come_late():
    error = RuntimeError('CUDA error: device-side assert triggered\nCompile with')
    with pytest.raises(ValueError, match=r'CUDA_LAUNCH_BLOCKING=1 shows whether here or before\);'):
        run(Pair(trouble=error))


def test_what_explains_itself_stays_as_it_is():
    neck = DLAUpNeck(in_channels=(4, 8, 16), node='conv')
    neck.test_step = lambda inputs: neck([inputs])
    with pytest.raises(ValueError, match=r'^DLAUpNeck was built for 3 maps\. Got 1 instead\.$'):
        run(neck)


def test_the_second_batch_and_what_is_not_the_model_keep_their_tracebacks():
    model = Pair()
    with pytest.raises(RuntimeError, match=r'1x5 and 4x4'):
        run(model, torch.zeros(1, 4), torch.zeros(1, 5))
    model.after = 'text'  # added to what ``forward`` gives
    with pytest.raises(TypeError):
        run(model)
    model.test_step = [].index  # no part of the model, as a data loader
    with pytest.raises(ValueError, match='is not in list'):
        run(model)


def test_a_bug_of_another_kind_keeps_its_traceback():
    with pytest.raises(ZeroDivisionError):
        run(Pair(trouble=ZeroDivisionError()))


@pytest.mark.parametrize(
    'error',
    [
        torch.cuda.OutOfMemoryError('CUDA out of memory. Tried to allocate 2 GiB.'),
        RuntimeError("DefaultCPUAllocator: can't allocate memory: 2 GiB."),
    ],
)
def test_too_little_memory_in_any_batch(error):
    model = Pair()
    steps = iter([model.test_step, Pair(trouble=error).test_step])
    model.test_step = lambda inputs: next(steps)(inputs)
    with pytest.raises(MemoryError) as caught:
        run(model, torch.zeros(1, 4), torch.zeros(1, 4))
    assert str(caught.value).endswith('2 GiB. A lower test_dataloader.batch_size needs less.')
