"""-L has minus the numbers of L, and L's structure."""

from __future__ import annotations

import numpy as np

from gdfast import FunctionObjective
from gdfast.objective.negated import Negated

BOWL = FunctionObjective(lambda w: float(np.sum(w**2)), lambda w: 2 * w)


class WithStructure:
    """A bowl with rows and a ray of its own, which say that they were used."""

    value, gradient, value_and_gradient = BOWL.value, BOWL.gradient, BOWL.value_and_gradient

    def rows(self, indices):
        return FunctionObjective(lambda w: float(len(indices)), np.zeros_like)

    def along_ray(self, w, v):
        class Ray:
            def value(self, step):
                return 100 + step

            def slope(self, step):
                return 200 + step

            def values(self, steps):
                return 300 + np.asarray(steps)

        return Ray()


def test_numbers_change_their_sign():
    w = np.array([[1.0, -2.0]])
    negated = Negated(BOWL)
    assert negated.value(w) == -5.0
    assert negated.gradient(w).tolist() == [[-2.0, 4.0]]
    value, gradient = negated.value_and_gradient(w)
    assert (value, gradient.tolist()) == (-5.0, [[-2.0, 4.0]])


def test_twice_negated_is_the_same():
    w = np.array([0.3, 1e-9])
    assert Negated(Negated(BOWL)).value(w) == BOWL.value(w)
    assert np.array_equal(Negated(Negated(BOWL)).gradient(w), BOWL.gradient(w))


def test_rows_and_rays_are_the_objective_s_own():
    negated = Negated(WithStructure())
    w = np.ones(2)
    assert negated.rows([1, 2, 3]).value(w) == -3.0
    ray = negated.along_ray(w, w)
    assert (ray.value(1.0), ray.slope(1.0), ray.values([1.0, 2.0]).tolist()) == (-101.0, -201.0, [-301.0, -302.0])


def test_the_generic_ray():
    w, v = np.array([1.0, 2.0]), np.array([0.5, -1.0])
    ray = Negated(BOWL).along_ray(w, v)
    assert ray.value(2.0) == -BOWL.value(w + 2.0 * v)
    assert abs(ray.slope(2.0) + float(BOWL.gradient(w + 2.0 * v) @ v)) < 1e-12
    np.testing.assert_allclose(ray.values(np.array([0.0, 2.0])), [ray.value(0.0), ray.value(2.0)])
