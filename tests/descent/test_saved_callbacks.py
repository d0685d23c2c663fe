"""A callback that keeps something is written down with the run, and gets it back."""

from __future__ import annotations

import numpy as np
import pytest

import gdfast as gd
from gdfast.descent.checkpoints import noted_in


class Mean:
    """The values that it hears, and the best weights."""

    def __init__(self, stop=None):
        self.values, self.best, self.stop = [], (np.inf, None), stop

    def __call__(self, k, w, value):
        self.values.append(value)
        if value < self.best[0]:
            self.best = (value, w)
        return k == self.stop

    def saved(self):
        return [self.values, self.best]

    def restore(self, saved):
        self.values, self.best = saved


@pytest.mark.parametrize("batches", [None, gd.MiniBatches(16)])
@pytest.mark.parametrize(("every", "callback_every"), [(4, 4), (5, 3), (1, 7)])
def test_it_goes_on_as_if_never_stopped(batches, every, callback_every, tmp_path):
    digits = gd.datasets.load_digits()
    objective = gd.LinearObjective(digits.X[:200], digits.y[:200], gd.CrossEntropy(), scale=np.full(64, 16.0))
    options = {"step": 0.01, "batches": batches, "max_steps": 40, "callback_every": callback_every}
    w0, path = np.zeros(objective.shape), tmp_path / "run.npz"
    straight = Mean()
    whole = gd.minimize(objective, w0, gd.Adam(), callback=straight, **options)
    half = Mean(stop=3 * callback_every)
    gd.minimize(objective, w0, gd.Adam(), callback=half, checkpoint=gd.Checkpoint(path, every), **options)
    k, max_steps, converged, noted = noted_in(path)
    assert (k, max_steps, converged) == (3 * callback_every, 40, False)
    assert noted[0] == half.values
    later = Mean()
    result = gd.resume(path, objective, callback=later)
    assert np.array_equal(result.w, whole.w)
    assert later.values == straight.values
    assert later.best[0] == straight.best[0]
    assert np.array_equal(later.best[1], straight.best[1])


def test_what_cannot_be_written_down_is_named(tmp_path):
    class Odd(Mean):
        def saved(self):
            return [object()]

    bowl = gd.FunctionObjective(lambda w: float(w @ w), lambda w: 2 * w)
    with pytest.raises(ValueError, match="what the callback keeps is object"):
        gd.minimize(bowl, [3.0], callback=Odd(), checkpoint=gd.Checkpoint(tmp_path / "run.npz", 1))
    gd.minimize(bowl, [3.0], callback=lambda k, w, value: False, checkpoint=gd.Checkpoint(tmp_path / "run.npz", 1))
    assert noted_in(tmp_path / "run.npz").callback is None
