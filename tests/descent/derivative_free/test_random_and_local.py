"""Random and local search: the obvious loops, reproducible, whatever the grouping."""

from __future__ import annotations

import math

import numpy as np
import pytest

from gdfast import L2, FunctionObjective, Hinge, LinearObjective, local_search, random_search
from gdfast.descent.derivative_free import random_and_local
from gdfast.descent.derivative_free.random_points import Candidates


def bumpy(w):
    return float(np.sum(w**2) + np.sum(np.sin(5 * w)))


OBJECTIVE = FunctionObjective(bumpy)


def candidate(seed, i, shape):
    """The i-th random point of a seed, straight from NumPy's counter-based generator."""
    key = np.random.default_rng(seed).integers(2**64, size=2, dtype=np.uint64)
    return np.random.Generator(np.random.Philox(key=key, counter=[0, 0, i, 0])).standard_normal(shape)


def obvious_random_search(shape, n, scale, seed):
    best, best_value = None, math.inf
    for i in range(n):
        w = scale * candidate(seed, i, shape)
        if bumpy(w) < best_value:
            best, best_value = w, bumpy(w)
    return best, best_value


@pytest.mark.parametrize("shape", [(3,), (2, 3), ()])
@pytest.mark.parametrize("n", [1, 63, 64, 65, 200])
def test_lecture_14_random_search_keeps_the_best(shape, n):
    found = random_search(OBJECTIVE, shape, n, scale=0.7, rng=5)
    w, value = obvious_random_search(shape, n, 0.7, 5)
    assert np.array_equal(found.w, w)
    assert (found.value, found.evaluations, found.passes) == (value, n, None)
    assert found.w.dtype == np.float64
    assert found.w.shape == shape


@pytest.mark.parametrize("block", [1, 7, 64, 1000])
def test_the_grouping_changes_nothing(monkeypatch, block):
    expected = random_search(OBJECTIVE, (4,), 150, 1.0, rng=3)
    monkeypatch.setattr(random_and_local, "_BLOCK", block)
    found = random_search(OBJECTIVE, (4,), 150, 1.0, rng=3)
    assert np.array_equal(found.w, expected.w)
    assert found.value == expected.value


def points_of(n, block, shape=(3, 2)):
    seen = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(random_and_local, "_BLOCK", block)
        random_search(FunctionObjective(lambda w: seen.append(w.copy()) or 0.0), shape, n, 1.0, rng=11)
    return np.array(seen)


@pytest.mark.parametrize("block", [1, 7, 64])
@pytest.mark.parametrize("n", [1, 2, 63, 64, 65, 129])
def test_fewer_points_are_the_first_of_more(n, block):
    assert np.array_equal(points_of(n, block), points_of(200, 50)[:n])


def test_a_point_depends_on_its_number_alone():
    forwards, backwards = (Candidates(np.random.default_rng(3), (5,)) for _ in range(2))
    expected = [forwards.at(i) for i in range(20)]
    assert all(np.array_equal(backwards.at(i), expected[i]) for i in reversed(range(20)))
    assert np.array_equal(backwards.block(4, 9), expected[4:9])
    far = backwards.at(2**40)
    assert not any(np.array_equal(far, w) for w in expected)


def test_points_are_normal_and_do_not_repeat():
    """However long a point is: the tail of one is not the head of the next."""
    points = Candidates(np.random.default_rng(0), (1000,)).block(0, 200)
    assert abs(points.mean()) < 5 / math.sqrt(points.size)
    assert points.var() == pytest.approx(1, abs=0.02)
    correlation = np.corrcoef(points)
    assert np.abs(correlation[~np.eye(200, dtype=bool)]).max() < 0.2
    assert np.unique(points).size == points.size


@pytest.mark.parametrize("n", [1, 10, 100])
def test_a_shorter_local_search_is_the_beginning_of_a_longer_one(n):
    paths = []
    for length in (n, 150):
        seen = []
        local_search(
            FunctionObjective(lambda w, seen=seen: seen.append(w.copy()) or bumpy(w)), [1.0, 2.0], length, 0.1, 4
        )
        paths.append(seen)
    assert np.array_equal(paths[0], paths[1][:n])


@pytest.mark.parametrize("block", [1, 7, 64, 1000])
def test_the_grouping_changes_nothing_on_a_linear_objective(monkeypatch, block):
    rng = np.random.default_rng(4)
    X, y = rng.normal(size=(50, 9)), rng.integers(0, 4, size=50)
    objective = LinearObjective(X, y, Hinge(), L2(0.1))
    candidates = 0.3 * np.array([candidate(8, i, (4, 10)) for i in range(130)])
    values = [objective.value(W) for W in candidates]

    monkeypatch.setattr(random_and_local, "_BLOCK", block)
    found = random_search(objective, n=130, scale=0.3, rng=8)
    assert np.array_equal(found.w, candidates[int(np.argmin(values))])
    assert found.value == pytest.approx(min(values), rel=1e-12)
    assert found.evaluations == 130
    assert found.passes == math.ceil(130 / block)


def test_blocks_are_bounded_in_bytes(monkeypatch):
    sizes = []
    monkeypatch.setattr(random_and_local, "_BLOCK_BYTES", 8 * 100 * 5)
    monkeypatch.setattr(random_and_local, "values_at", lambda objective, ws: sizes.append(len(ws)) or np.zeros(len(ws)))
    random_search(OBJECTIVE, (10, 10), 12)
    assert sizes == [5, 5, 2]


