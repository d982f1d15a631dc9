"""Convolutions are told apart by where they stand, not by name or order."""

from __future__ import annotations

import pytest

from mmtrack_ext.model_zoo.graph import GraphBuilder, match_places

PLAIN = dict(stride=(1, 1), padding=(0, 0, 0, 0), dilation=(1, 1), groups=1)


def two_branches(*, swap_files=False, swap_sum=False, swap_parts=False, names=('a', 'b', 'c')):
    """x in two halves: a on the first, b on the second, and c on their sum."""
    graph = GraphBuilder()
    graph.apply('x', 'Input', [])
    graph.part('left', 'x', first=not swap_parts)
    graph.part('right', 'x', first=swap_parts)
    order = [(names[0], 'left'), (names[1], 'right')]
    for name, value in reversed(order) if swap_files else order:
        graph.convolve(f'{name} out', value, name=name, shape=(4, 2, 1, 1), **PLAIN)
    outputs = [f'{name} out' for name in names[:2]]
    graph.apply('sum', 'add', reversed(outputs) if swap_sum else outputs)
    graph.same('flat', 'sum')
    graph.convolve('y', 'flat', name=names[2], shape=(1, 4, 1, 1), **PLAIN)
    return graph.convolutions


def matched(ours, theirs):
    return {name: found.name for name, found in match_places(ours, theirs).items()}


@pytest.mark.parametrize('options', [{}, {'swap_files': True}, {'swap_sum': True}])
def test_order_in_the_file_and_in_sums_does_not_count(options):
    theirs = two_branches(names=('1', '2', '3'), **options)
    assert matched(two_branches(), theirs) == {'a': '1', 'b': '2', 'c': '3'}


def test_which_half_of_the_channels_counts():
    theirs = two_branches(names=('1', '2', '3'), swap_parts=True)
    assert matched(two_branches(), theirs) == {'a': '2', 'b': '1', 'c': '3'}


def one(*, shape=(4, 3, 3, 3), stride=(1, 1), act=('leaky', 0.1), act_first=False, kind='max'):
    graph = GraphBuilder()
    graph.apply('x', 'Input', [])
    graph.apply('pooled', kind, ['x'], 2, 2, 0)
    graph.convolve('y', 'pooled', name='first', shape=shape, **{**PLAIN, 'stride': stride})
    graph.act('z', 'y', *act)
    graph.convolve('w', 'z', name='second', shape=(1, 4, 1, 1), **PLAIN)
    return graph.convolutions


@pytest.mark.parametrize(
    ('change', 'name'),
    [
        (dict(shape=(4, 3, 1, 1)), 'first'),
        (dict(stride=(2, 2)), 'first'),
        (dict(kind='average'), 'first'),
        (dict(act=('leaky', 0.01)), 'second'),
        (dict(act=('relu',)), 'first'),
    ],
)
def test_another_network_is_refused(change, name):
    with pytest.raises(ValueError, match=f'where the network has {name}'):
        match_places(one(), one(**change))


def test_float32_slope_and_zero_slope():
    assert matched(one(), one(act=('leaky', 0.10000000149))) == dict(first='first', second='second')
    assert matched(one(act=('relu',)), one(act=('leaky', 0.0))) == dict(
        first='first', second='second'
    )


def twins(*, acts):
    """Two convolutions of the same shape on the same data; an activation follows where named."""
    graph = GraphBuilder()
    graph.apply('x', 'Input', [])
    for name in 'ab':
        graph.convolve(name, 'x', name=name, shape=(4, 3, 1, 1), **PLAIN)
        if name in acts:
            graph.act(f'{name} active', name, 'leaky', 0.1)
    return graph.convolutions


def test_twins_are_told_apart_by_their_activation():
    assert matched(twins(acts='a'), twins(acts='b')) == {'a': 'b', 'b': 'a'}
    with pytest.raises(ValueError, match='do the same to the same data'):
        match_places(twins(acts=''), twins(acts=''))


def test_one_more_is_refused():
    with pytest.raises(ValueError, match=r'its convolution b \(4, 3, 1, 1\) is not in the network'):
        match_places(twins(acts='a')[:1], twins(acts='a'))
