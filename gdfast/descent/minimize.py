"""minimize, maximize and resume: runs of gradient descent, as their users call them."""

from __future__ import annotations

import inspect
import os
from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any, Literal, ParamSpec, TypeVar

from ..objective.mini_batches import MiniBatches
from ..protocols import Objective, Optimizer
from .argument_names import OF_RUNS, explains_names, refuse_unknown
from .checkpoints import Checkpoint, load
from .loop import last_state, quiet, result_of, run_loop
from .optimizers import GradientDescent
from .restored_state import restored_state
from .result import History, Result, Status
from .run_state import RunState, first_state
from .settings import DEFAULT_STEP, Callback, Metrics, check_objective, checked_settings
from .step_sizes import Step

__all__ = ["History", "Result", "Status", "maximize", "minimize", "resume"]

Arguments = ParamSpec("Arguments")
Returned = TypeVar("Returned")


@explains_names(OF_RUNS)
def minimize(
    objective: Objective,
    w0: Any,
    optimizer: Optimizer[Any] = GradientDescent(),  # noqa: B008 (frozen)
    step: Step = DEFAULT_STEP,
    *,
    batches: MiniBatches | int | None = None,
    max_steps: int | None = None,
    epochs: int | None = None,
    gtol: float = 1e-6,
    gap_tol: float | None = None,
    evaluate_every: int | Literal["never"] | None = None,
    metrics: Metrics | None = None,
    callback: Callback | None = None,
    callback_every: int = 1,
    clip: float | None = None,
    progress: bool = False,
    checkpoint: Checkpoint | None = None,
    keep_weights: bool = False,
) -> Result:
    """Follow an optimizer downhill: ``w_(k+1) = w_k + step_k * direction_k``.

    Parameters
    ----------
    objective : Objective
        Anything with `value`, `gradient` and `value_and_gradient`.
    w0 : float array of any shape, or a number or list of them
        Where to start; never changed. A float32 run stays float32; Python's numbers and lists become float64.
    optimizer : Optimizer
        Which way; `GradientDescent()` is steepest descent.
    step : float, "auto", sequence, callable or line search
        How far, as a length along the direction (PyTorch's ``lr``): a number > 0; "auto", which is
        `gdfast.suggest_step(objective)` and suits `GradientDescent`; numbers a_1..a_K > 0,
        at least max_steps of them; a schedule ``k -> rate >= 0`` for k = 0, 1, ...; or an object with
        ``search(ray, value, slope) -> Found``.
    batches : MiniBatches or int, optional
        A number of rows, 64 say, is ``MiniBatches(64)``.
        Step k sees ``objective.rows(batches.rows(n_samples, k))`` only. None: the whole objective. Of a
        `ChunkedObjective` the rows are shuffled by blocks where they do not fit into memory: see `MiniBatches.window`.
    max_steps : int, optional
        Most steps to take: 1000 unless `epochs` is given.
    epochs : int, optional
        The same as so many times ``batches.steps_per_epoch(n_samples)`` steps (without batches one step
        is one epoch).
    gtol : float
        The run has CONVERGED where no element of the whole objective's gradient is larger. >= 0.
    gap_tol : float, optional
        The run has CONVERGED also where the optimum is PROVEN to be within this distance: by the objective's
        `duality_gap`, or by the bound that the optimizer keeps. Tested when the run is evaluated. >= 0.
    evaluate_every : int, optional
        The run is evaluated at steps 0, evaluate_every, 2 * evaluate_every, ... and at the end (None: only
        there): the metrics are called and, with batches, the whole objective is computed, which is when
        gtol is tested and the best weights are kept. Without batches these two happen after every step (with an
        optimizer that needs no gradient at w, such as `DualCoordinateAscent`: only then, where `evaluate_every` is
        given). "never": not at the end either, which saves a pass; needs `batches`, and no gap_tol or metrics.
        ``result.value`` is then the mean of the last epoch's mini-batches, each before its step, of the last
        ``batches.steps_per_epoch(n_samples)`` steps wherever the run ends; the gradient's norm is NaN, and gtol is
        not tested. The last mini-batch is computed once more, so that a divergence shows.
    metrics : dict of name -> callable, optional
        Numbers ``f(w)`` for ``result.history.metrics``.
    callback : callable, optional
        ``callback(k, w, value)`` after each step: k finished steps, the weights after them, the objective
        there (with batches: that of the mini-batch, before the step). It may keep w. Returning True stops.
    callback_every : int
        Call it after every so many steps, and after the last one. The value is then the mean over the steps since the
        call before (those after which the objective was computed; NaN where there are none). Many steps in between may
        be one compiled call. >= 1.
    clip : float, optional
        A gradient with a larger 2-norm is scaled down to it before the optimizer sees it. > 0. Refused by optimizers
        that learn curvature (`LBFGS`, `NonlinearConjugateGradient`, `Newton`) or own the step.
    progress : bool
        Show a progress bar (tqdm).
    checkpoint : Checkpoint, optional
        Write the run to disk every so many steps; `gdfast.resume` goes on from there, to the same bits. Then
        optimizer, step and batches must be gdfast's own objects, arrays or numbers.
    keep_weights : bool
        Keep the weights at every point of the history: ``result.history.weights`` (m, *shape), so many times the memory
        of w. The results are the same bits; mini-batch steps are then compiled one by one, which takes longer.

    Returns
    -------
    Result
        How it ended (`status`), where, and its history. How a run ends is data: DIVERGED, NO_DESCENT and
        Ctrl-C return a result too; ``result.require()`` raises unless it converged.

    Raises
    ------
    TypeError, ValueError
        An argument is of the wrong type, shape or range (w0 must be finite), a schedule returns nonsense at
        step k, or the objective returns something else than one number and a gradient like w.

    Notes
    -----
    Cost without batches: one value and gradient per step, and one at w0. Between steps the driver costs
    two sweeps over w. NO_DESCENT with a constant step means that w, the direction and the value did not
    change in a whole step: rounding has eaten it, and no later step differs.

    Examples
    --------
    >>> import gdfast as gd
    >>> bowl = gd.FunctionObjective(lambda w: float(w @ w), lambda w: 2 * w)
    >>> result = gd.minimize(bowl, [3.0, -4.0], step=0.1, max_steps=10)
    >>> result.w.round(6), round(result.value, 6), result.status.name
    (array([ 0.322123, -0.429497]), 0.28823, 'MAX_STEPS')
    """
    return run_loop(checked_settings(locals(), sign=1.0))


