"""An objective with structure and the same one without it: the same answers, and refusals in the same words.

What hides all but value, gradient and shape makes each free function take its generic implementation.
"""

from __future__ import annotations

import inspect
import re

import numpy as np
import pytest

import gdfast as gd
from gdfast import protocols
from gdfast.objective import capabilities, second_derivatives
from gdfast.objective.capabilities import offered
from gdfast.objective.rays import generic
from gdfast.protocols import objective_capabilities
from rays import Plain

RNG = np.random.default_rng(0)
X, Y = RNG.normal(size=(30, 4)), np.arange(30) % 3
LINEAR = gd.LinearObjective(X, Y, gd.CrossEntropy(), gd.L2(0.1))
W, V, U = RNG.normal(size=(3, *LINEAR.shape))


class Hidden(Plain):
    """Value, gradient and the shape of w."""

    shape = LINEAR.shape


BOTH = (LINEAR, Hidden(LINEAR))

CALLS = {
    "values_at": lambda o, w=W, v=V: capabilities.values_at(o, np.stack([w, v])),
    "points": lambda o, ws=(): capabilities.values_at(o, ws),
    "numerical_gradient": lambda o, w=W, **more: capabilities.numerical_gradient(o, w, **more),
    "kink_crossings": lambda o, w=W, **more: capabilities.kink_crossings(o, w, **more),
    "nearest_kinks": lambda o, w=W, **more: capabilities.nearest_kinks(o, w, **more),
    "hessian_product": lambda o, w=W, v=V, **more: second_derivatives.hessian_product(o, w, v, **more),
    "hessian_at": lambda o, w=W, v=V: second_derivatives.hessian_at(o, w)(v),
    "along_ray": lambda o, w=W, v=V, step=0.3: gd.along_ray(o, w, v).value(step),
    "ray slope": lambda o, w=W, v=V, step=0.3: gd.along_ray(o, w, v).slope(step),
    "ray values": lambda o, w=W, v=V, steps=(0.0, 0.1): gd.along_ray(o, w, v).values(steps),
    "ray minimum": lambda o, w=W, v=V, max_step=10.0: gd.along_ray(o, w, v).minimum(max_step),
    "on_plane": lambda o, w=W, u=U, v=V, a=(0.0, 1.0), b=(0.0, 0.5): gd.on_plane(o, w, u, v).values(a, b),
}

ACCEPTED = {
    "values_at": [{}, {"w": W.astype(np.float32), "v": V.astype(np.float32)}],
    "numerical_gradient": [
        {},
        {"scheme": "forward"},
        {"h": 1e-4},
        {"coordinates": [0, 3, 3]},
        {"w": np.asfortranarray(W)},
    ],
    "hessian_product": [{}, {"v": 0 * V}, {"v": np.asfortranarray(V)}, {"h": 1e-3}],
    "hessian_at": [{}],
    "along_ray": [{}, {"step": 2}, {"v": V.astype(np.float32)}],
    "ray slope": [{}, {"step": np.float32(1.0)}],
    "ray values": [{}, {"steps": np.arange(5)}],
    "ray minimum": [{}],
    "on_plane": [{}, {"a": np.arange(3)}],
}

BAD_POINTS = {
    "integers": (W * 10).astype(int),
    "NaN": np.where(np.arange(W.size).reshape(W.shape) == 2, np.nan, W),
    "infinite": np.where(np.arange(W.size).reshape(W.shape) == 3, np.inf, W),
    "empty": np.zeros((0, 5)),
    "text": "W",
    "None": None,
    "masked": np.ma.array(W),
    "complex": W + 0j,
    "other byte order": W.astype(">f8"),
    "objects": W.astype(object),
    "another shape": W[:, :-1],
    "one more row": np.vstack([W, W[:1]]),
    "flat": W.ravel(),
    "float16": W.astype(np.float16),
}

