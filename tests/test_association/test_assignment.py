"""The three assignments against brute force over all matchings, and the order of leftovers."""

import numpy as np
import pytest
from scipy.optimize import linear_sum_assignment

from mmtrack_ext.association.assignment import (
    Matches,
    greedy_assignment,
    linear_assignment,
    unambiguous_assignment,
)

inf, nan = np.inf, np.nan
LIMITS = [0.7, 0.9, 0.5, 0.8, 0.4, 0.3, 0.2, 0.85, 0.65, 1 / 3, 0.1, 1e-3, 1.0, 2.0, 9.4877]
BY_SOLVER = pytest.mark.parametrize('solver', ['lap', 'scipy'])
BY_POLICY = pytest.mark.parametrize('reject', ['before', 'after'])


def pairs(matches):
    return list(zip(matches.tracks.tolist(), matches.detections.tolist(), strict=True))


def all_matchings(allowed):
    """Every set of pairs from a bool matrix in which no row and no column comes twice."""
    found = [[]]
    for row, columns in enumerate(allowed):
        for matching in list(found):
            used = {column for _, column in matching}
            free = [column for column in np.flatnonzero(columns) if column not in used]
            found += [[*matching, (row, int(column))] for column in free]
    return found


def best(matchings, value):
    """The matchings of the largest value (a tuple), ties included."""
    values = np.array([value(matching) for matching in matchings])
    for column in range(values.shape[1]):
        top = values[:, column] > values[:, column].max() - 1e-9
        values, matchings = values[top], [m for m, keep in zip(matchings, top, strict=True) if keep]
    return matchings


def brute_before(cost, max_cost):
    """Largest saving against leaving all unmatched, then most pairs."""
    matchings = all_matchings((cost <= max_cost) & (cost < inf))
    saving = best(matchings, lambda m: (sum(max_cost - cost[pair] for pair in m), len(m)))
    return [sorted(matching) for matching in saving]


def brute_after(cost, max_cost):
    """Most pairs, then least total; then those above the limit are rejected."""
    cheapest = best(all_matchings(cost < inf), lambda m: (len(m), -sum(cost[pair] for pair in m)))
    return [sorted(pair for pair in m if cost[pair] <= max_cost) for m in cheapest]


def brute_greedy(cost, max_cost):
    chosen = []
    for column in range(cost.shape[1]):
        taken = {row for row, _ in chosen}
        options = [
            (cost[row, column], row)
            for row in range(cost.shape[0])
            if row not in taken and cost[row, column] <= max_cost and cost[row, column] < inf
        ]
        chosen += [(min(options)[1], column)] if options else []
    return sorted(chosen)


def random_problem(seed, scale=None):
    """Up to 4 x 4, a fifth forbidden, a fifth exactly at the limit; multiples of 1 / scale."""
    rng = np.random.default_rng(seed)
    cost = rng.uniform(0, 1, rng.integers(1, 5, 2))
    max_cost = float(rng.choice([0.7, 0.9, 0.5, 0.3, rng.uniform(0.05, 1)]))
    if scale:
        cost, max_cost = np.round(cost * scale) / scale, np.ceil(max_cost * scale) / scale
    kinds = rng.uniform(size=cost.shape)
    cost[kinds < 0.4] = max_cost
    cost[kinds < 0.2] = inf
    return cost, max_cost


PROBLEMS = [(seed, scale) for seed in range(40) for scale in (None, 8)]


@BY_SOLVER
@pytest.mark.parametrize(('seed', 'scale'), PROBLEMS)
def test_rejecting_before_is_the_largest_saving(solver, seed, scale):
    cost, max_cost = random_problem(seed, scale)
    matches = linear_assignment(cost, max_cost, solver=solver)
    assert sorted(pairs(matches)) in brute_before(cost, max_cost)


@BY_SOLVER
@pytest.mark.parametrize(('seed', 'scale'), PROBLEMS)
def test_rejecting_after_is_the_cheapest_of_the_largest(solver, seed, scale):
    cost, max_cost = random_problem(seed, scale)
    matches = linear_assignment(cost, max_cost, reject='after', solver=solver)
    assert sorted(pairs(matches)) in brute_after(cost, max_cost)


