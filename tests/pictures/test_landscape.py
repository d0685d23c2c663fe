"""Data of pictures: the numbers are the objective's, kinks and edges are where margins are 0, files give them back."""

from __future__ import annotations

import csv
import os
import stat

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import gdfast as gd
import reference

STEPS = np.linspace(-2, 2, 41)
BOWL = gd.FunctionObjective(lambda w: float((w * w).sum()), lambda w: 2 * w)


def images(n, k=3, d=4, seed=0, loss=None, regularizer=None, dtype=np.float64):
    """An objective on n samples, weights and two directions."""
    rng = np.random.default_rng(seed)
    X, y = rng.normal(size=(n, d)).astype(dtype), rng.integers(0, k, n)
    objective = gd.LinearObjective(X, y, loss or gd.Hinge(), regularizer, n_classes=k)
    return objective, *rng.normal(size=(3, *objective.shape))


# A line.


@pytest.mark.parametrize("loss", [gd.Hinge(), gd.SquaredHinge(), gd.CrossEntropy()])
def test_lecture_9_a_line_is_the_objective_along_it(loss):
    objective, W, V, _ = images(20, loss=loss, regularizer=gd.L2(0.1))
    before = objective.passes
    line = gd.landscape.line(objective, W, V, STEPS)
    assert objective.passes - before <= 2
    np.testing.assert_allclose(line.values, [objective.value(W + a * V) for a in STEPS], rtol=1e-12)
    np.testing.assert_allclose(line.kink_values, [objective.value(W + a * V) for a in line.kinks], rtol=1e-12)
    assert (line.kinks.size > 0) == (not isinstance(loss, gd.CrossEntropy))
    fine = gd.along_ray(objective, W, V).values(np.linspace(-100, 100, 20_001))
    assert line.minimum_value <= fine.min() + 1e-12
    assert line.minimum_value == pytest.approx(objective.value(W + line.minimum * V), rel=1e-12)


def test_the_line_of_a_function_has_no_kinks_and_no_minimum_that_is_sure():
    line = gd.landscape.line(BOWL, np.array([3.0, 1.0]), np.array([-1.0, 0.0]), [0.0, 3.0])
    np.testing.assert_array_equal(line.values, [10.0, 1.0])
    assert (line.kinks.size, line.minimum, line.minimum_value) == (0, None, None)


def test_a_line_that_falls_for_ever_has_no_minimum():
    objective = gd.LinearObjective(np.ones((1, 1)), np.array([0]), gd.CrossEntropy(), bias=False, n_classes=2)
    W, V = np.zeros((2, 1)), np.array([[1.0], [0.0]])
    assert gd.landscape.line(objective, W, V, STEPS).minimum_value == pytest.approx(0.0, abs=1e-300)
    falls = gd.LinearObjective(np.zeros((1, 1)), np.array([0]), gd.Hinge(), Downhill(), bias=False, n_classes=2)
    assert gd.landscape.line(falls, W, V, STEPS).minimum is None


class Downhill:
    """A user's regularizer: minus the sum of the weights."""

    def value(self, W):
        return -float(W.sum())

    def gradient(self, W):
        return -np.ones_like(W)


# A plane.


@pytest.mark.parametrize("loss", [gd.Hinge(), gd.CrossEntropy()])
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_lecture_10_a_plane_is_the_objective_on_it(loss, dtype):
    objective, W, U, V = images(20, loss=loss, regularizer=gd.L2(0.1), dtype=dtype)
    a, b = np.linspace(-1, 1, 5), np.linspace(0, 3, 40)
    before = objective.passes
    plane = gd.landscape.plane(objective, W, U, V, a, b)
    assert objective.passes - before <= 3
    wide = gd.LinearObjective(objective.X.astype(float), objective.y, loss, gd.L2(0.1), n_classes=3)
    exact = [[wide.value(W + p * U + q * V) for q in b] for p in a]
    np.testing.assert_allclose(plane.values, exact, rtol=1e-12)
    assert plane.edges.shape == (0, 2, 2) if loss == gd.CrossEntropy() else plane.edges.size > 0


