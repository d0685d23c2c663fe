"""Runs of the recipe that are interrupted at any epoch go on to the same bits, also where the guard has stepped in."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from command import blobs
from gdfast.datasets import Dataset
from gdfast.descent.checkpoints import noted_in
from gdfast.objective.losses import CrossEntropy, Hinge, Huber, SquaredError, SquaredHinge
from gdfast.training.guarded_run import SavedRun
from gdfast.training.settings import Settings
from gdfast.training.split import held_out_rows
from gdfast.training.train_model import train_model
from quick import quick_among

EPOCHS = 12
PLAIN = Settings(
    CrossEntropy(), batch_size=8, epochs=EPOCHS, min_steps=0, n_iter_no_change=3, random_state=1, certify=False
)
CASES = {
    "plain": PLAIN,
    "early stopping": replace(PLAIN, early_stopping=True, tol=0.01, loss=Hinge()),
    "huber": replace(PLAIN, loss=Huber()),
    "squared error": replace(PLAIN, loss=SquaredError()),
    "guarded": replace(PLAIN, loss=SquaredHinge()),
    "guarded, early stopping": replace(PLAIN, loss=SquaredHinge(), early_stopping=True, tol=0.0),
}
QUICK = {"plain", "guarded", "guarded, early stopping"}


def data_for(settings: Settings) -> Dataset:
    X, y = blobs(120, 4, 3, seed=2, spread=1.0)
    return Dataset(X, y, class_names=("a", "b", "c")) if settings.loss.classifies else Dataset(X, X[:, 0] * 1e3 + y)


class Interrupted:
    """Ctrl-C in the n-th epoch that is observed, after what is on the disk by then."""

    def __init__(self, n):
        self.left = n

    def __call__(self, epoch):
        self.left -= epoch.number > 0
        if self.left == 0:
            raise KeyboardInterrupt


@pytest.mark.parametrize("case", quick_among(CASES, QUICK.__contains__))
def test_an_interrupted_run_goes_on_to_the_same_bits(case, tmp_path, monkeypatch):
    settings = CASES[case]
    if case.startswith("guarded"):  # steps far too large: the guard takes the run back, more than once
        monkeypatch.setattr(SquaredHinge, "step_constant", 3e3)
    data = data_for(settings)
    held = held_out_rows(120, 0.2, 1, data.y if settings.loss.classifies else None)
    observed = []
    straight, fitted = train_model(data, settings, held, observers=(observed.append,))
    run, numbers = fitted.run, [epoch.number for epoch in observed]
    assert run.finished
    assert numbers[0] == 0
    assert numbers[-1] == len(run.losses)
    assert (len(numbers) - 1 > len(run.losses)) == case.startswith("guarded")

    path = str(tmp_path / "run.npz")
    for n in range(2, len(numbers)):
        with pytest.raises(KeyboardInterrupt):
            train_model(data, settings, held, saved_run=SavedRun(path, "it"), observers=(Interrupted(n),))
        saved = SavedRun(path, "it", noted_in(path))
        assert saved.is_guarded()
        assert saved.settings_there() == "it"
        assert not saved.is_finished()
        again, fitted = train_model(data, settings, held, saved_run=saved)
        assert np.array_equal(again.W, straight.W)
        assert fitted.run.losses == run.losses
        assert fitted.run.rates == run.rates
        assert fitted.run.scores == run.scores
        assert fitted.run.passes == pytest.approx(run.passes, rel=1e-12)
        # At its end it is finished, and going on costs and changes nothing.
        ended = SavedRun(path, "it", noted_in(path))
        assert ended.is_finished()
        assert np.array_equal(train_model(data, settings, held, saved_run=ended)[0].W, straight.W)


def test_a_run_of_solve_goes_on_to_the_same_bits(tmp_path):
    settings = replace(PLAIN, optimizer="solve", tol=1e-9, alpha=1e-6, loss=CrossEntropy(), min_steps=1000)
    data = data_for(settings)
    straight, fitted = train_model(data, settings)
    path = str(tmp_path / "run.npz")
    for n in (7, 12):
        with pytest.raises(KeyboardInterrupt):
            train_model(data, settings, saved_run=SavedRun(path, "it"), observers=(Interrupted(n),))
        saved = SavedRun(path, "it", noted_in(path))
        assert saved.is_guarded()
        assert not saved.is_finished()
        again, resumed = train_model(data, settings, saved_run=saved)
        assert np.array_equal(again.W, straight.W)
        assert resumed.run.losses == fitted.run.losses
        assert resumed.gap == fitted.gap