@BY_SOLVER
@BY_POLICY
@pytest.mark.parametrize('seed', range(20))
def test_without_a_limit_only_forbidden_pairs_are_left(solver, reject, seed):
    cost, _ = random_problem(seed)
    matches = linear_assignment(cost, inf, reject=reject, solver=solver)
    assert sorted(pairs(matches)) in brute_after(cost, inf)


@pytest.mark.parametrize(('seed', 'scale'), PROBLEMS)
def test_greedy(seed, scale):
    cost, max_cost = random_problem(seed, scale)
    assert sorted(pairs(greedy_assignment(cost, max_cost))) == brute_greedy(cost, max_cost)


@BY_SOLVER
@BY_POLICY
def test_negative_costs(solver, reject):
    # Negative overlaps, limit -0.3: 0-0 and 1-1 sum to -0.9, 0-1 and 1-0 to -0.8.
    cost = np.array([[-0.6, -0.4], [-0.4, -0.3]])
    matches = linear_assignment(cost, -0.3, reject=reject, solver=solver)
    assert pairs(matches) == [(0, 0), (1, 1)]


@BY_SOLVER
@pytest.mark.parametrize('max_cost', [100, inf])
def test_no_saving_is_worth_a_pair_less(solver, max_cost):
    # 100 + 100 for two pairs, although 0-0 alone would cost -100.
    cost = np.array([[-100, 100], [100, inf]])
    matches = linear_assignment(cost, max_cost, reject='after', solver=solver)
    assert pairs(matches) == [(0, 1), (1, 0)]


@BY_SOLVER
def test_the_smallest_problem_on_which_the_policies_differ(solver):
    cost = np.array([[0.10, 0.55], [0.15, 0.95]])
    before = linear_assignment(cost, 0.5, solver=solver)
    after = linear_assignment(cost, 0.5, reject='after', solver=solver)
    # 0.10 is the cheapest that is allowed; in full, 0.15 + 0.55 = 0.70 beats 0.10 + 0.95.
    assert pairs(before) == [(0, 0)]
    assert pairs(after) == [(1, 0)]
    assert (before.unmatched_tracks.tolist(), before.unmatched_detections.tolist()) == ([1], [1])
    assert (after.unmatched_tracks.tolist(), after.unmatched_detections.tolist()) == ([0], [1])


def test_greedy_takes_the_detections_in_turn():
    cost = np.array([[0.2, 0.1], [0.3, 0.9]])
    assert pairs(greedy_assignment(cost, 0.5)) == [(0, 0)]  # then 0.9 is too much for 1
    assert pairs(greedy_assignment(cost[:, ::-1], 0.5)) == [(0, 0), (1, 1)]


@BY_SOLVER
@BY_POLICY
@pytest.mark.parametrize('max_cost', [*LIMITS, 0.0, -0.3, -0.7])
def test_a_pair_at_exactly_the_limit_is_accepted(solver, reject, max_cost):
    def accepted(cost):
        matrix = np.array([[cost]])
        return pairs(linear_assignment(matrix, max_cost, reject=reject, solver=solver))

    assert accepted(max_cost) == [(0, 0)]
    assert accepted(np.nextafter(max_cost, -inf)) == [(0, 0)]
    assert accepted(np.nextafter(max_cost, inf)) == []


@BY_SOLVER
@pytest.mark.parametrize('max_cost', LIMITS)
@pytest.mark.parametrize('others', ['forbidden', 'above'])
def test_a_pair_at_exactly_the_limit_is_accepted_among_others(solver, max_cost, others):
    rng = np.random.default_rng(int(max_cost * 1000))
    for size in (3, 10, 30):
        cost = rng.uniform(0, 1.2 * max_cost, (size, size + 2))
        cost[1] = cost[:, 2] = inf if others == 'forbidden' else 2 * max_cost
        cost[1, 2] = max_cost
        assert (1, 2) in pairs(linear_assignment(cost, max_cost, solver=solver))


@pytest.mark.parametrize('max_cost', LIMITS)
def test_greedy_accepts_exactly_the_limit(max_cost):
    assert pairs(greedy_assignment(np.array([[max_cost]]), max_cost)) == [(0, 0)]
    assert pairs(greedy_assignment(np.array([[np.nextafter(max_cost, inf)]]), max_cost)) == []


