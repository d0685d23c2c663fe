"""The page that `gdfast train --report` writes: the course of the run, the way down, step sizes, a gradient check."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from ..checks.gradient.check import check_gradient
from ..datasets import Dataset
from ..descent.result import Result
from ..objective.capabilities import suggest_step
from ..objective.linear.objective import LinearObjective
from ..protocols import Array
from ..training.train_model import Trained
from .training_summary import Summary

if TYPE_CHECKING:
    from ..pictures.landscape import StepSizes, Trajectory

POINTS = 50  # of the way down
SCORES = 5_000_000  # of all rows together, as float64: more rows than these have are not looked at by the pictures
ALL = 2_000_000_000  # rows times weights up to which every entry of the gradient is checked
SOME = 1000  # entries beyond that
H, RTOL = 1e-6, 1e-4  # few stencils cross a kink; narrow data compute in float32
STEPS = np.logspace(-3, 3, 121)  # times the step that suits


class Way:
    """Weights that the run came by, some fifty of them."""

    def __init__(self) -> None:
        self.weights: list[Array] = []

    def passing(self, epoch: int, epochs: int, w: Array) -> None:
        """An epoch has ended at w."""
        if epoch % max(1, epochs // POINTS) == 0 or epoch == epochs:
            self.weights.append(w)


def write_page_of(
    path: str, summary: Summary, trained: Trained, found: Dataset, way: Way, settings: Mapping[str, Any], command: str
) -> None:
    """The page that shows the run."""
    from ..pictures.page import RunReport, Templates, write_page

    model, learned, templates = trained.model, trained.learned, None
    if found.image_shape is not None and len(found.image_shape) in (2, 3) and model.loss.classifies:
        templates = Templates(model.W, found.image_shape, found.class_names, model.scale)
    objective = _seen(learned.objective)
    about = "" if objective is learned.objective else (
        f" The way down, the step sizes and the gradient are those of {objective.n_samples:,} rows, evenly chosen."
    )  # fmt: skip
    said = summary.lines(None)
    points = [learned.w0, *way.weights]
    every = None if objective.n_samples * points[-1].size <= ALL else SOME
    report = check_gradient(objective, at=points[-1], h=H, rtol=RTOL, coordinates=every, rng=0)
    write_page(
        path,
        RunReport(
            f"A linear model of {summary.data}",
            ". ".join(f"{name.capitalize()}: {said[name]}" for name in said if name != "model") + "." + about,
            runs={"training, the mean of each epoch": _course(trained)},
            trajectory=_trajectory(objective, points),
            step_sizes=_step_sizes(objective, learned.w0),
            templates=templates,
            gradient_checks={"the gradient where the run ended": report},
            settings=settings,
            command=command,
        ),
    )


def _seen(objective: LinearObjective) -> LinearObjective:
    """The objective, or that of as many of its rows, evenly chosen, as pictures need."""
    most = max(1, SCORES // objective.n_classes)
    if objective.n_samples <= most:
        return objective
    return objective.rows(np.linspace(0, objective.n_samples - 1, most).astype(np.int64))


def _trajectory(objective: LinearObjective, points: list[Array]) -> Trajectory | None:
    """The way on a plane; None where it is none."""
    from ..pictures import landscape

    try:
        return landscape.trajectory(objective, {"training": np.stack(points)})
    except ValueError:  # the run went nowhere
        return None


def _step_sizes(objective: LinearObjective, w0: Array) -> StepSizes | None:
    """One step of many sizes from the start; None where that is no way down."""
    from ..pictures import landscape

    try:
        return landscape.step_sizes(objective, w0, STEPS * suggest_step(objective))
    except (TypeError, ValueError):  # a regularizer of its own kind; a gradient of zeros
        return None


def _course(trained: Trained) -> Result:
    """The last attempt, with the mean loss of each epoch and what was seen on the rows held out."""
    learned = trained.learned
    run, per_epoch = learned.outcome.last, learned.plan.per_epoch
    epochs = min(len(learned.outcome.losses), -(-run.steps // per_epoch))
    steps = np.minimum(per_epoch * np.arange(1, epochs + 1), run.steps)
    values = np.array(learned.outcome.losses[-epochs:])
    seen = np.array(learned.scores[-epochs:])
    name = "held-out accuracy" if trained.model.loss.classifies else "held-out R2"
    history = replace(
        run.history,
        evaluated_steps=steps,
        evaluated_values=values,
        metrics={name: seen} if len(seen) == epochs else {},
    )
    return replace(run, history=history)