@settings(max_examples=30)
@given(seed=st.integers(0, 2**32), n=st.integers(1, 3), k=st.integers(2, 5), squared=st.booleans())
def test_lecture_11_one_image_has_straight_cell_edges_where_a_margin_is_0(seed, n, k, squared):
    loss = gd.SquaredHinge() if squared else gd.Hinge()
    objective, W, U, V = images(n, k, seed=seed, loss=loss)
    plane = gd.landscape.plane(objective, W, U, V, [-1.0, 1.0], [-2.0, 2.0])
    assert plane.edges.shape == (*plane.edge_terms.shape, 2)
    for (i, j), segment in zip(plane.edge_terms, plane.edges, strict=True):
        for share in (0.0, 0.3, 1.0):
            a, b = segment[0] + share * (segment[1] - segment[0])
            assert objective.margins(W + a * U + b * V)[i, j] == pytest.approx(0, abs=1e-11)
        for end in segment:  # on the border of the rectangle
            assert min(abs(abs(end[0]) - 1), abs(abs(end[1]) - 2)) == pytest.approx(0, abs=1e-14)
    # Every other term keeps its sign in the corners, so that no edge was forgotten.
    corners = [objective.margins(W + a * U + b * V) for a in (-1, 1) for b in (-2, 2)]
    signs = np.sign(corners)
    cut = np.argwhere(np.abs(signs.sum(axis=0)) < 4)
    wrong = [(i, j) for i, j in cut if j != objective.y[i]]
    assert wrong == [tuple(term) for term in plane.edge_terms]


def test_lecture_13_the_mean_of_planes_is_the_plane_of_the_mean_and_is_rounder():
    objective, W, U, V = images(100, regularizer=None)
    a = np.linspace(-2, 2, 33)
    whole = gd.landscape.plane(objective, W, U, V, a, a)
    single = [gd.landscape.plane(objective.rows([i]), W, U, V, a, a) for i in range(100)]
    np.testing.assert_allclose(np.mean([plane.values for plane in single], axis=0), whole.values, rtol=1e-12)
    assert all(plane.edges.size for plane in single[:3])
    assert whole.edges.size == 0  # 200 lines would be a picture of lines

    def bent(plane):  # in how much of the plane is it curved
        return np.mean(np.abs(np.diff(plane.values, 2, axis=0)) > 1e-9)

    assert bent(single[0]) < 0.3 < 0.9 < bent(whole)


# One weight.


def test_lecture_12_each_term_on_its_own_and_their_sum():
    # LECTURE 8's example: x = 1, 2, -1 of the classes 0, 1, 2; the loss as a function of the first weight.
    x, others = np.array([1.0, 2.0, -1.0]), (0.5, -0.25)
    objective = gd.LinearObjective(x[:, None], np.arange(3), bias=False)
    values = np.linspace(-3, 3, 61)
    weight = gd.landscape.weight(objective, np.array([[7.0], [0.5], [-0.25]]), (0, 0), values)
    w0, (w1, w2) = values, others
    expected = {
        (0, 1): np.maximum(0, w1 * x[0] - w0 * x[0] + 1),
        (0, 2): np.maximum(0, w2 * x[0] - w0 * x[0] + 1),
        (1, 0): np.maximum(0, w0 * x[1] - w1 * x[1] + 1),
        (1, 2): np.maximum(0, w2 * x[1] - w1 * x[1] + 1) + 0 * w0,
        (2, 0): np.maximum(0, w0 * x[2] - w2 * x[2] + 1),
        (2, 1): np.maximum(0, w1 * x[2] - w2 * x[2] + 1) + 0 * w0,
    }
    assert [tuple(label) for label in weight.labels] == list(expected)
    np.testing.assert_allclose(3 * weight.terms, list(expected.values()), atol=1e-13)
    np.testing.assert_allclose(weight.terms.sum(axis=0), weight.totals, rtol=1e-13)
    assert (weight.index, weight.at, weight.n_terms) == ((0, 0), 7.0, 6)


