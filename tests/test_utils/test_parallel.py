from __future__ import annotations

import math
import os

import pytest

from mmtrack_ext.utils.parallel import parallel_map


@pytest.mark.parametrize('num_workers', [1, 2])
def test_results_come_in_order(num_workers):
    assert list(parallel_map(math.sqrt, [9, 4, 1, 0], num_workers=num_workers)) == [3, 2, 1, 0]


@pytest.mark.parametrize('num_workers', [1, 2])
def test_error_of_a_worker_is_raised_here(num_workers):
    results = parallel_map(math.sqrt, [4, -1], num_workers=num_workers)
    assert next(results) == 2
    with pytest.raises(ValueError, match=r'math domain|nonnegative'):
        next(results)


def test_killed_process_is_one_clear_error():
    with pytest.raises(ChildProcessError, match='A process was killed'):
        list(parallel_map(os._exit, [1, 1], num_workers=2))


def test_no_processes_are_refused():
    with pytest.raises(ValueError, match=r'at least 1\. Got 0'):
        list(parallel_map(math.sqrt, [4], num_workers=0))