def test_shape_and_dtype_may_come_from_the_objective():
    class Shaped:
        shape, dtype = (2, 3), np.dtype(np.float32)

        def value(self, w):
            assert (w.shape, w.dtype) == ((2, 3), np.float32)
            return float(w.sum())

    found = random_search(Shaped(), n=20, rng=0)
    assert (found.w.shape, found.w.dtype) == ((2, 3), np.float32)
    assert random_search(OBJECTIVE, 3, n=2, rng=0).w.shape == (3,)


def test_scale_is_the_standard_deviation():
    seen = []
    random_search(FunctionObjective(lambda w: seen.append(w) or 0.0), (50,), n=200, scale=1e-4, rng=0)
    assert np.std(seen) == pytest.approx(1e-4, rel=0.05)


def test_a_nan_is_never_the_best():
    objective = FunctionObjective(lambda w: math.nan if w[0] > 0 else float(w[0]))
    found = random_search(objective, 1, n=300, scale=1.0, rng=0)
    assert found.value == found.w[0] < -2
    nothing = random_search(FunctionObjective(lambda w: math.nan), 1, n=300, rng=0)
    assert math.isnan(nothing.value)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_lecture_15_local_search_goes_only_down(dtype):
    w0 = np.array([[2.0, -1.5]], dtype)
    w, path = w0.copy(), [bumpy(w0)]
    for i in range(1, 200):
        trial = w + (0.2 * candidate(9, i, (1, 2))).astype(dtype)
        if bumpy(trial) < path[-1]:
            w = trial
            path.append(bumpy(w))
    found = local_search(OBJECTIVE, w0, n=200, step=0.2, rng=9)
    assert len(path) > 5
    assert np.array_equal(found.w, w)
    assert found.w.dtype == dtype
    assert (found.value, found.evaluations, found.passes) == (path[-1], 200, None)
    assert w0.tolist() == [[2.0, -1.5]]


def test_local_search_of_one_point_is_the_start():
    w0 = np.array([2.0])
    found = local_search(OBJECTIVE, w0, n=1, rng=0)
    assert (found.w.tolist(), found.value, found.evaluations) == ([2.0], bumpy(w0), 1)
    assert not np.shares_memory(found.w, w0)


def test_local_search_on_a_plateau_stays():
    found = local_search(FunctionObjective(lambda w: 1.0), [2.0], n=50, step=1.0, rng=0)
    assert found.w.tolist() == [2.0]


def test_local_search_leaves_a_nan():
    objective = FunctionObjective(lambda w: math.nan if w[0] > 1 else float(w[0] ** 2))
    assert local_search(objective, [1.1], n=100, step=0.5, rng=0).value < 1


def test_a_generator_goes_on_where_it_stands():
    rng = np.random.default_rng(1)
    first, second = (random_search(OBJECTIVE, 2, 10, 1.0, rng=rng) for _ in range(2))
    assert not np.array_equal(first.w, second.w)
    assert np.array_equal(first.w, random_search(OBJECTIVE, 2, 10, 1.0, rng=1).w)


def test_passes_are_the_objective_s_own_count():
    class Counting:
        passes = 3.0

        def value(self, w):
            self.passes += 0.5
            return bumpy(w)

    assert random_search(Counting(), 2, n=10, rng=0).passes == 5.0
    assert local_search(Counting(), [1.0], n=10, rng=0).passes == 5.0


def test_a_search_reads_as_a_sentence():
    found = local_search(FunctionObjective(lambda w: 2.5), [1.0], n=1000, rng=0)
    assert str(found) == "The best of 1,000 points has the value 2.5."


def test_the_progress_bar(capsys):
    random_search(OBJECTIVE, 2, n=100, rng=0, progress=True)
    assert "100/100" in capsys.readouterr().err
    local_search(OBJECTIVE, [1.0], n=100, rng=0, progress=True)
    assert "100/100" in capsys.readouterr().err


BAD_BOTH = [
    ({"n": 0}, ValueError, "n must be >= 1; it is 0"),
    ({"n": 10.0}, TypeError, "n must be an integer"),
    ({"rng": -1}, ValueError, "rng must be >= 0"),
    ({"rng": "seed"}, TypeError, "rng must be an integer, a numpy Generator or None; it is str"),
    ({"progress": None}, TypeError, "progress must be True or False"),
]


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        *BAD_BOTH,
        ({"shape": None}, TypeError, "shape must be given: the objective has no shape of its own"),
        ({"shape": (2, 0)}, ValueError, "shape must be >= 1; it is 0"),
        ({"shape": "ab"}, TypeError, "shape must be an integer; it is str 'ab'"),
        ({"scale": 0}, ValueError, "scale must be > 0"),
        ({"objective": bumpy}, TypeError, "objective must be an object with value; it is function"),
    ],
)
def test_bad_arguments_of_random_search(arguments, error, message):
    with pytest.raises(error, match=message):
        random_search(**{"objective": OBJECTIVE, "shape": 2, **arguments})


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        *BAD_BOTH,
        ({"w0": np.array([1, 2])}, TypeError, "w0 must be a float array"),
        ({"w0": [math.inf]}, ValueError, r"w0 must be finite; w0\[0\] is inf"),
        ({"step": -1.0}, ValueError, "step must be > 0"),
        ({"objective": None}, TypeError, "objective must be an object with value; it is NoneType"),
    ],
)
def test_bad_arguments_of_local_search(arguments, error, message):
    with pytest.raises(error, match=message):
        local_search(**{"objective": OBJECTIVE, "w0": [1.0], **arguments})
