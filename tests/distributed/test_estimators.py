"""Estimators and the command on a cluster of worker processes: the fit of one machine, and lazy predictions."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("sklearn")
pytest.importorskip("distributed")

import dask.array as da
from click.testing import CliRunner

import gdfast as gd
from gdfast.cli import main
from gdfast.datasets.chunks import chunk_source
from gdfast.estimators import GDClassifier, GDRegressor
from gdfast.training.chunked_data import ChunkedData

pytestmark = pytest.mark.slow  # what the other files test on a cluster, with more kinds of work

ROWS = 90  # of each block


@pytest.fixture
def active(client):
    """The client, as one that a user has made."""
    with client.as_current():
        yield client


@pytest.fixture(scope="module")
def rows():
    rng = np.random.default_rng(0)
    y = rng.integers(0, 3, 360)
    X = (rng.normal(size=(360, 4)) + 2 * np.eye(3)[y] @ rng.normal(size=(3, 4))) * [1, 10, 1e3, 1e-2] + 5
    return X, np.array(["ash", "beech", "cedar"])[y], X @ [1, 0.1, 1e-3, 10] + rng.normal(size=360)


def test_a_dask_array_is_trained_on_where_it_is(rows, active):
    """With a client on its cluster, to the bits of this process; predictions are dask arrays, made when asked for."""
    X, y, _ = rows
    lazy = da.from_array(X, chunks=(ROWS, 2))
    assert ChunkedData.of(lazy).client is active
    settings = {"optimizer": "lbfgs", "epochs": 5, "min_steps": 0}
    there = GDClassifier(**settings).fit(lazy, da.from_array(y, chunks=100))
    parts = [X[first : first + ROWS] for first in range(0, len(X), ROWS)]  # the same chunks
    here = GDClassifier(**settings).fit(chunk_source(parts), y)
    np.testing.assert_array_equal(there.coef_, here.coef_)
    for method in ("predict", "decision_function", "predict_proba"):
        found = getattr(there, method)(lazy)
        assert isinstance(found, da.Array)
        expected = getattr(there, method)(X)
        assert found.shape == expected.shape
        assert found.dtype == expected.dtype
        np.testing.assert_array_equal(found.compute(scheduler="threads"), expected)
    assert there.score(lazy, y) == there.score(X, y) > 0.6


def test_defaults_take_all_rows_in_every_step(rows, active):
    X, y, targets = rows
    lazy = da.from_array(X, chunks=(ROWS, 4))
    there, here = GDClassifier(alpha=0.1).fit(lazy, y), GDClassifier(alpha=0.1).fit(X, y)
    np.testing.assert_allclose(there.decision_function(X), here.decision_function(X), atol=0.05)
    model = GDRegressor().fit(lazy, targets)
    assert isinstance(model.predict(lazy), da.Array)
    assert model.score(lazy, targets) == pytest.approx(GDRegressor().fit(X, targets).score(X, targets), rel=1e-6)


@pytest.mark.parametrize("loss", ["hinge", "log_loss"])
def test_the_proven_optimum(rows, active, loss):
    X, y, _ = rows
    settings = {"optimizer": "solve", "loss": loss, "tol": 1e-4, "alpha": 0.01}
    there = GDClassifier(**settings).fit(da.from_array(X, chunks=(ROWS, 4)), y)
    here = GDClassifier(**settings).fit(X, y)
    assert there.duality_gap_ <= 1e-4
    np.testing.assert_allclose(there.decision_function(X), here.decision_function(X), atol=1e-2)


def test_what_needs_mini_batches_is_refused(rows, active):
    X, y, _ = rows
    lazy = da.from_array(X, chunks=(ROWS, 4))
    with pytest.raises(ValueError, match="optimizer must see all rows in every step on a cluster: None, solve, lbfgs"):
        GDClassifier(optimizer="adam").fit(lazy, y)
    with pytest.raises(ValueError, match="early_stopping must be left out on a cluster"):
        GDClassifier(early_stopping=True).fit(lazy, y)


def test_the_command_trains_on_a_folder_to_the_bits_of_one_machine(rows, cluster, tmp_path, monkeypatch):
    X, y, _ = rows
    monkeypatch.chdir(tmp_path)
    Path("folder").mkdir()
    numbers = np.unique(y, return_inverse=True)[1]
    for i in range(4):
        np.save(f"folder/{i}.npy", X[ROWS * i : ROWS * i + ROWS])
        np.save(f"folder/{i}_labels.npy", numbers[ROWS * i : ROWS * i + ROWS])
    address = cluster.client.scheduler.address
    said = {}
    for name, more in {"there": ("--scheduler", address), "here": ()}.items():
        options = ["-o", f"{name}.npz", "--optimizer", "lbfgs", "--epochs", "8", "--json", *more]
        result = CliRunner().invoke(main, ["train", "folder", *options])
        assert result.exit_code == 0, result.output
        said[name] = json.loads(result.stdout)
    there, here = gd.load_model("there.npz"), gd.load_model("here.npz")
    np.testing.assert_array_equal(there.W, here.W)
    assert said["there"]["held_out"] == said["here"]["held_out"]
    assert said["there"]["training"] == said["here"]["training"]
    wrong = CliRunner().invoke(main, ["train", "folder", "-o", "x.npz", "--scheduler", address, "--optimizer", "adam"])
    assert wrong.exit_code == 1
    assert "--optimizer must see all rows in every step on a cluster" in wrong.stderr
