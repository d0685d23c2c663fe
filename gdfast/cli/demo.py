"""`gdfast demo`: three search strategies on real images, every gradient entry checked, plots, a page."""

from __future__ import annotations

import shlex
import sys
from dataclasses import replace
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
from ..describe import one_line
from ..objective.losses import CrossEntropy, Hinge, Loss
from ..pictures import landscape, plots
from ..pictures.canvas import figure, image, legend_below
from ..pictures.images import objectives
from ..pictures.page import RunReport, Templates, render
from ..pictures.strategies import ACCURACY, Plan, StrategyTable, compare_strategies
from ..protocols import Array
from .failures import MISTAKES
from .option_types import FileName
from .outputs import check_folder, write_files
from .tables import say, say_line

# The features are (pixel - mean) / pixel_max. So 255 times the lecture's scales, which are per grey level of 256.
PLAN = Plan(evaluations=1000, random_scale=255e-4, local_start=255e-3, local_step=255e-4, step=0.03, momentum=0.9)
H = 1e-6  # of the gradient check: small enough that few difference stencils cross a kink of the hinge
RTOL = 1e-4  # the gradients of uint8 images are computed in float32
STEPS = np.logspace(-4, 2, 121)  # from W = 0
IMAGES = 20_000  # to train on: four times 1,000 passes over them take half a minute on two cores
CHECKED = 5_000  # images of the gradient check: softmax takes an exponential for each image and weight
FEW = 20  # times the lowest loss: a logarithmic axis up to there has numbers between the powers of 10
TRAJECTORY_POINTS = 50  # weights of each run of gradient descent that the page shows on a plane
Paths = dict[str, list[Array]]


@click.command()
@click.option("--data", type=FileName(Path), help="Folder of CIFAR-10's .bin files; without it: digits.")
@click.option("--out", type=FileName(Path), default="gdfast-demo", show_default=True, help="Folder for the pictures.")
@click.option(
    "--images", type=click.IntRange(min=1), default=IMAGES, show_default=True,
    help="Images to train on, the first of them; all where there are fewer.",
)  # fmt: skip
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Seed of both searches.")
@click.option("--threads", type=click.IntRange(min=1), help="Threads; without it: the CPUs this process may use.")
def demo(data: Path | None, out: Path, images: int, seed: int, threads: int | None) -> None:
    """Train on real images, compare three strategies, check every entry of the gradient.

    Random search, random local search and gradient descent (without and with momentum) get 1,000 evaluations of the
    same hinge loss each. The images are scikit-learn's 8x8 digits, or CIFAR-10 with --data. The curves, the table and
    a page for the browser that shows the whole run are written to --out. Everything but the seconds depends on
    --seed alone.

    Example: gdfast demo --data cifar-10-batches-bin
    """
    start = perf_counter()
    if threads is not None:
        set_num_threads(threads)
    try:
        figure()  # before any work: is matplotlib there?
        check_folder(out)
        if data is not None:
            stage(f"Reading {data} ...")
        whole = load_digits() if data is None else load_cifar10(data)
    except MISTAKES as error:
        raise click.ClickException(str(error)) from error

    chosen = first(whole, images)
    name = "scikit-learn's digits" if data is None else "CIFAR-10"
    describe(chosen, len(whole.X))
    paths: Paths = {}
    table = compare(chosen, seed, paths)
    checked = first(chosen, CHECKED)
    reports = {type(loss).__name__: check(checked, loss, table.rows[-1].w) for loss in (CrossEntropy(), Hinge())}
    given = [*(["--data", str(data)] if data else []), *([] if images == IMAGES else ["--images", str(images)])]
    command = shlex.join(["gdfast", "demo", *given, "--seed", str(seed)])
    stage("Drawing the pictures and the page ...")
    try:
        drawn = pictures(table, f"{name}: hinge loss, n = {len(chosen.X):,}")
        files = write_files(out, drawn | page(chosen, table, paths, reports, command))
    except OSError as error:
        raise click.ClickException(str(error)) from error
    say()
    say_line(f"Wrote {', '.join(map(str, files))} in {perf_counter() - start:.1f} s.")
    if not all(report.passed for report in reports.values()):
        raise click.ClickException("a gradient check failed: the report above says where")


def first(images: Images, count: int) -> Images:
    """The same with only the first images to train on."""
    return replace(images, X=images.X[:count], y=images.y[:count])


def describe(images: Images, available: int) -> None:
    """The images, the model and the machine."""
    n, d = images.X.shape
    settings = config()
    say(fill(f"{one_line(images.description)}.", 80, break_long_words=False))
    classes, weights = len(images.class_names), len(images.class_names) * (d + 1)
    of_all = "" if n == available else f" (the first of {available:,}: --images {available} takes all)"
    say(f"{n:,} images to train on{of_all}, {len(images.y_test):,} held out.")
    say(f"{d:,} pixels, {classes} classes: {weights:,} weights.")
    say(f"gdfast {settings['gdfast']}, {settings['instruction set']}, {settings['threads']} threads.\n")


