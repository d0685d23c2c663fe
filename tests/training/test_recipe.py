"""The recipe: how many steps, on which rows, at which learning rates; and that its first step does not diverge."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

pytest.importorskip("scipy")

import scipy.sparse as sp

import gdfast as gd
from gdfast.datasets.chunks import chunk_source
from gdfast.training.choice import chosen_optimizer
from gdfast.training.chunked_data import ChunkedData
from gdfast.training.chunked_statistics import StandardizedChunks
from gdfast.training.recipe import plan_for, plan_of_all_rows
from gdfast.training.row_norms import standardized_rows
from gdfast.training.settings import Settings

RNG = np.random.default_rng(0)
X = RNG.normal(size=(100, 4))
ROWS = standardized_rows(X, None, None, None)
SPARSE = standardized_rows(sp.csr_matrix(np.where(np.abs(X) > 1, X, 0)), None, None, None)
PLAIN = Settings(gd.CrossEntropy(), batch_size=10, epochs=7, min_steps=0, random_state=3)
LOSSES = [gd.Hinge(), gd.SquaredHinge(), gd.CrossEntropy(), gd.SquaredError(), gd.Huber(0.5)]


def test_momentum_on_dense_rows_and_single_rows_on_sparse_ones():
    dense, sparse = plan_for(PLAIN, 3, ROWS), plan_for(PLAIN, 3, SPARSE)
    assert dense.optimizer == gd.Momentum(0.9)
    assert (dense.per_epoch, dense.epochs, dense.batches) == (10, 7, gd.MiniBatches(10, seed=3))
    assert sparse.optimizer == gd.GradientDescent()
    assert (sparse.per_epoch, sparse.batches.size) == (100, 1)
    with_l1 = plan_for(replace(PLAIN, l1_ratio=0.5), 3, SPARSE)  # whose steps touch every column anyway
    assert with_l1.batches.size == 10


@pytest.mark.parametrize("min_steps", [0, 69, 70, 71, 1000])
def test_small_data_have_more_epochs(min_steps):
    plan = plan_for(replace(PLAIN, min_steps=min_steps), 3, ROWS)
    assert plan.epochs == max(7, int(np.ceil(min_steps / 10)))
    assert len(plan.step) == plan.epochs * plan.per_epoch


def test_learning_rates_fall_as_they_are_named():
    k = np.arange(70)
    linear, cosine, constant = (
        plan_for(replace(PLAIN, learning_rate=name), 3, ROWS).step for name in ("linear", "cosine", "constant")
    )
    assert np.array_equal(constant, np.full(70, constant[0]))
    assert linear == pytest.approx(constant[0] * (1 - k / 70))
    assert cosine == pytest.approx(constant[0] * (1 + np.cos(np.pi * k / 70)) / 2)
    assert np.array_equal(plan_for(PLAIN, 3, ROWS).step, linear)
    endless = plan_for(PLAIN, 3, ROWS, steps_before=500)
    assert endless.step == pytest.approx(endless.step[0] * np.sqrt(1.5 / (1 + (500 + k[:10]) / 1000)))
    assert endless.batches.seed == 503


@pytest.mark.parametrize("given", [0.3, gd.Cosine(0.1, 70)])
def test_what_the_user_gives_is_followed(given):
    plan = plan_for(replace(PLAIN, learning_rate=given, optimizer=gd.Adam()), 3, ROWS)
    assert plan.is_recipe is False
    assert plan.step is given
    assert plan.optimizer == gd.Adam()
    full = plan_for(replace(PLAIN, optimizer=gd.LBFGS()), 3, ROWS)
    assert (full.batches, full.per_epoch, full.step) == (None, 1, gd.StrongWolfe())


def test_what_is_left_of_a_plan_has_smaller_steps_and_other_orders():
    plan = plan_for(PLAIN, 3, ROWS)
    rest = plan.from_epoch(2, 0.25, 1)
    assert rest.epochs == 5
    assert np.array_equal(rest.step, plan.step[20:] / 4)
    assert rest.batches == gd.MiniBatches(10, seed=4)


def test_no_more_rows_than_a_batch_are_seen_in_every_step():
    plan = plan_for(replace(PLAIN, batch_size=100), 3, ROWS)
    assert plan.per_epoch == 1
    assert not plan.batches.shuffle


@pytest.mark.parametrize("loss", LOSSES, ids=str)
@pytest.mark.parametrize("size", [1, 10, 100])
@pytest.mark.parametrize("unit", [1e-3, 1.0, 1e3])
def test_the_steps_suit_features_of_any_unit(loss, size, unit):
    """Nothing is standardised here: no run diverges, and where features are not tiny beside the bias, it learns."""
    y = X[:, :3].argmax(axis=1) if loss.classifies else X @ [1.0, -2.0, 3.0, 0.5] / 4
    rows = standardized_rows(unit * X, None, None, None)
    plan = plan_for(replace(PLAIN, loss=loss, batch_size=size), 3 if loss.classifies else 1, rows)
    objective = gd.LinearObjective(unit * X, y, loss)
    start = np.zeros(objective.shape)
    end = gd.minimize(objective, start, plan.optimizer, plan.step, batches=plan.batches, epochs=7).w
    assert objective.value(end) < (1.1 if unit < 1 else 0.9) * objective.value(start)


def test_squares_beyond_float64_are_refused():
    huge = standardized_rows(X * 1e200, None, None, None)
    with pytest.raises(ValueError, match="X must have features whose squares are finite with standardize=False"):
        plan_for(PLAIN, 3, huge)


@pytest.mark.parametrize(
    ("shape", "loss", "is_tall"),
    [
        ((6400, 100), gd.CrossEntropy(), True),
        ((6399, 100), gd.CrossEntropy(), False),
        ((20_000, 300), gd.CrossEntropy(), False),
        ((6400, 100), gd.Hinge(), False),
        ((300, 4), gd.CrossEntropy(), False),
    ],
    ids=str,
)
def test_tall_tables_are_preconditioned(shape, loss, is_tall):
    chosen = chosen_optimizer(Settings(loss), 3, standardized_rows(np.zeros(shape, dtype=np.float32), None, None, None))
    assert (chosen is not None and chosen[0] == gd.LBFGS(preconditioner=gd.GramPreconditioner())) == is_tall


@pytest.mark.parametrize(
    ("loss", "l1_ratio", "kind"),
    [
        (gd.CrossEntropy(), 0.0, gd.LBFGS(preconditioner=gd.GramPreconditioner())),
        (gd.SquaredError(), 0.5, gd.ProximalGradient()),
        (gd.Hinge(), 0.0, "solve"),
    ],
    ids=repr,
)
def test_on_a_cluster_every_step_takes_all_rows(loss, l1_ratio, kind):
    """And nothing reads single rows for it: there is no objective to ask."""
    data = ChunkedData.of(chunk_source(X), client=object())
    rows = StandardizedChunks(data, None, None, None, None, 5.0)
    settings = Settings(loss, l1_ratio=l1_ratio)
    chosen = chosen_optimizer(settings, 3, rows)
    plan = plan_for(settings, 3, rows) if chosen is None else plan_of_all_rows(settings, *chosen)
    assert plan.optimizer == kind
    assert plan.batches is None
    assert plan.per_epoch == 1