REFUSED = [
    *[(name, {"w": bad}) for name in CALLS if name not in ("points", "values_at") for bad in BAD_POINTS],
    *[(name, {"v": bad}) for name in ("hessian_product", "hessian_at", "along_ray", "on_plane") for bad in BAD_POINTS
      if bad != "float16" or name.startswith("hessian")],
    *[("on_plane", {"u": bad}) for bad in BAD_POINTS if bad != "float16"],
    *[("points", {"ws": bad}) for bad in (3.0, np.zeros((0, *W.shape)), np.array([["a"]]), None)],
    *[(name, {"h": h}) for name in ("numerical_gradient", "kink_crossings", "nearest_kinks", "hessian_product")
      for h in (0.0, -1e-5, np.nan, np.inf, "small", True, [1e-5])],
    *[(name, {"coordinates": c}) for name in ("numerical_gradient", "kink_crossings", "nearest_kinks")
      for c in ([], [W.size], [-1], [0.5], "all", [[0]], [True])],
    *[("numerical_gradient", {"scheme": scheme}) for scheme in ("backward", None, 2)],
    ("along_ray", {"v": 0 * V}), ("on_plane", {"v": 2 * U}), ("on_plane", {"u": 0 * U}),
    *[("along_ray", {"step": step}) for step in (np.nan, np.inf, "1", None, True)],
    *[("ray values", {"steps": steps}) for steps in ([], [np.nan], [[1.0]], "1", None, ["a"])],
    *[("ray minimum", {"max_step": step}) for step in (0.0, -1.0, np.nan, "far")],
    *[("on_plane", {"a": a}) for a in ([], [np.nan], [[1.0]], None)],
]  # fmt: skip


def answer(call, objective, arguments):
    """The result, or the refusal: its type and its words."""
    named = {name: BAD_POINTS.get(bad) for name, bad in arguments.items() if name in "wuv" and isinstance(bad, str)}
    given = {**arguments, **named}
    try:
        return call(objective, **given), None
    except (TypeError, ValueError) as error:
        return None, (type(error), str(error))


@pytest.mark.parametrize(("name", "arguments"), [(name, given) for name, each in ACCEPTED.items() for given in each])
def test_both_accept_the_same_and_agree(name, arguments):
    (structured, refused), (expected, also) = (answer(CALLS[name], objective, arguments) for objective in BOTH)
    assert refused is also is None
    scale = max(1.0, float(np.abs(expected).max()))
    np.testing.assert_allclose(structured, expected, rtol=0, atol=1e-6 * scale)


@pytest.mark.parametrize(("name", "arguments"), REFUSED)
def test_both_refuse_the_same_in_the_same_words(name, arguments):
    (structured, refused), (expected, also) = (answer(CALLS[name], objective, arguments) for objective in BOTH)
    if name in ("kink_crossings", "nearest_kinks") and "w" in arguments and also is None:
        assert structured is expected is None or refused is not None  # no kinks: w is not evaluated
        return
    assert refused is not None
    assert refused == also


def chapter():
    """The capabilities of an objective: the protocols of that file, but for those of what it returns."""
    own = [kind for kind in vars(objective_capabilities).values() if inspect.isclass(kind)]
    kinds = [kind for kind in own if kind.__module__ == objective_capabilities.__name__ and is_protocol(kind)]
    assert len(kinds) >= 22
    return [kind for kind in kinds if kind not in (protocols.StepsKernel, protocols.RowCurvatures)]


def is_protocol(kind):
    return getattr(kind, "_is_protocol", False)


@pytest.mark.parametrize("kind", chapter(), ids=lambda kind: kind.__name__)
def test_a_linear_objective_offers_it_and_a_free_function_asks_for_it(kind):
    assert offered(LINEAR, kind) is LINEAR
    asked_by = re.findall(r"`(\w+)`", kind.__doc__)
    assert asked_by
    assert all(any(hasattr(file, name) for file in (capabilities, second_derivatives, generic)) for name in asked_by)


def test_nothing_is_offered_by_a_class_or_by_a_plain_objective():
    assert offered(gd.LinearObjective, protocols.Lipschitz) is None
    assert offered(Plain(LINEAR), protocols.ManyValues) is None


class Passing:
    """A wrapper that passes everything on."""

    def __init__(self, objective):
        self.wrapped = objective

    def __getattr__(self, name):
        return getattr(self.wrapped, name)


def test_a_wrapper_that_passes_attributes_on_offers_what_it_wraps():
    before = LINEAR.passes
    capabilities.values_at(Passing(LINEAR), np.stack([W, V]))
    assert LINEAR.passes - before == 1