def continued(optimizer_state: Any, **arguments: Any) -> tuple[Result, RunState]:
    """`minimize` from the state of the optimizer that another run ended in (None: a fresh one), and the last state."""
    defaults = {name: argument.default for name, argument in inspect.signature(minimize).parameters.items()}
    settings = checked_settings(defaults | arguments, sign=1.0)
    state = first_state(settings)
    if optimizer_state is not None:
        state.optimizer_state = optimizer_state
    with quiet():
        settings, state = last_state(settings, state)
        return result_of(settings, state), state


def _with_signature_of(
    model: Callable[Arguments, Returned],
) -> Callable[[Callable[[Mapping[str, Any]], Returned]], Callable[Arguments, Returned]]:
    """A function of the arguments by name, to be called as `model` is: one signature, written once."""
    signature = inspect.signature(model)

    def decorate(function: Callable[[Mapping[str, Any]], Returned]) -> Callable[Arguments, Returned]:
        @wraps(function)
        def called(*arguments: Arguments.args, **keywords: Arguments.kwargs) -> Returned:
            refuse_unknown(function.__name__, keywords, signature.parameters, OF_RUNS)
            try:
                given = signature.bind(*arguments, **keywords)
            except TypeError as error:
                raise TypeError(f"{function.__name__}() {error}") from None
            given.apply_defaults()
            return function(given.arguments)

        called.__signature__ = signature  # type: ignore[attr-defined]
        called.__annotations__ = model.__annotations__
        return called

    return decorate


