"""`gdfast demo`: three search strategies on real images, every gradient entry checked, plots, a page."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path
from textwrap import fill
from time import perf_counter
from typing import Any

import click
import numpy as np

from .._config import config, set_num_threads
from ..checks.gradient.check import check_gradient
from ..checks.gradient.report import GradientReport
from ..datasets import Images, load_cifar10, load_digits
from ..descent.result import Status
from ..objective.losses import CrossEntropy, Hinge, Loss
from ..pictures import landscape, plots
from ..pictures.canvas import figure, image
from ..pictures.images import objectives
from ..pictures.page import RunReport, Templates, render
from ..pictures.strategies import Plan, StrategyTable, compare_strategies
from ..protocols import Array
from .failures import MISTAKES
from .outputs import check_folder, write_files
from .tables import say

# The features are (pixel - mean) / pixel_max. So 255 times the lecture's scales, which are per grey level of 256.
PLAN = Plan(evaluations=1000, random_scale=255e-4, local_start=255e-3, local_step=255e-4, step=0.01)
H = 1e-6  # of the gradient check: small enough that few difference stencils cross a kink of the hinge
RTOL = 1e-4  # the gradients of uint8 images are computed in float32
STEPS = np.logspace(-4, 2, 121)  # from W = 0
TRAJECTORY_POINTS = 50  # weights of gradient descent that the page shows on a plane


@click.command()
@click.option("--data", type=click.Path(path_type=Path), help="Folder of CIFAR-10's .bin files; without it: digits.")
@click.option(
    "--out", type=click.Path(path_type=Path), default="gdfast-demo", show_default=True, help="Folder for the pictures."
)
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Seed of both searches.")
@click.option("--threads", type=click.IntRange(min=1), help="Threads; without it: the CPUs this process may use.")
def demo(data: Path | None, out: Path, seed: int, threads: int | None) -> None:
    """Train on real images, compare three strategies, check every entry of the gradient.

    Random search, random local search and gradient descent get 1,000 evaluations of the same hinge loss each.
    The images are scikit-learn's 8x8 digits, or CIFAR-10 with --data. The learning curve, the table and a page
    for the browser that shows the whole run are written to --out. Everything but the seconds depends on --seed
    alone.

    Example: gdfast demo --data cifar-10-batches-bin
    """
    start = perf_counter()
    if threads is not None:
        set_num_threads(threads)
    try:
        figure()  # before any work: is matplotlib there?
        check_folder(out)
        images = load_digits() if data is None else load_cifar10(data)
    except MISTAKES as error:
        raise click.ClickException(str(error)) from error

    describe(images)
    trajectory: list[Array] = [np.zeros((len(images.class_names), images.X.shape[1] + 1))]
    table = compare(images, seed, trajectory)
    losses = (CrossEntropy(), Hinge())
    reports = {type(loss).__name__: check(images, loss, table.rows[-1].w) for loss in losses}
    command = shlex.join(["gdfast", "demo", *(["--data", str(data)] if data else []), "--seed", str(seed)])
    try:
        files = write_files(out, pictures(table) | page(images, table, trajectory, reports, command))
    except OSError as error:
        raise click.ClickException(str(error)) from error
    say(f"\nWrote {', '.join(map(str, files))} in {perf_counter() - start:.1f} s.")
    if not all(report.passed for report in reports.values()):
        raise click.ClickException("a gradient check failed: the report above says where")


def describe(images: Images) -> None:
    """The images, the model and the machine."""
    n, d = images.X.shape
    settings = config()
    say(fill(f"{images.description}.", 80, break_long_words=False))
    classes, weights = len(images.class_names), len(images.class_names) * (d + 1)
    say(f"{n:,} images to train on, {len(images.y_test):,} held out.")
    say(f"{d:,} pixels, {classes} classes: {weights:,} weights.")
    say(f"gdfast {settings['gdfast']}, {settings['instruction set']}, {settings['threads']} threads.\n")


def compare(images: Images, seed: int, trajectory: list[Array]) -> StrategyTable:
    """Run the three strategies with progress bars, print their table; gradient descent's weights go to `trajectory`."""
    n = PLAN.evaluations
    say(f"Three strategies, {n:,} evaluations of the hinge loss each:")
    train, held_out = objectives(images, Hinge())
    every = max(1, n // TRAJECTORY_POINTS)

    def add_point(k: int, w: Array, value: float) -> None:
        if k < 10 or k % every == 0:  # the first steps are the longest
            trajectory.append(w)

    table = compare_strategies(
        train,
        held_out,
        PLAN,
        rng=seed,
        progress=sys.stderr.isatty(),
        begin=lambda name: say(f"  {name} ..."),
        callback=add_point,
    )
    if table.descent.status is Status.DIVERGED:
        raise click.ClickException(f"gradient descent did not finish, nothing was written. {table.descent}")
    say(f"\n{table}")
    overtaken = table.overtaken_at()
    if overtaken is not None:
        say(f"Gradient descent was below the best loss of both searches after {overtaken:,} evaluations.")
    return table


def check(images: Images, loss: Loss, w: Array) -> GradientReport:
    """Check every entry of a loss's gradient on all training images, and print the report."""
    start = perf_counter()
    report = check_gradient(objectives(images, loss)[0], at=w, h=H, rtol=RTOL)
    say(f"\n{type(loss).__name__}, every weight, all training images ({perf_counter() - start:.1f} s)")
    if loss.has_kinks:
        say(f"{report.kinks.size:,} of {report.coordinates.size:,} difference stencils cross a kink of the loss.")
    say(str(report))
    return report


def pictures(table: StrategyTable) -> dict[str, bytes]:
    """The files of the demo, ready to be written."""
    curve = figure(10.0, 4.2)
    loss, accuracy = curve.subplots(1, 2)
    plots.history(table.descent, loss)
    loss.set_ylabel("hinge loss")
    loss.lines[0].set_label(table.rows[-1].name)
    for row, style, colour in zip(table.rows[:-1], ("--", ":"), (plots.GREY, plots.VERMILION), strict=True):
        loss.axhline(row.value, linestyle=style, color=colour, label=f"best of {row.name}")
    curve.legend(loc="outside lower center", ncols=3)
    plots.history(table.descent, accuracy, quantity="held-out accuracy")
    curve.suptitle("Gradient descent")
    bars = figure(8.0, 3.8)
    plots.strategies(table, bars.subplots())
    return {"learning_curve.png": image(curve), "strategies.png": image(bars), "strategies.csv": table.csv().encode()}


def page(
    images: Images, table: StrategyTable, trajectory: list[Array], reports: dict[str, GradientReport], command: str
) -> dict[str, bytes]:
    """The page of the run, ready to be written; without plotly a sentence on the terminal instead."""
    train = objectives(images, Hinge())[0]
    settings: dict[str, Any] = {
        "evaluations of each strategy": f"{PLAN.evaluations:,}",
        "random search": f"W = {PLAN.random_scale:g} * normal",
        "random local search": f"from {PLAN.local_start:g} * normal, by {PLAN.local_step:g} * normal",
        "gradient descent": f"{PLAN.optimizer}, step {PLAN.step:g}, from W = 0",
        "loss": "hinge",
        "features": f"(pixel - mean) / {images.pixel_max}",
        "gradient check": f"h = {H:g}, tolerance {RTOL:g}",
    }
    report = RunReport(
        "gdfast demo: three strategies on real images",
        f"{images.description}. {len(images.X):,} images to train on, {len(images.X_test):,} held out.",
        strategies=table,
        runs={"gradient descent": table.descent},
        trajectory=landscape.trajectory(train, {"gradient descent": trajectory}),
        step_sizes=landscape.step_sizes(train, trajectory[0], STEPS),
        templates=Templates(
            table.rows[-1].w,
            images.image_shape,
            images.class_names,
            np.full(images.X.shape[1], float(images.pixel_max)),
        ),
        gradient_checks=reports,
        settings=settings,
        command=command,
    )
    try:
        return {"run.html": render(report).encode()}
    except ImportError as error:
        say("\n" + fill(f"No page was written: {error}.", 80))
        return {}
