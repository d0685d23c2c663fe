"""What descends on a linear objective descends on chunks of its rows: the same trajectory, checkpoints and checks."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import gdfast as gd
from chunked import FEATURES, pair

OPTIMIZERS: list[Any] = [
    gd.GradientDescent(), gd.Momentum(0.8), gd.Nesterov(0.8), gd.AveragedSGD(start=4), gd.AdaGrad(), gd.AdaDelta(),
    gd.RMSProp(), gd.Adam(), gd.AdamW(), gd.NAdam(), gd.RAdam(), gd.AMSGrad(), gd.Lion(),
    gd.NonlinearConjugateGradient(), gd.LBFGS(memory=3),
]  # fmt: skip
SEARCHES: list[Any] = [
    gd.GridSearch(np.geomspace(1e-3, 1, 5)), gd.Backtracking(), gd.StrongWolfe(), gd.ExactLineSearch(),
]  # fmt: skip
PRECONDITIONED: list[Any] = [
    gd.LBFGS(memory=3, preconditioner=gd.GramPreconditioner()),
    gd.NonlinearConjugateGradient(preconditioner=gd.GramPreconditioner()),
]
NEAR = {"rtol": 1e-9, "atol": 1e-9}


def runs(loss: Any, optimizer: Any, step: Any, *, regularizer: Any = None, steps: int = 12, **options: Any) -> Any:
    """The two results."""
    chunked, linear, Ws = pair("float64", loss, regularizer=regularizer)
    return [
        gd.minimize(objective, 0.1 * Ws[0], optimizer, step, max_steps=steps, gtol=0.0, **options)
        for objective in (chunked, linear)
    ]


def assert_same(one: Any, other: Any, weights: Callable[[Any], Any] = lambda w: w) -> None:
    assert (one.status, one.steps) == (other.status, other.steps)
    np.testing.assert_allclose(weights(one.w), weights(other.w), **NEAR)
    np.testing.assert_allclose(one.history.values, other.history.values, **NEAR)
    np.testing.assert_allclose(one.history.step_sizes, other.history.step_sizes, **NEAR)


@pytest.mark.parametrize("optimizer", OPTIMIZERS, ids=lambda each: type(each).__name__)
def test_every_update_rule_takes_the_same_steps(optimizer: Any) -> None:
    assert_same(*runs(gd.CrossEntropy(), optimizer, 0.05))


@pytest.mark.parametrize("search", SEARCHES, ids=lambda each: type(each).__name__)
@pytest.mark.parametrize("loss", [gd.Hinge(), gd.SquaredHinge()], ids=repr)
def test_every_line_search_finds_the_same(loss: Any, search: Any) -> None:
    # An exact search on the hinge ends on a kink, where rounding decides which slope the next step follows.
    on_a_kink = isinstance(loss, gd.Hinge) and isinstance(search, gd.ExactLineSearch)
    assert_same(*runs(loss, gd.GradientDescent(), search, steps=1 if on_a_kink else 5))


@pytest.mark.parametrize("optimizer", PRECONDITIONED, ids=lambda each: type(each).__name__)
@pytest.mark.parametrize("loss", [gd.CrossEntropy(), gd.Huber(0.5), gd.Hinge()], ids=repr)
def test_the_preconditioner_is_the_same(loss: Any, optimizer: Any) -> None:
    assert_same(*runs(loss, optimizer, gd.StrongWolfe(), regularizer=gd.L2(1e-3), steps=10))


@pytest.mark.parametrize("preconditioner", [None, gd.GramPreconditioner()], ids=repr)
def test_newtons_method_is_the_same(preconditioner: Any) -> None:
    found = runs(gd.CrossEntropy(), gd.Newton(preconditioner=preconditioner), gd.StrongWolfe(), steps=2)
    # Softmax does not see a shift of all classes: conjugate gradients leave it to rounding.
    assert_same(*found, weights=lambda w: w - w.mean(axis=0))


def test_the_same_sample_of_rows_makes_a_preconditioner() -> None:
    rule = gd.LBFGS(memory=3, preconditioner=gd.GramPreconditioner(rows=13))  # fewer than there are chunks
    assert_same(*runs(gd.CrossEntropy(), rule, gd.StrongWolfe(), regularizer=gd.L2(1e-3), steps=10))


def test_columns_beyond_a_matrix_have_its_sketch(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gdfast.descent.preconditioners.gram_preconditioner.MOST_BYTES", 4)
    assert_same(*runs(gd.SquaredHinge(), PRECONDITIONED[0], gd.StrongWolfe(), steps=5))


@pytest.mark.parametrize("momentum", [True, False])
def test_proximal_steps_find_the_same_zeros(momentum: bool) -> None:
    one, other = runs(gd.CrossEntropy(), gd.ProximalGradient(momentum), "auto", regularizer=gd.L1(0.05), steps=60)
    assert_same(one, other)
    assert 0 < np.count_nonzero(one.w[:, :-1] == 0) == np.count_nonzero(other.w[:, :-1] == 0)


@pytest.mark.parametrize(
    ("optimizer", "loss", "regularizer", "instead"),
    [
        (gd.DualCoordinateAscent(), gd.Hinge(), gd.L2(0.1), "gd.solve"),
        (gd.SemismoothNewton(), gd.Hinge(), gd.L2(0.1), "gd.solve"),
        (gd.CoordinateDescent(), gd.CrossEntropy(), gd.L1(0.1), r"ProximalGradient\(\)"),
    ],
    ids=["dual", "semismooth", "columns"],
)
def test_what_visits_single_rows_is_refused_by_name(optimizer: Any, loss: Any, regularizer: Any, instead: str) -> None:
    chunked, _, Ws = pair("float64", loss, regularizer=regularizer)
    name = type(optimizer).__name__
    with pytest.raises(TypeError, match=f"{name} needs a gdfast.LinearObjective; .* ChunkedObjective: .*{instead}"):
        gd.minimize(chunked, np.zeros_like(Ws[0]), optimizer)


# ---- checkpoints ----


@pytest.mark.parametrize(
    ("optimizer", "step"),
    [(gd.Adam(), 0.05), (PRECONDITIONED[0], gd.StrongWolfe()), (gd.ProximalGradient(), "auto")],
    ids=["Adam", "preconditioned", "proximal"],
)
def test_a_resumed_run_ends_on_the_same_bits(tmp_path: Any, optimizer: Any, step: Any) -> None:
    chunked, _, Ws = pair("float32", gd.CrossEntropy(), regularizer=gd.L2(1e-3))
    whole = gd.minimize(chunked, Ws[0], optimizer, step, max_steps=20, gtol=0.0)
    path = tmp_path / "run.npz"
    gd.minimize(
        chunked, Ws[0], optimizer, step, max_steps=20, gtol=0.0, checkpoint=gd.Checkpoint(path, every=5),
        callback=lambda k, w, value: k >= 12,
    )  # fmt: skip
    again = pair("float32", gd.CrossEntropy(), regularizer=gd.L2(1e-3)).chunked
    found = gd.resume(path, again)
    assert found.w.tobytes() == whole.w.tobytes()
    assert (found.value, found.steps) == (whole.value, whole.steps)


@pytest.mark.parametrize("kind", ["float32", "csr"])
def test_a_run_in_memory_goes_on_in_chunks(tmp_path: Any, kind: str) -> None:
    chunked, linear, Ws = pair(kind, gd.CrossEntropy(), regularizer=gd.L2(1e-3))
    path = tmp_path / "run.npz"
    options: dict[str, Any] = {"max_steps": 20, "gtol": 0.0, "checkpoint": gd.Checkpoint(path, every=5)}
    gd.minimize(linear, Ws[0], gd.Adam(), 0.05, callback=lambda k, w, value: k >= 12, **options)
    found, whole = gd.resume(path, chunked), gd.minimize(linear, Ws[0], gd.Adam(), 0.05, max_steps=20, gtol=0.0)
    np.testing.assert_allclose(found.w, whole.w, atol=2e-5)
    assert found.steps == whole.steps == 20


def test_a_run_of_other_rows_is_not_resumed(tmp_path: Any) -> None:
    chunked, _, Ws = pair("float64", gd.CrossEntropy())
    path = tmp_path / "run.npz"
    gd.minimize(chunked, Ws[0], gd.Adam(), 0.05, max_steps=4, checkpoint=gd.Checkpoint(path, every=2))
    with pytest.raises(ValueError, match="objective"):
        gd.resume(path, pair("float64", gd.CrossEntropy(), seed=1).chunked)


# ---- searches, landscapes, checks ----


def test_searches_at_random_try_the_same_points() -> None:
    chunked, linear, Ws = pair("float64", gd.Hinge())
    for one, other in (
        (gd.random_search(each, n=40, rng=3) for each in (chunked, linear)),
        (gd.local_search(each, Ws[0], n=40, step=0.1, rng=3) for each in (chunked, linear)),
    ):
        np.testing.assert_array_equal(one.w, other.w)
        assert one.value == pytest.approx(other.value, rel=1e-12)


def test_a_landscape_is_the_same() -> None:
    chunked, linear, Ws = pair("float64", gd.CrossEntropy())
    one, other = (
        gd.landscape.plane(each, Ws[0], Ws[1], Ws[2], [-1.0, 0.0, 2.0], [0.0, 0.5]) for each in (chunked, linear)
    )
    np.testing.assert_allclose(one.values, other.values, rtol=1e-11)


def test_critical_points_scipy_and_steps() -> None:
    chunked, linear, Ws = pair("float64", gd.CrossEntropy(), mode="penalised")
    assert gd.suggest_step(chunked) == pytest.approx(gd.suggest_step(linear), rel=1e-9)
    w = gd.minimize(linear, Ws[0], gd.LBFGS(), gd.StrongWolfe(), gtol=1e-9).w
    one, other = (gd.classify_critical_point(each, w) for each in (chunked, linear))
    assert one.kind == other.kind
    for f, g in zip(gd.to_scipy(chunked), gd.to_scipy(linear), strict=True):
        np.testing.assert_allclose(f(Ws[0].ravel()), g(Ws[0].ravel()), rtol=1e-11)


def forgets_the_penalty(objective: Any, W: Any, right: Any) -> Any:
    right[:, :-1] -= 2 * 0.1 * W[:, :-1]
    return right


def forgets_the_own_class(objective: Any, W: Any, right: Any) -> Any:
    """Of the softmax: p without the 1 of the right class."""
    p = np.exp(objective.scores(W))
    p /= p.sum(axis=1, keepdims=True)
    p[np.arange(len(p)), objective.y] = 0
    X = rows_and_labels()[0]
    wrong = p.T @ np.column_stack([X, np.ones(len(X))]) / len(X)
    wrong[:, :-1] += 2 * 0.1 * W[:, :-1]
    return wrong


def rows_and_labels() -> Any:
    rng = np.random.default_rng(0)
    return rng.normal(size=(60, FEATURES)), rng.integers(0, 3, 60)


@pytest.mark.parametrize("mistake", [forgets_the_penalty, forgets_the_own_class])
def test_a_mistake_has_the_same_name(mistake: Any) -> None:
    class Chunked(gd.ChunkedObjective):
        def gradient(self, W: Any) -> Any:
            return mistake(self, W, super().gradient(W))

    class Linear(gd.LinearObjective):
        def gradient(self, W: Any) -> Any:
            return mistake(self, W, super().gradient(W))

    X, y = rows_and_labels()
    W = np.random.default_rng(1).normal(size=(3, FEATURES + 1))
    one, other = (
        gd.check_gradient(kind(rows, y, gd.CrossEntropy(), gd.L2(0.1)), at=W)
        for kind, rows in ((Chunked, [X[:25], X[25:]]), (Linear, X))
    )
    assert not one.passed
    assert one.diagnosis == other.diagnosis
    assert "missing" in " ".join(one.diagnosis)


def test_a_right_gradient_passes() -> None:
    chunked, _, Ws = pair("float32", gd.Hinge())
    assert gd.check_gradient(chunked, at=Ws[0]).passed


@pytest.mark.parametrize("loss", [gd.CrossEntropy(), gd.Huber(0.5)], ids=repr)
def test_the_sanity_checks_find_the_same(loss: Any) -> None:
    chunked, linear, Ws = pair("float64", loss)
    for w0 in (None, Ws[0]):
        one, other = (gd.sanity_check(each, w0) for each in (chunked, linear))
        assert [(each.check, each.severity) for each in one.findings] == [
            (each.check, each.severity) for each in other.findings
        ]