@BY_SOLVER
@BY_POLICY
def test_forbidden_pairs_are_never_taken(solver, reject):
    for max_cost in (0.5, inf):
        matches = linear_assignment(np.full((2, 3), inf), max_cost, reject=reject, solver=solver)
        assert pairs(matches) == []
        assert sorted(matches.unmatched_tracks.tolist()) == [0, 1]
        assert sorted(matches.unmatched_detections.tolist()) == [0, 1, 2]
    assert pairs(greedy_assignment(np.full((2, 3), inf), inf)) == []


@BY_SOLVER
def test_what_the_solver_left_out_comes_before_what_was_rejected(solver):
    # The cheapest full matching is 0-1, 1-0 (0.95 + 0.1 < 0.9 + 0.2); 0-1 is above the limit.
    cost = np.array([[0.9, 0.95, 0.99], [0.1, 0.2, 0.99]])
    matches = linear_assignment(cost, 0.5, reject='after', solver=solver)
    assert pairs(matches) == [(1, 0)]
    assert matches.unmatched_tracks.tolist() == [0]
    assert matches.unmatched_detections.tolist() == [2, 1]
    turned = linear_assignment(cost.T.copy(), 0.5, reject='after', solver=solver)
    assert pairs(turned) == [(0, 1)]
    assert turned.unmatched_tracks.tolist() == [2, 1]
    assert turned.unmatched_detections.tolist() == [0]


@BY_SOLVER
def test_rejected_pairs_come_ascending_by_track(solver):
    # Solved as 0-1, 1-2, 2-0, all rejected; detection 3 was left out.
    cost = np.array([[0.9, 0.6, 0.9, 0.9], [0.9, 0.9, 0.6, 0.9], [0.6, 0.9, 0.9, 0.9]])
    matches = linear_assignment(cost, 0.5, reject='after', solver=solver)
    assert pairs(matches) == []
    assert matches.unmatched_tracks.tolist() == [0, 1, 2]
    assert matches.unmatched_detections.tolist() == [3, 1, 2, 0]


@pytest.mark.parametrize('seed', range(30))
def test_leftovers_of_scipy_are_ordered_as_in_deep_sort(seed):
    rng = np.random.default_rng(seed)
    cost, limit = rng.uniform(0, 1, rng.integers(1, 8, 2)), 0.3
    clamped = np.where(cost > limit, limit + 1e-5, cost)
    solved = list(zip(*linear_sum_assignment(clamped), strict=True))
    tracks = [row for row in range(cost.shape[0]) if row not in {r for r, _ in solved}]
    detections = [column for column in range(cost.shape[1]) if column not in {c for _, c in solved}]
    accepted = []
    for row, column in solved:
        if cost[row, column] > limit:
            tracks.append(row)
            detections.append(column)
        else:
            accepted.append((row, column))
    matches = linear_assignment(cost, limit, solver='scipy')
    assert pairs(matches) == accepted
    assert matches.unmatched_tracks.tolist() == tracks
    assert matches.unmatched_detections.tolist() == detections


@pytest.mark.parametrize('seed', range(30))
def test_leftovers_of_lap_and_greedy_are_ascending_and_complete(seed):
    cost = np.random.default_rng(seed).uniform(0, 1, (6, 5))
    for matches in (linear_assignment(cost, 0.3), greedy_assignment(cost, 0.3)):
        tracks = [row for row in range(6) if row not in matches.tracks]
        detections = [column for column in range(5) if column not in matches.detections]
        assert matches.unmatched_tracks.tolist() == tracks
        assert matches.unmatched_detections.tolist() == detections


@BY_SOLVER
@BY_POLICY
@pytest.mark.parametrize('max_cost', [0.5, inf])
def test_nan_is_refused(solver, reject, max_cost):
    for cost in ([[nan]], [[0.1, nan], [inf, 0.2]], [[inf, -1], [nan, inf]]):
        with pytest.raises(ValueError, match='holds NaN'):
            linear_assignment(np.array(cost), max_cost, reject=reject, solver=solver)


@pytest.mark.parametrize('options', [{'reject': 'never'}, {'solver': 'auction'}])
def test_unknown_options_are_refused(options):
    name, value = next(iter(options.items()))
    with pytest.raises(ValueError, match=rf"Got .*{name}='{value}'"):
        linear_assignment(np.zeros((1, 1)), 0.5, **options)


