"""`check_gradient`: the analytic gradient against difference quotients, coordinate by coordinate.

A quotient can be wrong for two innocent reasons: its stencil crosses a kink, or noise is larger than what it
measures. Both are told apart from a bug: for linear objectives the kinks are known exactly, for any other function
slopes at several steps show them (`step_ladder`). `comparison` measures, `verdict` decides.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..._arrays import check_flag, check_non_negative, check_positive, check_rng
from ...describe import described
from ...differences.steps import is_auto
from ...objective.capabilities import weights_for
from ...protocols import Array, FloatArray
from .directional import AlongRay
from .parameters import Parameters, parameters_of, to_array
from .report import GradientReport
from .run import CheckRun
from .sampling import choose, random_direction

SCALES = (1e-150, 1e150)

__all__ = ["GradientReport", "check_gradient"]


def check_gradient(
    value: Any,
    gradient: Callable[..., Any] | None = None,
    at: Any = None,
    *,
    h: Any = "auto",
    coordinates: Any = None,
    rtol: float = 1e-5,
    rng: Any = None,
    vectorized: bool = False,
    names: Any = None,
    scale: Any = None,
    nondeterminism: float | None = None,
) -> GradientReport:
    """Compare an analytic gradient with centred difference quotients.

    ``check_gradient(objective, at=w)`` checks ``objective.gradient``; ``check_gradient(f, grad, x)``
    checks any pair of callables; the point may be a dict, a list or a tuple of arrays or
    tensors, which both then take; ``check_gradient(objective, grad, w)`` checks a gradient of your own
    against the objective's values, computed from the scores where it is linear, and so does
    ``check_gradient(objective.value, grad, w)``. The relative error
    of a coordinate is ``|a - n| / max(|a|, |n|, floor)`` with ``floor = 10 eps |f| / h``; whether it is right is
    judged on its own scale, and only where noise hides at most 1e-2 of its own derivative.

    Parameters
    ----------
    value : objective or callable
        An objective with value and gradient, or a callable that returns one real number.
    gradient : callable, optional
        Returns an array of the point's shape and dtype, or a container like the point; or (value, gradient).
    at : float array of any shape, or a dict, list or tuple of such
        The point, also of tensors. Never modified.
    h : "auto", float or array
        Length of the difference steps, > 0. "auto": for each coordinate 1e-5 of its scale (5e-3 where point or values
        are in float32), and where that leaves something open the best of many, shorter or one-sided near the end of
        f's domain. A number, or one for each coordinate in the point's form, is absolute.
    coordinates : None, int, array of int or "direction"
        None: all, when that is cheap (a structured objective, or at most 1,000 coordinates), else a
        sample of 1,000, or of one per row if there are more rows. An int: a sample of that many. An
        array: these flat indices. A sample is stratified: it covers every row (first index) evenly as far
        as it reaches, and the last column, the bias of a linear objective, completely when it is at
        least twice as large as the number of rows, once otherwise. "direction": no single coordinate, but the slope
        along one random direction u, against ``u . gradient``: two evaluations in which every coordinate takes part.
    rtol : float
        The largest relative error that passes.
    rng : seed, Generator or None
        Draws the sample or the direction.
    vectorized : bool
        The value is a callable that takes many points at once, (m, *shape), and returns (m,).
    names : sequence of str, or str
        Of the parameters, in their order, for the report: ``W2[3, 1]``. None: a dict's keys.
    scale : float or array, optional
        The length over which f changes, of all or of each coordinate, in the point's form; ``max(1, |x|)`` by default.
    nondeterminism : float, optional
        By how much two calls at one point may differ, relative to a size of at least 1. None: by what rounding does to
        a sum in another order, in the type of the values.

    Returns
    -------
    GradientReport

    Raises
    ------
    TypeError
        value or gradient is not callable, the point or the gradient is not a float array, or f does
        not return a real number.
    ValueError
        The objective has no gradient of its own (it would check itself), the gradient has another
        shape than the point, f is not finite at the point, or an argument is out of range. Exceptions of your functions
        come through unchanged, with a note that names the coordinate, but for those that end f's domain: an
        ArithmeticError or a ValueError beside the point.

    Notes
    -----
    Two evaluations of f per coordinate, three more and three gradients at the point and at another one: whether they
    answer the same, leave their argument alone and keep no stale cache. Coordinates that disagree, or don't move, are
    evaluated at about a dozen other steps, and the noise of f and of the gradient is measured with some 30 evaluations
    of each; where the first of them are plainly wrong, the rest is spared that. In float32 small derivatives drown: the
    report says what it could not judge. An objective may say in an attribute `arithmetic`
    (a dtype) that it computes less precisely than in the point's dtype.

    Examples
    --------
    >>> import numpy as np
    >>> import gdfast as gd
    >>> x = np.array([1.0, 2.0])
    >>> report = gd.check_gradient(lambda x: float(x[0] ** 2 * x[1]), lambda x: 2 * x * x[::-1], x)
    >>> print(report.verdict, report.worst(1))
    FAIL [1]
    """
    return checked(
        value, gradient, at, h, coordinates, rtol, rng, vectorized, names, scale, nondeterminism, "Gradient"
    )  # fmt: skip


def checked(
    value: Any, gradient: Any, at: Any, h: Any, coordinates: Any, rtol: float, rng: Any, vectorized: bool, names: Any,
    scale: Any, nondeterminism: float | None, kind: str,
) -> GradientReport:  # fmt: skip
    """The check, whatever its report is called."""
    objective, f, analytic_gradient = _parts(value, gradient)
    if at is None:
        raise TypeError("at must be the point to check at: check_gradient(objective, at=w) or (f, grad, x)")
    parameters = parameters_of(at, names)
    if not parameters.single and isinstance(getattr(objective, "shape", None), tuple):
        raise TypeError(f"at must be one array, of the objective's shape {objective.shape}; it is {described(at)}")
    point = parameters.point
    if parameters.single:
        point = np.array(weights_for(objective, point, "at"), order="C")
    steps, rtol = None if is_auto(h) else parameters.numbers(h, "h"), check_positive(rtol, "rtol")
    lengths = check_scale(scale, parameters)
    vectorized = check_flag(vectorized, "vectorized")
    if nondeterminism is not None:
        nondeterminism = check_non_negative(nondeterminism, "nondeterminism")
    if vectorized and objective is not None:
        raise ValueError("vectorized must be False with an objective; it is for a plain function of many points")
    if vectorized and not (parameters.single and isinstance(point, np.ndarray) and to_array(at) is at):
        raise ValueError("vectorized must be False with several parameters or tensors: it takes an array")
    generator = check_rng(rng)
    structured = callable(getattr(objective, "numerical_gradient", None))
    chosen = choose(coordinates, point.shape, structured, generator)
    unit = None if chosen.size else random_direction(point.shape, generator, lengths)
    if unit is not None and callable(getattr(objective, "along_ray", None)):
        objective = AlongRay(objective, analytic_gradient, point, unit)
        f, analytic_gradient, point = objective.value, objective.gradient, objective.point
        parameters = parameters_of(point, None)
    run = CheckRun(
        objective, f, analytic_gradient, parameters, point, chosen, unit, steps, lengths, rtol, vectorized,
        nondeterminism, kind,
    )  # fmt: skip
    return run.structured() if structured and unit is None else run.by_slopes()


def check_scale(scale: Any, parameters: Parameters) -> FloatArray | None:
    """The lengths over which f changes, of the point's shape; None for those of the coordinates."""
    if scale is None:
        return None
    lengths = parameters.numbers(scale, "scale")
    if not SCALES[0] <= lengths.min() <= lengths.max() <= SCALES[1]:
        raise ValueError(f"scale must be in [{SCALES[0]:g}, {SCALES[1]:g}]; it goes to {lengths.max():g}")
    return lengths


def _parts(value: Any, gradient: Any) -> tuple[Any, Callable[[Array], Any], Callable[[Array], Any]]:
    """The objective (None for plain callables), its value and the gradient to be checked."""
    if gradient is not None and not callable(gradient):
        raise TypeError(
            f"gradient must be callable: check_gradient(objective, at=w) or (f, grad, x); it is {described(gradient)}"
        )
    owner = getattr(value, "__self__", None)
    has_structure = callable(getattr(owner, "numerical_gradient", None))
    if gradient is not None and has_structure and value == getattr(owner, "value", None):
        value = owner  # objective.value, given as a function: the objective's own quotients serve as well
    if callable(getattr(value, "value", None)):
        if gradient is not None:
            return value, value.value, gradient
        if not getattr(value, "has_gradient", True):
            raise ValueError("objective must have a gradient of its own: its numerical one would only check itself")
        if not callable(getattr(value, "gradient", None)):
            raise TypeError(f"objective must have a gradient method; {type(value).__name__} has none")
        return value, value.value, value.gradient
    if not callable(value):
        raise TypeError(f"value must be an objective or a callable; it is {described(value)}")
    if gradient is None:
        raise TypeError("gradient must be given with a plain function: check_gradient(f, grad, x)")
    return None, value, gradient