@pytest.mark.parametrize("loss", [gd.Hinge(2.0), gd.SquaredHinge()])
def test_of_many_terms_the_largest_are_kept_and_the_rest_is_known(loss):
    objective, W, _, _ = images(40, loss=loss, regularizer=gd.L2(0.3))
    values = np.linspace(-2, 2, 50)
    every = gd.landscape.weight(objective, W, (1, 2), values, max_terms=1000)
    few = gd.landscape.weight(objective, W, 1 * 5 + 2, values, max_terms=7)
    assert (len(every.terms), len(few.terms), few.n_terms) == (80, 7, 80)
    moved = W.copy()
    for value, total, rest in zip(values, every.totals, every.rest, strict=True):
        moved[1, 2] = value
        assert total == pytest.approx(objective.value(moved), rel=1e-12)
        assert rest == pytest.approx(0.3 * (moved[:, :-1] ** 2).sum(), rel=1e-10)
    heights = every.terms.max(axis=1)
    kept = [np.flatnonzero((every.labels == label).all(axis=1))[0] for label in few.labels]
    assert kept == sorted(np.argsort(-heights)[:7])
    np.testing.assert_array_equal(few.terms, every.terms[kept])
    np.testing.assert_array_equal(few.totals, every.totals)


def test_which_weight_is_said_by_its_position_in_any_form():
    objective, W, *_ = images(10)
    weights = [gd.landscape.weight(objective, W, index, STEPS) for index in ((1, 2), [1, 2], np.array([1, 2]), 7)]
    assert weights == weights[:1] * 4
    assert weights[0].index == (1, 2)


def test_other_objectives_have_totals_alone():
    objective, W, _, _ = images(10, loss=gd.CrossEntropy())
    weight = gd.landscape.weight(objective, W, (0, 0), STEPS)
    assert (weight.terms.shape, weight.labels.shape, weight.n_terms) == ((0, 41), (0, 2), 0)
    np.testing.assert_allclose(gd.landscape.weight(BOWL, np.ones(3), 1, [0.0, 2.0]).totals, [2.0, 6.0])


# Step sizes.


@pytest.mark.parametrize("loss", [gd.Hinge(), gd.CrossEntropy()])
def test_lecture_34_tiny_steps_change_nothing_good_ones_help_and_long_ones_overshoot(loss):
    digits = gd.datasets.load_digits()
    objective = gd.LinearObjective(digits.X, digits.y, loss)
    W = 1e-4 * np.random.default_rng(0).standard_normal(objective.shape)
    steps = 10.0 ** np.arange(-12.0, 5.0)
    before = objective.passes
    seen = gd.landscape.step_sizes(objective, W, steps)
    assert objective.passes - before <= 3
    gradient = objective.gradient(W)
    np.testing.assert_allclose(seen.values, [objective.value(W - s * gradient) for s in steps], rtol=1e-6)
    assert seen.start == pytest.approx(objective.value(W), rel=1e-6)
    assert seen.values[0] == pytest.approx(seen.start, rel=1e-6)  # the published shape: 2.2007, ...
    assert seen.best_value == seen.values.min() < 0.8 * seen.start  # ... 1.6478, ...
    assert seen.values[-1] > 1000 * seen.start  # ... 25392
    assert seen.best_step == steps[seen.values.argmin()]
    assert seen.exact_value <= seen.best_value
    assert seen.exact_step < seen.overshoot
    ray = gd.along_ray(objective, W, -gradient)
    assert ray.value(seen.overshoot) <= seen.start < ray.value(seen.overshoot * (1 + 1e-9))


def test_step_sizes_along_another_direction_and_down_for_ever():
    straight = gd.FunctionObjective(lambda w: float(w[0]), lambda w: np.array([1.0, 0.0]))
    seen = gd.landscape.step_sizes(straight, np.zeros(2), [1.0, 5.0])
    assert (seen.best_step, seen.best_value, seen.exact_step, seen.exact_value, seen.overshoot) == (5, -5, *[None] * 3)
    up = gd.landscape.step_sizes(BOWL, np.array([1.0, 0.0]), [0.1, 2.0], direction=np.array([1.0, 0.0]))
    assert (up.exact_step, up.exact_value, up.best_step) == (0.0, 1.0, 0.1)
    assert up.overshoot == pytest.approx(0.0, abs=1e-7)


def test_there_is_no_step_down_from_a_minimum():
    with pytest.raises(ValueError, match="the gradient at w is zero everywhere"):
        gd.landscape.step_sizes(BOWL, np.zeros(2), [1.0])


# Trajectories.


