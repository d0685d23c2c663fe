"""Everything that a chunked objective says is what the linear objective on the same rows says."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import gdfast as gd
from chunked import FEATURES, KINDS, LOSSES, MODES, pair
from gdfast.objective import capabilities
from gdfast.objective.second_derivatives import has_cheap_hessian, hessian_at

every_loss = pytest.mark.parametrize("loss", LOSSES, ids=repr)
every_kind = pytest.mark.parametrize("kind", KINDS)
CLASSES = [loss for loss in LOSSES if loss.classifies]
SMOOTH = [loss for loss in LOSSES if not loss.has_kinks]


@every_loss
@every_kind
@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("weighted", [False, True])
def test_value_gradient_scores(loss: Any, kind: str, mode: str, weighted: bool) -> None:
    chunked, linear, Ws = p = pair(kind, loss, mode=mode, weighted=weighted)
    W, V = Ws[0], Ws[1]
    value, gradient = chunked.value_and_gradient(W)
    assert value == pytest.approx(linear.value(W), rel=p.near["rtol"])
    np.testing.assert_allclose(gradient, linear.gradient(W), **p.near)
    np.testing.assert_allclose(chunked.values_at(Ws), linear.values_at(Ws), **p.near)
    np.testing.assert_allclose(chunked.scores(W), linear.scores(W), **p.near)
    np.testing.assert_allclose(chunked.predict(V), linear.predict(V), **p.near)
    assert chunked.passes == 4
    assert chunked.in_float64().value(W) == pytest.approx(linear.in_float64().value(W), rel=1e-13)
    if loss.classifies:
        assert chunked.accuracy(W) == linear.accuracy(W)
        np.testing.assert_allclose(chunked.margins(W), linear.margins(W), **p.near)


@every_kind
def test_moments(kind: str) -> None:
    chunked, linear, _ = pair(kind, gd.CrossEntropy())
    rng = np.random.default_rng(1)
    some, weights = rng.integers(0, 230, 90), rng.uniform(0, 1, 90)
    near = {"rtol": 1e-5, "atol": 1e-6}  # products in float32
    for options in ({}, {"indices": some}, {"indices": some, "row_weights": weights}):
        np.testing.assert_allclose(chunked.gram(**options), linear.gram(**options), **near)
        np.testing.assert_allclose(chunked.gram_diagonal(**options), linear.gram_diagonal(**options), rtol=1e-11)
        sketched, other = chunked.gram_sketch(3, seed=2, **options), linear.gram_sketch(3, seed=2, **options)
        np.testing.assert_allclose(sketched[1], other[1], rtol=1e-9)
        np.testing.assert_allclose(abs(np.sum(sketched[0] * other[0], axis=0)), 1, rtol=1e-9)
    each = rng.uniform(0, 2, 230)
    np.testing.assert_allclose(capabilities.gram_of(chunked, each), linear.gram(each), **near)
    assert chunked.lipschitz() == pytest.approx(linear.lipschitz(), rel=1e-10)


@pytest.mark.parametrize("loss", SMOOTH, ids=repr)
@every_kind
def test_second_derivatives(loss: Any, kind: str) -> None:
    chunked, linear, Ws = pair(kind, loss)
    W, *Vs = Ws
    times, other = hessian_at(chunked, W), hessian_at(linear, W)
    before = chunked.passes
    for V in Vs:
        np.testing.assert_allclose(times(V), other(V), rtol=1e-10, atol=1e-11)
        np.testing.assert_allclose(chunked.hessian_product(W, V), other(V), rtol=1e-10, atol=1e-11)
    assert chunked.passes - before == (6 if loss.is_quadratic else 9)
    assert has_cheap_hessian(chunked) == has_cheap_hessian(linear)


def test_kinks_have_no_curvature() -> None:
    chunked, linear, Ws = pair("float64", gd.Hinge())
    for objective in (chunked, linear):
        with pytest.raises(ValueError, match="take SquaredHinge"):
            objective.hessian_product(Ws[0], Ws[1])
    assert chunked.passes == 0


@every_loss
@every_kind
def test_differences_and_kinks(loss: Any, kind: str) -> None:
    for regularizer in (gd.L2(0.1), gd.ElasticNet(0.1, 0.2)):
        chunked, linear, Ws = pair(kind, loss, regularizer=regularizer)
        W = Ws[0]
        for options in ({}, {"h": "auto"}, {"coordinates": [0, 7, 3]}, {"scheme": "forward"}):
            mine, other = (capabilities.numerical_gradient(each, W, **options) for each in (chunked, linear))
            np.testing.assert_allclose(mine, other, rtol=1e-7, atol=1e-8)
        for h in (1e-5, 0.1):
            mine, other = (capabilities.kink_crossings(each, W, h) for each in (chunked, linear))
            assert (mine is None) == (other is None)
            if mine is not None:
                np.testing.assert_array_equal(mine[0], other[0])
                np.testing.assert_allclose(mine[1], other[1], rtol=1e-9, atol=1e-11)
            near, known = (capabilities.nearest_kinks(each, W, h) for each in (chunked, linear))
            assert (near is None) == (known is None)
            if near is not None:
                np.testing.assert_allclose(near.safe_h, known.safe_h, rtol=1e-12)
                assert near.n_terms == known.n_terms
                assert [term[:2] for term in near.terms] == [term[:2] for term in known.terms]
        assert chunked.gradient_rounding(W) == pytest.approx(linear.gradient_rounding(W), rel=0.5)


@every_loss
@every_kind
def test_a_run_on_an_array_may_go_on_on_chunks(loss: Any, kind: str) -> None:
    chunked, linear, Ws = pair(kind, loss)
    mine, other = chunked.fingerprint(Ws[0]), linear.fingerprint(Ws[0])
    assert mine.pop("value") == pytest.approx(other.pop("value"), rel=1e-5)
    assert mine == other
    before = chunked.passes
    assert chunked.fingerprint(Ws[1])["value"] != other
    assert chunked.passes == before  # its rows are gathered once


def test_a_checkpoint_of_an_array_is_resumed_on_chunks(tmp_path: Any) -> None:
    chunked, linear, Ws = pair("float64", gd.CrossEntropy())
    path = tmp_path / "run.npz"
    gd.minimize(linear, Ws[0], step=0.1, max_steps=10, checkpoint=gd.Checkpoint(path, every=10))
    whole = gd.minimize(chunked, Ws[0], step=0.1, max_steps=20)
    np.testing.assert_allclose(gd.resume(path, chunked, max_steps=20).w, whole.w, rtol=1e-12)
    other = pair("float64", gd.CrossEntropy(), seed=1).chunked
    with pytest.raises(ValueError, match="objective must be the one that"):
        gd.resume(path, other)


@every_kind
def test_some_rows_are_a_linear_objective_in_memory(kind: str) -> None:
    chunked, linear, Ws = pair(kind, gd.CrossEntropy())
    for some in ([3, 200, 3, 44], np.arange(0, 230, 7)):
        here = chunked.problem.on_rows(np.asarray(some))
        found = np.empty(1)
        here.kernel.evaluate(Ws[0], found, None, None, here.rows.is_wide)
        other = linear.rows(some)
        assert found[0] + here.penalty(Ws[0]) == pytest.approx(other.value(Ws[0]), rel=1e-5)


def test_copies_and_pickles() -> None:
    chunked, _, Ws = pair("float32", gd.Huber(0.5), mode="penalised")
    for other in (copy.copy(chunked), pickle.loads(pickle.dumps(chunked)), copy.deepcopy(chunked.in_float64())):
        assert type(other) is gd.ChunkedObjective
        assert repr(other) == repr(chunked)
        assert other.memory_limit == chunked.memory_limit
        assert other.value(Ws[0]) == pytest.approx(chunked.value(Ws[0]), rel=1e-5)
    assert copy.copy(chunked.in_float64()).value(Ws[0]) == chunked.in_float64().value(Ws[0])


def test_it_never_changes() -> None:
    chunked = pair("float32", gd.CrossEntropy()).chunked
    for name in ("loss", "shape", "problem", "other", "n_samples", "memory_limit"):
        with pytest.raises(AttributeError, match="an objective never changes"):
            setattr(chunked, name, 1)
    with pytest.raises(AttributeError, match="must not be deleted"):
        del chunked.loss


@given(cuts=st.lists(st.integers(1, 59), unique=True, max_size=40).map(sorted), seed=st.integers(0, 3))
@settings(max_examples=25, deadline=None)
def test_where_chunks_begin_does_not_matter(cuts: list[int], seed: int) -> None:
    rng = np.random.default_rng(seed)
    X, y, weights = rng.normal(size=(60, FEATURES)), rng.integers(0, 3, 60), rng.uniform(0, 1, 60)
    loss = LOSSES[seed % 3]
    linear = gd.LinearObjective(X, y, loss, gd.L2(0.1), sample_weight=weights, n_classes=3)
    parts = np.split(X, cuts)
    chunked = gd.ChunkedObjective(parts, y, loss, gd.L2(0.1), sample_weight=weights, n_classes=3)
    assert chunked.problem.engine.n_chunks == len(cuts) + 1
    W, V = rng.normal(size=(2, *linear.shape))
    value, gradient = chunked.value_and_gradient(W)
    assert value == pytest.approx(linear.value(W), rel=1e-12)
    np.testing.assert_allclose(gradient, linear.gradient(W), rtol=1e-11, atol=1e-13)
    steps = np.linspace(-1, 1, 5)
    np.testing.assert_allclose(chunked.along_ray(W, V).values(steps), linear.along_ray(W, V).values(steps), rtol=1e-12)


@every_loss
def test_rays_know_their_pieces(loss: Any) -> None:
    """Breakpoints and minima, the same line run through the other way too."""
    for regularizer in (gd.L2(0.1), gd.L1(0.05)):
        chunked, linear, Ws = pair("float64", loss, regularizer=regularizer)
        for V in Ws[1:]:
            mine, other = chunked.along_ray(Ws[0], V), linear.along_ray(Ws[0], V)
            assert mine.has_breakpoints == other.has_breakpoints
            for a, b in ((mine, other), (mine.reversed(), other.reversed())):
                np.testing.assert_allclose(a.breakpoints(-0.5, 1.0), b.breakpoints(-0.5, 1.0), rtol=1e-9, atol=1e-12)
                assert a.minimum() == pytest.approx(b.minimum(), rel=1e-9)
            assert mine.lowest_anywhere() == pytest.approx(other.lowest_anywhere(), rel=1e-9)


def test_scores_go_to_a_file_or_an_array(tmp_path: Any) -> None:
    chunked, linear, Ws = pair("float32", gd.CrossEntropy())
    W, path = Ws[0], tmp_path / "scores.npy"
    written = chunked.scores(W, out=path)
    assert isinstance(written, np.memmap)
    np.testing.assert_array_equal(np.load(path), linear.scores(W))
    array = np.zeros((230, 3), dtype=np.float32)
    assert chunked.scores(W, out=array) is array
    np.testing.assert_array_equal(array, written)
    array.flags.writeable = False
    wrong = (np.zeros((230, 2), dtype=np.float32), np.zeros((230, 3)), array, 5)
    for out, error in zip(wrong, (ValueError, ValueError, ValueError, TypeError), strict=True):
        with pytest.raises(error, match="out must be"):
            chunked.scores(W, out=out)


def test_a_file_of_scores_is_whole_or_as_it_was(tmp_path: Any, monkeypatch: Any) -> None:
    chunked, _, Ws = pair("float32", gd.CrossEntropy())
    path = tmp_path / "scores.npy"
    path.write_bytes(b"before")
    each = type(chunked.problem).each

    def broken(self: Any, *arguments: Any) -> Any:
        yield next(each(self, *arguments))
        raise KeyboardInterrupt

    monkeypatch.setattr(type(chunked.problem), "each", broken)
    with pytest.raises(KeyboardInterrupt):
        chunked.scores(Ws[0], out=path)
    assert [file.read_bytes() for file in tmp_path.iterdir()] == [b"before"]


@every_loss
def test_sparse_chunks_without_entries(loss: Any) -> None:
    from scipy import sparse

    X = np.zeros((30, FEATURES), dtype=np.float32)
    X[:8] = np.random.default_rng(0).normal(size=(8, FEATURES))
    y = np.arange(30) % 3 if loss.classifies else np.linspace(-1, 1, 30)
    parts = [sparse.csr_array(X[first : first + 10]) for first in (0, 10, 20)]
    chunked = gd.ChunkedObjective(parts, y, loss, gd.L2(0.1))
    linear = gd.LinearObjective(sparse.csr_array(X), y, loss, gd.L2(0.1))
    W, V = np.random.default_rng(1).normal(size=(2, *linear.shape))
    np.testing.assert_allclose(chunked.gradient(W), linear.gradient(W), rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(chunked.gram(), linear.gram(), rtol=1e-5, atol=1e-7)
    np.testing.assert_allclose(chunked.gram_diagonal(), linear.gram_diagonal(), rtol=1e-10)
    np.testing.assert_allclose(chunked.numerical_gradient(W), linear.numerical_gradient(W), rtol=1e-6, atol=1e-8)
    assert chunked.lipschitz() == pytest.approx(linear.lipschitz(), rel=1e-9)
    assert chunked.along_ray(W, V).value(0.5) == pytest.approx(linear.along_ray(W, V).value(0.5), rel=1e-11)
    assert chunked.duality_gap(0.1 * W) == pytest.approx(linear.duality_gap(0.1 * W), rel=0.15)
    assert chunked.fingerprint(W)["rows of X"] == linear.fingerprint(W)["rows of X"]
