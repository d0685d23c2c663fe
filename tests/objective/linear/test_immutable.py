"""An objective never changes: what it was made of cannot be assigned, deleted or written into."""

from __future__ import annotations

import numpy as np
import pytest

import gdfast as gd

X, Y = np.random.default_rng(0).normal(size=(12, 3)), np.arange(12) % 3


def made(**options):
    options = {"sample_weight": np.ones(12), "mean": np.zeros(3), "scale": np.ones(3), **options}
    return gd.LinearObjective(X, Y, gd.Hinge(), gd.L2(0.1), **options)


OTHERS = {
    "X": X + 1,
    "loss": gd.CrossEntropy(),
    "regularizer": None,
    "bias": False,
    "penalize_bias": True,
    "mean": None,
    "scale": np.full(3, 2.0),
    "n_samples": 3,
    "n_features": 2,
    "n_classes": 4,
    "shape": (1, 1),
    "linear_problem": None,
    "passes": 0.0,
    "y": Y,
    "indices": Y,
    "arithmetic": np.float32,
    "convex": False,
    "value": None,
    "learning_rate": 0.1,
}


@pytest.mark.parametrize("batch", [False, True])
@pytest.mark.parametrize("name", OTHERS)
def test_assigning_is_refused_and_names_the_attribute(name, batch):
    objective = made().rows([0, 1, 2, 5]) if batch else made()
    W = np.ones(objective.shape)
    before = objective.value_and_gradient(W), objective.duality_gap(W)
    with pytest.raises(AttributeError, match=f"^{name} must not be assigned"):
        setattr(objective, name, OTHERS[name])
    with pytest.raises(AttributeError, match=f"^{name} must not be deleted"):
        delattr(objective, name)
    after = objective.value_and_gradient(W), objective.duality_gap(W)
    np.testing.assert_equal(after, before)


def test_its_arrays_are_copies_that_cannot_be_written_into():
    weights, mean, scale, y = np.ones(12), np.zeros(3), np.ones(3), Y.copy()
    objective = gd.LinearObjective(X, y, gd.Hinge(), sample_weight=weights, mean=mean, scale=scale)
    W = np.ones(objective.shape)
    value = objective.value(W)
    weights[:], mean[:], scale[:], y[:] = 3, 4, 5, 0  # the caller's own
    assert objective.value(W) == value
    for array in (objective.y, objective.mean, objective.scale, objective.linear_problem.rows.sample_weight):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 1
    targets = gd.LinearObjective(X, X[:, :2], gd.SquaredError()).y
    with pytest.raises(ValueError, match="read-only"):
        targets[0] = 1


def test_the_count_of_passes_goes_on():
    objective = made()
    objective.value(np.ones(objective.shape))
    batch = objective.rows([0, 1, 2])
    batch.gradient(np.ones(objective.shape))
    assert batch.passes == 1
    assert objective.passes == pytest.approx(1.25)
    objective.with_terms(gd.CrossEntropy(), None).value(np.ones(objective.shape))
    assert objective.passes == pytest.approx(2.25)


class Counted(gd.LinearObjective):
    """A subclass may have attributes of its own, which its mini-batches have too."""

    def __init__(self, *arguments, **options):
        super().__init__(*arguments, **options)
        self.calls = 0

    def value(self, W):
        self.calls += 1
        return super().value(W)


def test_a_subclass_may_have_its_own():
    objective = Counted(X, Y)
    objective.value(np.ones(objective.shape))
    assert objective.calls == 1
    assert objective.rows([1]).calls == 1
    with pytest.raises(AttributeError, match="loss must not be assigned"):
        objective.loss = gd.CrossEntropy()
    assert gd.LinearObjective.__bases__ == (object,)