def test_principal_directions_are_those_of_largest_spread():
    rng = np.random.default_rng(0)
    axes = np.linalg.qr(rng.normal(size=(12, 12)))[0]
    ws = rng.normal(size=(200, 12)) * np.array([5.0, 2.0, *[0.1] * 10]) @ axes.T + 3.0
    directions, explained = gd.landscape.principal_directions(ws.reshape(200, 3, 4))
    flat = directions.reshape(2, 12)
    np.testing.assert_allclose(flat @ flat.T, np.eye(2), atol=1e-14)
    assert np.all(np.abs((flat * axes[:, :2].T).sum(axis=1)) > 0.999)
    variances = np.linalg.eigvalsh(np.cov(ws.T))[::-1]
    np.testing.assert_allclose(explained, variances[:2] / variances.sum(), rtol=1e-12)
    assert all(direction[np.abs(direction).argmax()] > 0 for direction in flat)
    again, _ = gd.landscape.principal_directions(-ws.reshape(200, 3, 4))
    np.testing.assert_allclose(again, directions, atol=1e-12)


def test_a_run_is_seen_on_the_plane_of_its_way():
    objective, W, _, _ = images(40, loss=gd.CrossEntropy(), regularizer=gd.L2(0.01))
    ws = [W]
    gd.minimize(objective, W, step=0.5, max_steps=30, callback=lambda k, w, value: ws.append(w.copy()) or False)
    seen = gd.landscape.trajectory(objective, ws)
    assert seen.points.shape == (31, 2)
    np.testing.assert_allclose(seen.points[-1], 0, atol=1e-12)
    assert seen.explained[0] > seen.explained[1] > 0
    offsets = np.array(ws) - ws[-1]
    shares = (seen.points**2).sum(axis=0) / (offsets**2).sum()
    np.testing.assert_allclose(seen.explained, shares, rtol=1e-9)
    assert seen.explained.sum() > 0.9
    i, j = 10, 50
    there = seen.origin + seen.plane.a[i] * seen.directions[0] + seen.plane.b[j] * seen.directions[1]
    assert seen.plane.values[i, j] == pytest.approx(objective.value(there), rel=1e-12)
    for axis, coordinates in ((seen.plane.a, seen.points[:, 0]), (seen.plane.b, seen.points[:, 1])):
        assert axis[0] < coordinates.min() < coordinates.max() < axis[-1]


def test_several_runs_share_a_plane_and_two_parameters_are_their_own_axes():
    rng = np.random.default_rng(0)
    runs = {"slow": rng.normal(size=(5, 2, 3)), "fast": rng.normal(size=(3, 2, 3))}
    seen = gd.landscape.trajectory(BOWL, runs, a=[0.0, 1.0], b=[-1.0, 0.0, 1.0])
    assert {name: len(path) for name, path in seen.paths.items()} == {"slow": 5, "fast": 3}
    np.testing.assert_allclose(seen.origin, (runs["slow"][-1] + runs["fast"][-1]) / 2)
    back = seen.origin + np.tensordot(seen.paths["fast"], seen.directions, 1)
    left = runs["fast"] - back
    assert np.abs(np.tensordot(left, seen.directions, ([1, 2], [1, 2]))).max() < 1e-12
    rosenbrock = gd.test_functions.Rosenbrock()
    ws = np.array([[-1.2, 1.0], [0.0, 0.5], [1.0, 1.0]])
    own = gd.landscape.trajectory(rosenbrock, ws, a=np.linspace(-2, 2, 9), b=np.linspace(-1, 3, 5))
    np.testing.assert_array_equal(own.points, ws)
    assert own.plane.values[6, 2] == rosenbrock.value(np.array([1.0, 1.0]))
    assert own.explained.sum() == pytest.approx(1.0)


@pytest.mark.parametrize("count", [2, 6])
def test_a_straight_way_has_a_fixed_second_direction(count):
    ws = [np.array([1.0, 2.0, 3.0, 4.0]) * 0.5**k for k in range(count)]
    first, second = (gd.landscape.trajectory(BOWL, ws) for _ in range(2))
    assert first == second
    np.testing.assert_allclose(first.explained, [1, 0], atol=1e-12)
    assert first.plane.b[0] < first.plane.b[-1]


