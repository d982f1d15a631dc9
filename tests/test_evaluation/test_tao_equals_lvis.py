"""Box AP equals what lvis 0.5.3 says, as recorded by tests/data/tao/record.py."""

from __future__ import annotations

import gzip
import json

import pytest

from mmtrack_ext.evaluation.tao import box_precision, read_federated


@pytest.fixture(scope='module')
def cases(root):
    return json.loads(gzip.decompress((root / 'tests/data/tao/lvis_cases.json.gz').read_bytes()))


def test_every_figure_of_every_case(cases, tmp_path):
    path = tmp_path / 'truth.json'
    for case in cases:
        path.write_text(json.dumps(case['truth']))
        truth = read_federated(path)
        ours = box_precision(truth, truth.rows_of(case['results']), max_boxes=case['max_boxes'])
        assert ours == pytest.approx(case['expected'], abs=1e-9)


def test_the_cases_tell_figures_apart(cases):
    """A figure that is the same in all cases, or never there, would prove nothing."""
    for name in cases[0]['expected']:
        values = {case['expected'][name] for case in cases} - {-1, 0, 1}
        assert len(values) > 3, name
