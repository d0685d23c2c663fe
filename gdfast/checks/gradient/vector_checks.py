"""`check_jacobian` and `check_product`: derivatives of functions with several outputs, the same report."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..._arrays import check_non_negative, check_positive, check_reals, check_rng, require_finite
from ..._returned import require_callable, returned_reals
from ...describe import described
from ...differences.steps import is_auto
from ...protocols import Array, FloatArray
from .check import check_scale, checked
from .outputs import OutputsRun
from .parameters import Parameters, parameters_of, to_array
from .report import GradientReport
from .sampling import random_direction

KINDS = ("jvp", "vjp", "hvp")
STENCIL = 1e-3  # of a direction, in units of the point's size: of the slope that a Hessian's product is the gradient of


def check_jacobian(
    f: Callable[..., Any],
    jacobian: Callable[..., Any],
    x: Any,
    *,
    h: Any = "auto",
    rtol: float = 1e-5,
    scale: Any = None,
    nondeterminism: float | None = None,
) -> GradientReport:
    """Compare an analytic Jacobian ``J[..., j] = d f / d x_j`` with difference quotients, entry by entry.

    Parameters
    ----------
    f : callable
        Takes an array of x's shape and dtype, returns real numbers, always of one shape.
    jacobian : callable
        Returns an array of real numbers of the shape ``f(x).shape + x.shape``.
    x : float array (or tensor) of any shape
        Never modified.
    h, rtol, scale, nondeterminism
        As for `check_gradient`.

    Returns
    -------
    GradientReport
        Its arrays are those of all entries of J, `shape` is J's.

    Raises
    ------
    TypeError, ValueError
        As for `check_gradient`; also where J has another shape.

    Notes
    -----
    Two evaluations of f per coordinate of x serve all outputs; entries that disagree take more, at other steps.

    Examples
    --------
    >>> import numpy as np, gdfast as gd
    >>> f = lambda x: np.array([x[0] * x[1], np.sin(x[0]), x[1] ** 3])
    >>> jacobian = lambda x: np.array([[x[1], x[0]], [np.cos(x[0]), 0.0], [0.0, 2 * x[1] ** 2]])
    >>> report = gd.check_jacobian(f, jacobian, [1.0, 2.0])
    >>> print(report.verdict, report.name(report.worst(1)[0]))
    FAIL [2, 1]
    """
    require_callable(f)
    require_callable(jacobian, "jacobian")
    parameters = _one_array(x)
    shape = _shape_of(f, parameters) + parameters.shape

    def read(returned: Any) -> Array:
        return returned_reals(to_array(returned), "jacobian", "x", shape)

    run = _run(f, jacobian, parameters, None, shape, "Jacobian", h, rtol, scale, nondeterminism)
    run.chosen = np.arange(int(np.prod(shape)))
    run.derivative.read = read
    return run.by_slopes()


def check_product(
    f: Any,
    product: Callable[..., Any],
    x: Any,
    kind: str = "jvp",
    *,
    direction: Any = None,
    h: Any = "auto",
    rtol: float = 1e-5,
    scale: Any = None,
    nondeterminism: float | None = None,
    rng: Any = None,
) -> GradientReport:
    """Compare a product of a Jacobian or Hessian with a vector with difference quotients, entry by entry.

    ``product(x, v)`` is ``J v`` ("jvp", v like x), ``J' v`` ("vjp", v like f(x)) or ``H v`` ("hvp", v like x).

    Parameters
    ----------
    f : callable or objective
        Returns real numbers, always of one shape. For "hvp": the function whose Hessian it is (it returns one real
        number), its gradient (an array like x), or an objective, whose gradient is used.
    product : callable
        Takes x and v, returns an array of real numbers like f(x) ("jvp") or like x ("vjp", "hvp").
    x : float array (or tensor) of any shape
        Never modified.
    kind : "jvp", "vjp" or "hvp"
    direction : array of real numbers, optional
        v, not zero. None: a random one of length 1, in units of `scale` (of ``max(1, |x|)``).
    h, rtol, scale, nondeterminism
        As for `check_gradient`.
    rng : seed, Generator or None
        Draws the direction.

    Returns
    -------
    GradientReport
        Its arrays are those of the product's entries.

    Raises
    ------
    TypeError, ValueError
        As for `check_gradient`; also where the product or the direction has another shape.

    Notes
    -----
    "jvp", and "hvp" by gradients: two evaluations of f. "vjp": two per coordinate of x. "hvp" by values: eight per
    coordinate, and about 1e-8 of f at best, for it is a second derivative.

    Examples
    --------
    >>> import numpy as np, gdfast as gd
    >>> f = lambda x: np.sin(x) * x.sum()
    >>> jvp = lambda x, v: np.cos(x) * v * x.sum() + np.sin(x) * v.sum()
    >>> gd.check_product(f, jvp, [1.0, 2.0, 3.0]).verdict
    <Verdict.PASS: 'PASS'>
    >>> gd.check_product(lambda x: float(np.sum(x**3)), lambda x, v: 6 * x * v, [1.0, 2.0], kind="hvp").passed
    True
    """
    if not isinstance(kind, str) or kind not in KINDS:
        raise ValueError(f"kind must be one of {', '.join(map(repr, KINDS))}; it is {described(kind)}")
    require_callable(product, "product")
    parameters, rng = _one_array(x), check_rng(rng)
    if kind == "hvp" and callable(getattr(f, "gradient", None)):
        f = f.gradient
    require_callable(f)
    shape = _shape_of(f, parameters)
    if kind == "hvp" and shape not in ((), parameters.shape):
        raise ValueError(f'f must return one number, or with kind="hvp" an array like x; its shape is {shape}')
    lengths = check_scale(scale, parameters)
    sizes = np.maximum(1.0, np.abs(parameters.point)) if lengths is None else lengths
    like = shape if kind == "vjp" else parameters.shape
    v = _direction(direction, like, sizes if kind != "vjp" else None, rng)
    given = _like_of(x, v.astype(parameters.point.dtype))

    def claimed(argument: Any) -> Any:
        return product(argument, given)

    def as_gradient(value: Callable[[Any], Any], at: Any) -> GradientReport:
        every = np.arange(parameters.point.size)
        return checked(value, claimed, at, h, every, rtol, None, False, None, scale, nondeterminism, kind.upper())

    if kind == "vjp":
        return as_gradient(lambda argument: _weighted(f(argument), v), x)
    if kind == "hvp" and shape == () != parameters.shape:
        return as_gradient(_slope_along(f, parameters, v, sizes), parameters.point)
    length = float(np.sqrt(np.sum(v**2)))

    def read(returned: Any) -> Array:
        return returned_reals(to_array(returned), "product", "x", shape) / length

    run = _run(f, claimed, parameters, v / length, shape, kind.upper(), h, rtol, scale, nondeterminism)
    run.chosen = np.arange(int(np.prod(shape)))
    run.derivative.read = read
    return run.by_slopes()


def _run(
    f: Any,
    derivative: Any,
    parameters: Parameters,
    direction: FloatArray | None,
    shape: tuple[int, ...],
    kind: str,
    h: Any,
    rtol: float,
    scale: Any,
    nondeterminism: float | None,
) -> OutputsRun:
    steps = None if is_auto(h) else parameters.numbers(h, "h")
    lengths = check_scale(scale, parameters)
    if nondeterminism is not None:
        nondeterminism = check_non_negative(nondeterminism, "nondeterminism")

    def label(flat: int) -> str:
        return "[" + ", ".join(str(int(i)) for i in np.unravel_index(flat, shape)) + "]" if shape else "[]"

    run = OutputsRun(
        None, f, derivative, parameters, parameters.point, np.arange(1), direction, steps, lengths,
        check_positive(rtol, "rtol"), False, nondeterminism, kind, shape, label,
    )  # fmt: skip
    run.derivative.lines = lambda found: found.reshape(-1).astype(np.float64)
    return run


def _one_array(x: Any) -> Parameters:
    parameters = parameters_of(x, None, "x")
    if not parameters.single:
        raise TypeError(f"x must be one array; it is {described(x)}")
    return parameters


def _shape_of(f: Any, parameters: Parameters) -> tuple[int, ...]:
    """Of what f returns at the point."""
    found = returned_reals(to_array(f(parameters.of_user(parameters.point))), "f", "x")
    require_finite(found, "f(x)")
    if found.size == 0:
        raise ValueError(f"f must return at least one number; its shape at x is {found.shape}")
    return found.shape


def _direction(
    direction: Any, shape: tuple[int, ...], sizes: FloatArray | None, rng: np.random.Generator
) -> FloatArray:
    if direction is None:
        return random_direction(shape, rng, sizes)
    v = check_reals(to_array(direction), "direction", shape)
    if not v.any():
        raise ValueError("direction must not be zero")
    return v


def _like_of(x: Any, v: Array) -> Any:
    """v as a tensor where x is one."""
    return x.detach().new_tensor(v) if callable(getattr(x, "detach", None)) else v


def _weighted(value: Any, weights: FloatArray) -> float:
    found = returned_reals(to_array(value), "f", "x", weights.shape)
    return float(np.sum(found * weights))


def _slope_along(f: Any, parameters: Parameters, v: FloatArray, sizes: FloatArray) -> Callable[[Array], float]:
    """The slope of f along v, as a function of the point: by four values, exact for polynomials of degree 4."""
    step = STENCIL / float(np.max(np.abs(v) / sizes))

    def slope(point: Array) -> float:
        def at(factor: float) -> float:
            moved = (point + factor * step * v).astype(point.dtype)
            return float(returned_reals(to_array(f(parameters.of_user(moved))), "f", "x", ()))

        return (8 * (at(1) - at(-1)) - (at(2) - at(-2))) / (12 * step)

    return slope
