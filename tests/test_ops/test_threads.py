"""The number of torch's threads is lent, not taken."""

from __future__ import annotations

import pytest
import torch

from mmtrack_ext.ops.threads import one_thread


@pytest.fixture(params=[1, 3])
def threads(request):
    before = torch.get_num_threads()
    torch.set_num_threads(request.param)
    yield request.param
    torch.set_num_threads(before)


def test_threads_come_back_even_after_an_error(threads):
    @one_thread()
    def fail():
        assert torch.get_num_threads() == 1
        raise ValueError

    for _ in range(2):
        with pytest.raises(ValueError, match=r'^$'):
            fail()
        assert torch.get_num_threads() == threads
