"""Go on with a run that was written to disk."""

from __future__ import annotations

import os
from typing import Any

from .checkpoints import Checkpoint, load
from .minimize import descend
from .result import Result
from .settings import Callback, Metrics, check_objective, checked_settings


def resume(
    path: str | os.PathLike[str],
    objective: Any,
    *,
    max_steps: int | None = None,
    metrics: Metrics | None = None,
    callback: Callback | None = None,
    progress: bool = False,
) -> Result:
    """Go on with the run in a checkpoint, to the same bits as if it had never stopped.

    Parameters
    ----------
    path : path
        What `gdfast.Checkpoint` wrote; the run goes on writing there.
    objective : Objective
        The one of the run: recognised by its shape and settings, a digest of y and of 64 rows of X, and its value.
    max_steps : int, optional
        Another number of steps in all; None: that of the run.
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
    settings, w0, saved = load(path, objective)
    every = settings.pop("every")
    if max_steps is not None:
        settings["max_steps"] = max_steps
    run = checked_settings(
        objective,
        w0,
        epochs=None,
        metrics=metrics,
        callback=callback,
        progress=progress,
        checkpoint=Checkpoint(path, every),
        **settings,
    )
    if run.max_steps < saved.k:
        raise ValueError(f"max_steps must be at least {saved.k}, the steps that were taken; it is {run.max_steps}")
    if saved.callback is not None and callable(getattr(callback, "restore", None)):
        callback.restore(saved.callback)  # type: ignore[union-attr]
    return descend(run, saved)
