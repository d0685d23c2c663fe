"""The page of `gdfast train --report`: training curves, trajectory, effect of the learning rate, a gradient check."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from ..checks.gradient.check import check_gradient
from ..datasets import Dataset
from ..descent.result import Result
from ..model import Model
from ..objective.linear.objective import LinearObjective
from ..objective.second_derivatives import suggest_step
from ..protocols import Array
from ..training.fit import Epoch, Fit
from .training_summary import Summary

if TYPE_CHECKING:
    from ..pictures.landscape import StepSizes
    from ..pictures.landscape import Trajectory as TrajectoryPicture

POINTS = 50  # of the trajectory
SCORES = 5_000_000  # of all rows together, as float64: the pictures are of no more rows than have these
ALL = 2_000_000_000  # rows times weights up to which every entry of the gradient is checked
SOME = 1000  # entries beyond that
H, RTOL = 1e-6, 1e-4  # few stencils cross a kink; narrow data compute in float32
STEPS = np.logspace(-3, 3, 121)  # times the step that suits


class Trajectory:
    """Weights along the optimization path, some fifty of them: an observer of a fit.

    Where nobody knows how many steps there will be (`is_open`), every other of the first is left out once there are
    twice as many.
    """

    def __init__(self, *, is_open: bool = False) -> None:
        self.weights: list[Array] = []
        self._is_open, self._every = is_open, 1

    def __call__(self, epoch: Epoch) -> None:
        every = self._every if self._is_open else max(1, epoch.epochs // POINTS)
        if epoch.number % every == 0 or epoch.number == epoch.epochs:
            self.weights.append(epoch.w)
        if self._is_open and len(self.weights) > 2 * POINTS:
            del self.weights[1::2]
            self._every *= 2


def page_of(
    summary: Summary, model: Model, fitted: Fit, found: Dataset, trajectory: Trajectory,
    settings: Mapping[str, Any], command: str,
) -> bytes:  # fmt: skip
    """The page that shows the run."""
    from ..pictures.page import RunReport, Templates, render

    templates = None
    if found.image_shape is not None and len(found.image_shape) in (2, 3) and model.loss.classifies:
        templates = Templates(model.W, found.image_shape, found.class_names, model.scale)
    objective = _sample_of(fitted.objective)
    about = "" if objective is fitted.objective else (
        f" Trajectory, learning rates and gradient are those of {objective.n_samples:,} rows, evenly chosen."
    )  # fmt: skip
    said = summary.lines(None)
    points = trajectory.weights
    every = None if objective.n_samples * points[-1].size <= ALL else SOME
    # At the optimum the gradient is little more than its own rounding, which no check can judge.
    report = check_gradient(objective, at=points[0], h=H, rtol=RTOL, coordinates=every, rng=0)
    return render(
        RunReport(
            f"A linear model of {summary.data}",
            ". ".join(f"{name.capitalize()}: {said[name]}" for name in said if name != "model") + "." + about,
            runs={"training, the mean of each epoch": _training_curves(fitted)},
            trajectory=_on_a_plane(objective, points),
            step_sizes=_step_sizes(objective, points[0]),
            templates=templates,
            gradient_checks={"the gradient where the optimization path begins": report},
            settings=settings,
            command=command,
        )
    ).encode()


def _sample_of(objective: LinearObjective) -> LinearObjective:
    """The objective, or that of as many of its rows, evenly chosen, as pictures need."""
    most = max(1, SCORES // objective.n_classes)
    if objective.n_samples <= most:
        return objective
    return objective.rows(np.linspace(0, objective.n_samples - 1, most).astype(np.int64))


def _on_a_plane(objective: LinearObjective, points: list[Array]) -> TrajectoryPicture | None:
    """The trajectory on a plane; None where it is none."""
    from ..pictures import landscape

    try:
        return landscape.trajectory(objective, {"training": np.stack(points)})
    except ValueError:  # the run went nowhere
        return None


def _step_sizes(objective: LinearObjective, w0: Array) -> StepSizes | None:
    """The effect of the learning rate on the first step; None where the gradient is no descent."""
    from ..pictures import landscape

    try:
        return landscape.step_sizes(objective, w0, STEPS * suggest_step(objective))
    except (TypeError, ValueError):  # a regularizer of its own kind; a gradient of zeros
        return None


def _training_curves(fitted: Fit) -> Result:
    """The last attempt, with the mean loss of each epoch and the scores on the rows held out."""
    run, result, per_epoch = fitted.run, fitted.run.result, fitted.plan.per_epoch
    epochs = min(len(run.losses), -(-result.steps // per_epoch))
    steps = np.minimum(per_epoch * np.arange(1, epochs + 1), result.steps)
    values = np.array(run.losses[-epochs:])
    scores = np.array(run.scores[-epochs:])
    name = "held-out accuracy" if fitted.objective.loss.classifies else "held-out R2"
    history = replace(
        result.history,
        evaluated_steps=steps,
        evaluated_values=values,
        metrics={name: scores} if len(scores) == epochs else {},
    )
    return replace(result, history=history)