@_with_signature_of(minimize)
def maximize(arguments: Mapping[str, Any]) -> Result:
    """Gradient ascent: `minimize` on ``-L``, told in terms of L.

    Parameters, Raises and Notes are those of `minimize`. The value, the history, the callback's value and the best
    weights (those with the largest value) are of the objective itself.

    Returns
    -------
    Result

    Examples
    --------
    >>> import gdfast as gd
    >>> hill = gd.FunctionObjective(lambda w: 5.0 - float(w @ w), lambda w: -2 * w)
    >>> result = gd.maximize(hill, [3.0, -4.0])
    >>> round(result.value, 6), result.status.name
    (5.0, 'CONVERGED')
    """
    return run_loop(checked_settings(arguments, sign=-1.0))


@explains_names(OF_RUNS)
def resume(
    path: str | os.PathLike[str],
    objective: Any,
    *,
    step: Step | None = None,
    max_steps: int | None = None,
    metrics: Metrics | None = None,
    callback: Callback | None = None,
    progress: bool = False,
) -> Result:
    """Go on with the run in a checkpoint: to the same bits as if it had never stopped, or with another step, or longer.

    Parameters
    ----------
    path : path
        What `gdfast.Checkpoint` wrote; the run goes on writing there.
    objective : Objective
        The one of the run: recognised by its shape and settings, a digest of y and of 64 rows of X, and its value.
    step : float, "auto", sequence, callable or line search, optional
        Another one from here on, as for `minimize`: of a sequence or schedule that of k = the steps that were taken is
        next. None: that of the run.
    max_steps : int, optional
        Another number of steps in all; None: that of the run. A sequence that ends before them needs a new `step`.
    metrics, callback, progress
        As for `minimize`; functions are not in the file, so they are given again. The metrics need the same names. A
        callback with ``restore`` gets back what its ``saved`` wrote.

    Returns
    -------
    Result
        Of the whole run: steps, history, evaluations, passes and seconds count from its first start.

    Raises
    ------
    FileNotFoundError
        There is no such file.
    ValueError
        The file is damaged, of a newer version or no checkpoint, or the objective or the metrics are others. The file
        stays as it is.

    Examples
    --------
    >>> import tempfile, numpy as np, gdfast as gd
    >>> bowl = gd.FunctionObjective(lambda w: float(w @ w), lambda w: 2 * w)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     saved = gd.Checkpoint(f"{folder}/run.npz", every=5)
    ...     half = gd.minimize(bowl, [3.0], gd.Adam(), max_steps=10, checkpoint=saved)
    ...     result = gd.resume(saved.path, bowl, max_steps=20)
    >>> result.steps, bool(result.w == gd.minimize(bowl, [3.0], gd.Adam(), max_steps=20).w)
    (20, True)
    """
    check_objective(objective, ("value", "gradient", "value_and_gradient"))
    saved = load(path, objective)
    defaults = {name: argument.default for name, argument in inspect.signature(minimize).parameters.items()}
    given = {"objective": objective, "metrics": metrics, "callback": callback, "progress": progress}
    arguments = defaults | saved.arguments | given | {"checkpoint": Checkpoint(path, saved.every)}
    arguments |= {name: value for name, value in (("step", step), ("max_steps", max_steps)) if value is not None}
    settings = checked_settings(arguments, saved.sign)
    settings, state = restored_state(path, saved.arrays, saved.facts, settings)
    if settings.max_steps < state.k:
        raise ValueError(f"max_steps must be at least {state.k}, the steps that were taken; it is {settings.max_steps}")
    if saved.callback is not None and callable(getattr(callback, "restore", None)):
        callback.restore(saved.callback)  # type: ignore[union-attr]
    return run_loop(settings, state)