def shows_progress() -> bool:
    """Whether somebody watches standard error."""
    return sys.stderr is not None and sys.stderr.isatty()


def stage(text: str) -> None:
    """What is being done now, for whoever watches."""
    if shows_progress():
        say_line(text, err=True)


def compare(images: Images, seed: int, paths: Paths) -> StrategyTable:
    """Run the strategies with progress bars, print their table; the weights along gradient descent go to `paths`."""
    n = PLAN.evaluations
    say(f"Three strategies, {n:,} evaluations of the hinge loss each:")
    train, held_out = objectives(images, Hinge())
    every = max(1, n // TRAJECTORY_POINTS)

    def add_point(name: str, k: int, w: Array, value: float) -> None:
        if k < 10 or k % every == 0:  # the first steps are the longest
            paths.setdefault(name, [np.zeros(train.shape)]).append(w)

    table = compare_strategies(
        train,
        held_out,
        PLAN,
        rng=seed,
        progress=shows_progress(),
        begin=lambda name: say(f"  {name} ..."),
        callback=add_point,
    )
    if table.descent.status is Status.DIVERGED:
        raise click.ClickException(f"gradient descent did not finish, nothing was written. {table.descent}")
    say(f"\n{table}")
    for sentence in table.remarks():
        say(fill(sentence, 80))
    return table


def check(images: Images, loss: Loss, w: Array) -> GradientReport:
    """Check every entry of a loss's gradient on these images, and print the report."""
    start = perf_counter()
    stage(f"Checking the gradient of {type(loss).__name__} ...")
    report = check_gradient(objectives(images, loss)[0], at=w, h=H, rtol=RTOL)
    say(f"\n{type(loss).__name__}, every weight, {len(images.X):,} images ({perf_counter() - start:.1f} s)")
    if loss.has_kinks:
        say(f"{report.kinks.size:,} of {report.coordinates.size:,} difference stencils cross a kink of the loss.")
    say(str(report))
    return report


def pictures(table: StrategyTable, title: str) -> dict[str, bytes]:
    """The files of the demo, ready to be written."""
    curves = figure(10.0, 4.4)
    loss, accuracy = curves.subplots(1, 2)
    loss_curves(table, loss)
    plots.history(table.runs, accuracy, quantity=ACCURACY)
    accuracy.get_legend().remove()
    accuracy.set_xlabel("evaluations")
    curves.suptitle(title)
    both = figure(6.4, 7.6)
    above, below = both.subplots(2, 1, height_ratios=(1.15, 1.0))
    loss_curves(table, above)
    plots.strategies(table, below)
    both.suptitle(title)
    return {"learning_curve.png": image(curves), "strategies.png": image(both), "strategies.csv": table.csv().encode()}


def loss_curves(table: StrategyTable, ax: Any) -> None:
    """The loss of all strategies against their evaluations on one axis; where gradient descent starts is marked."""
    plots.history(table.runs, ax, log=True)
    ax.axhline(table.first_loss, color=plots.GREY, linestyle=":", linewidth=1.2, label=table.start)
    ax.get_legend().remove()
    ax.set_xlabel("evaluations")
    ax.set_ylabel("hinge loss")
    low, high = ax.get_ylim()
    few = high < FEW * low
    ax.yaxis.set_major_formatter(lambda value, _: f"{value:g}")
    ax.yaxis.set_minor_formatter(lambda value, _: f"{value:g}" if few and f"{value:e}"[0] in "235" else "")
    legend_below(ax)


def page(
    images: Images, table: StrategyTable, paths: Paths, reports: dict[str, GradientReport], command: str
) -> dict[str, bytes]:
    """The page of the run, ready to be written; without plotly a sentence on the terminal instead."""
    train = objectives(images, Hinge())[0]
    settings: dict[str, Any] = {
        "evaluations of each strategy": f"{PLAN.evaluations:,}",
        "random search": f"W = {PLAN.random_scale:g} * normal",
        "random local search": f"from {PLAN.local_start:g} * normal, by {PLAN.local_step:g} * normal",
        "gradient descent": f"learning rate {PLAN.step:g}, from W = 0",
        "momentum": f"the same with momentum {PLAN.momentum:g}",
        "loss": "hinge",
        "features": f"(pixel - mean) / {images.pixel_max}",
        "gradient check": f"h = {H:g}, tolerance {RTOL:g}",
    }
    report = RunReport(
        "gdfast demo: three strategies on real images",
        f"{images.description}. {len(images.X):,} images to train on, {len(images.X_test):,} held out.",
        strategies=table,
        runs=table.runs,
        trajectory=landscape.trajectory(train, paths),
        step_sizes=landscape.step_sizes(train, np.zeros(train.shape), STEPS),
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