@pytest.mark.parametrize("along", [[1.0, 0.0], [0.0, 2.0], [1.0, 2.0, 3.0]])
def test_a_straight_way_has_room_on_both_sides(along):
    ws = [1 + 0.5**k * np.array(along) for k in range(4)]
    seen = gd.landscape.trajectory(BOWL, ws)
    length = np.ptp(seen.points, axis=0).max()
    assert min(np.ptp(seen.plane.a), np.ptp(seen.plane.b)) >= 0.39 * length


@pytest.mark.parametrize(
    ("ws", "message"),
    [
        ([], "ws must hold weights"),
        ({}, "ws must hold at least one run"),
        ({"a": []}, r"ws\['a'\] must hold weights"),
        ([np.ones(3)], "ws must hold at least two different weights"),
        ([np.ones(3), np.ones(3)], "ws must hold at least two different weights; it holds 2, all equal"),
        ([np.ones(2), np.ones(2)], "ws must hold at least two different weights"),
        ([np.ones(1), np.zeros(1)], "weights of at least two elements"),
        ([np.ones(3), np.ones(4)], r"ws\[1\] must have the shape of ws\[0\]"),
        ([np.ones(3), np.full(3, np.nan)], r"ws\[1\] must be finite"),
        (np.broadcast_to(1.0, (10**6, 10**4)), r"ws must take at most 2 GiB; .* would take about 298.0 GiB"),
    ],
)
def test_bad_ways_are_named(ws, message):
    with pytest.raises(ValueError, match=message):
        gd.landscape.trajectory(BOWL, ws)


# Bad input.


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda o, W, V: gd.landscape.line(o, W, V, []), (TypeError, ValueError), "steps must"),
        (lambda o, W, V: gd.landscape.line(o, W, V, [np.inf]), ValueError, "steps must be finite"),
        (lambda o, W, V: gd.landscape.line(o, W, V[:1], STEPS), ValueError, "v must have the shape of w"),
        (lambda o, W, V: gd.landscape.line(o, W, 0 * V, STEPS), ValueError, "v must not be zero"),
        (lambda o, W, V: gd.landscape.plane(o, W, V, -2 * V, STEPS, STEPS), ValueError, "v must not be parallel to u"),
        (lambda o, W, V: gd.landscape.plane(o, W, V, W, STEPS, [[1.0]]), ValueError, "b must be one-dimensional"),
        (lambda o, W, V: gd.landscape.plane(o, W, V, W, np.ones(5000), np.ones(5000)), ValueError, "16,777,216 points"),
        (lambda o, W, V: gd.landscape.weight(o, W, (0, 9), STEPS), ValueError, r"index must be in \[0, 5\)"),
        (lambda o, W, V: gd.landscape.weight(o, W, (0,), STEPS), ValueError, "index must have 2 parts"),
        (lambda o, W, V: gd.landscape.weight(o, W, [0.0, 1.0], STEPS), TypeError, "index"),
        (lambda o, W, V: gd.landscape.weight(o, W, 15, STEPS), ValueError, r"index must be in \[0, 15\); it is 15"),
        (lambda o, W, V: gd.landscape.weight(o, W, 0.5, STEPS), TypeError, "index must be an integer"),
        (lambda o, W, V: gd.landscape.weight(o, W, 0, STEPS, max_terms=0), ValueError, "max_terms must be >= 1"),
        (lambda o, W, V: gd.landscape.step_sizes(o, W, [np.nan]), ValueError, "steps must be finite"),
        (lambda o, W, V: gd.landscape.step_sizes(o, W[0], STEPS), ValueError, "w must have the shape"),
    ],
)
def test_bad_input_is_named_before_any_work(call, error, message):
    objective, W, V, _ = images(10)
    before = objective.passes
    with pytest.raises(error, match=message):
        call(objective, W, V)
    assert objective.passes == before


# Files.


def everything():
    objective, W, U, V = images(3, regularizer=gd.L1(0.1))
    runs = {"one": np.random.default_rng(1).normal(size=(4, *W.shape)), "two": np.array([W, U])}
    return {
        "line": gd.landscape.line(objective, W, V, STEPS),
        "falling": gd.landscape.line(BOWL, [1.0], [1.0], [0.0]),
        "plane": gd.landscape.plane(objective, W, U, V, STEPS, STEPS[:3]),
        "weight": gd.landscape.weight(objective, W, (2, 1), STEPS),
        "step_sizes": gd.landscape.step_sizes(objective, W, STEPS),
        "trajectory": gd.landscape.trajectory(objective, runs, a=STEPS, b=STEPS),
    }