@BY_SOLVER
@BY_POLICY
@pytest.mark.parametrize('shape', [(0, 0), (0, 3), (3, 0)])
def test_nothing_on_a_side(solver, reject, shape):
    cost = np.empty(shape)
    for max_cost in (0.5, inf):
        linear = linear_assignment(cost, max_cost, reject=reject, solver=solver)
        for matches in (linear, greedy_assignment(cost, max_cost)):
            assert pairs(matches) == []
            assert matches.unmatched_tracks.tolist() == list(range(shape[0]))
            assert matches.unmatched_detections.tolist() == list(range(shape[1]))
    assert unambiguous_assignment(cost, 0.5) is None


@BY_SOLVER
@BY_POLICY
def test_the_cost_stays_as_it_is_in_any_memory_order(solver, reject):
    cost = np.array([[0.9, inf, 0.4], [0.1, 0.2, 0.9]])
    options = {'reject': reject, 'solver': solver}
    for view in (cost, cost.T, cost[::-1], cost[:, ::2]):
        plain = view.copy()
        assert pairs(linear_assignment(view, 0.5, **options)) == pairs(
            linear_assignment(plain, 0.5, **options)
        )
        greedy_assignment(view, 0.5)
        np.testing.assert_array_equal(view, plain)


def test_pairs_that_leave_no_choice():
    cost = np.array([[0.9, 0.1, 0.9, 0.5], [0.9, 0.9, 0.9, 0.9], [0.2, 0.9, 0.9, 0.9]])
    matches = unambiguous_assignment(cost, 0.5)  # 0.5 itself is not below the limit
    assert pairs(matches) == [(0, 1), (2, 0)]
    assert matches.unmatched_tracks.tolist() == [1]
    assert matches.unmatched_detections.tolist() == [2, 3]


@pytest.mark.parametrize(
    'cost',
    [
        [[0.1, 0.2], [0.9, 0.9]],  # a track with two detections
        [[0.1, 0.9], [0.2, 0.9]],  # a detection with two tracks
        [[0.1, 0.9], [0.2, 0.3]],  # both
        [[0.5, 0.9], [0.9, 0.5]],  # nothing below the limit
    ],
)
def test_a_choice_or_no_pair_is_not_unambiguous(cost):
    assert unambiguous_assignment(np.array(cost), 0.5) is None


def test_no_choice_may_differ_from_the_optimum():
    # Negative overlaps, limit -0.3. Only 0-0 is below; the optimum is 0-1 and 1-0, 0.6 > 0.35,
    # both exactly at the limit.
    cost = -np.array([[0.35, 0.3], [0.3, 0]])
    unambiguous = unambiguous_assignment(cost, -0.3)
    assert pairs(unambiguous) == [(0, 0)]
    assert unambiguous.unmatched_tracks.tolist() == [1]
    assert unambiguous.unmatched_detections.tolist() == [1]
    assert pairs(linear_assignment(cost, -0.3, reject='after')) == [(0, 1), (1, 0)]


def test_matches_speak_of_what_rows_and_columns_stand_for():
    matches = Matches(np.array([0, 2]), np.array([1, 0]), np.array([1]), np.array([3, 2]))
    named = matches.of(np.array([10, 20, 30]), np.array([5, 6, 7, 8]))
    assert pairs(named) == [(10, 6), (30, 5)]
    assert named.unmatched_tracks.tolist() == [20]
    assert named.unmatched_detections.tolist() == [8, 7]


def test_matches_swapped():
    matches = Matches(np.array([0, 2]), np.array([1, 0]), np.array([1]), np.array([3, 2]))
    swapped = matches.swapped()
    assert pairs(swapped) == [(1, 0), (0, 2)]
    assert swapped.unmatched_tracks.tolist() == [3, 2]
    assert swapped.unmatched_detections.tolist() == [1]


def test_no_matches():
    matches = Matches.none(np.array([4, 2]), np.array([7]))
    assert pairs(matches) == []
    assert matches.unmatched_tracks.tolist() == [4, 2]
    assert matches.unmatched_detections.tolist() == [7]