EVERYTHING = everything()


@pytest.mark.parametrize("name", EVERYTHING)
def test_npz_gives_back_what_was_saved(name, tmp_path):
    data, path = EVERYTHING[name], tmp_path / "data.npz"
    data.save(path)
    loaded = gd.landscape.load(path)
    assert type(loaded) is type(data)
    assert loaded == data
    assert [other for other, thing in EVERYTHING.items() if thing == loaded] == [name]
    with np.load(path, allow_pickle=False) as file:
        assert all(file[array].dtype.kind in "fiu" for array in file.files)


@pytest.mark.parametrize("name", EVERYTHING)
def test_csv_holds_the_table(name, tmp_path):
    data, path = EVERYTHING[name], tmp_path / "data.csv"
    data.save(str(path))
    with path.open(newline="", encoding="utf-8") as file:
        header, *rows = csv.reader(file)
    assert all(len(row) == len(header) for row in rows)
    numbers = np.array([[float(cell) for cell in row[name == "trajectory" :]] for row in rows])
    if name == "plane":
        np.testing.assert_array_equal(numbers[:, 2].reshape(41, 3), data.values)
        np.testing.assert_array_equal(numbers[4, :2], [STEPS[1], STEPS[1]])
    elif name == "weight":
        np.testing.assert_array_equal(numbers[:, 1], data.totals)
        np.testing.assert_array_equal(numbers[:, 2:].T, data.terms)
        assert header[2] == f"sample 0, class {data.labels[0, 1]}"
    elif name == "trajectory":
        np.testing.assert_array_equal(numbers[:, 1:], data.points)
        assert [row[0] for row in rows] == ["one"] * 4 + ["two"] * 2
    else:
        np.testing.assert_array_equal(numbers, np.stack([data.steps, data.values], axis=1))
    with pytest.raises(ValueError, match=r"a table alone"):
        gd.landscape.load(path)


def test_other_names_and_other_files_are_refused(tmp_path):
    with pytest.raises(ValueError, match=r"path must end in \.npz or \.csv"):
        EVERYTHING["line"].save(tmp_path / "data.txt")
    np.savez(tmp_path / "foreign.npz", a=STEPS)
    with pytest.raises(ValueError, match="is not a whole file"):
        gd.landscape.load(tmp_path / "foreign.npz")
    with pytest.raises(FileNotFoundError):
        gd.landscape.load(tmp_path / "none.npz")
    assert os.listdir(tmp_path) == ["foreign.npz"]


@pytest.mark.parametrize("suffix", ["npz", "csv"])
def test_where_nothing_can_be_written_nothing_is_left(suffix, tmp_path, monkeypatch):
    line, path = EVERYTHING["line"], tmp_path / f"data.{suffix}"
    with pytest.raises(OSError, match="none"):
        line.save(tmp_path / "none" / f"data.{suffix}")
    line.save(path)
    content = path.read_bytes()

    def full(*args):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        EVERYTHING["plane"].save(path)
    monkeypatch.undo()
    assert os.listdir(tmp_path) == [path.name]
    assert path.read_bytes() == content
    if os.geteuid() != 0:
        tmp_path.chmod(stat.S_IRUSR | stat.S_IXUSR)
        with pytest.raises(PermissionError):
            line.save(tmp_path / f"more.{suffix}")
        tmp_path.chmod(stat.S_IRWXU)


def test_the_oracle_agrees_with_the_line():
    rng = np.random.default_rng(5)
    X, y = rng.normal(size=(9, 4)), rng.integers(0, 3, 9)
    W, V = rng.normal(size=(2, 3, 5))
    problem = reference.LinearProblem(X, y, reference.HINGE, 1.0, 0.0, 0.0, True)
    line = gd.landscape.line(gd.LinearObjective(X, y, n_classes=3), W, V, STEPS)
    np.testing.assert_allclose(line.values, [problem.value(W + a * V) for a in STEPS], rtol=1e-12)
