"""`gdfast train`: trains a linear model on a file of rows."""

from __future__ import annotations

import os
import shlex
import sys
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from time import perf_counter
from typing import Any

import click
from click.core import ParameterSource

from .._config import set_num_threads
from ..datasets import Dataset
from ..datasets.options import ReadingOptions
from ..descent.optimizers import DualCoordinateAscent, sets_own_step
from ..files.atomic import Unfinished
from ..model import Model, save_model
from ..protocols import Array
from ..training.chunked_data import ChunkedData
from ..training.chunked_evaluation import evaluate_chunks
from ..training.chunked_fit import check_optimizer
from ..training.evaluation import Evaluation, evaluate_model
from ..training.fit import Fit
from ..training.guarded_run import SavedRun
from ..training.settings import (
    CLASSIFIER_LOSSES,
    FULL_BATCH,
    LEARNING_RATES,
    OPTIMIZERS,
    REGRESSOR_LOSSES,
    SOLVE,
    SOLVE_TOL,
    Settings,
    loss_of,
    optimizer_of,
)
from ..training.split import held_out_rows
from ..training.train_model import train_model
from .alpha_choice import AlphaChoice, choose_alpha, require_estimators
from .chunked_files import InChunks, memory_option
from .cluster import cluster_of, scheduler_option
from .data_files import STDIN, labels_option, name_of, open_data
from .epoch_bar import EpochBar
from .failures import Interrupted, explain_mistakes, writing
from .images import seed_option
from .option_types import FileName, FiniteRange, NumberOr
from .outputs import check_file
from .reading_options import given_in, reading_of, reading_options
from .saved_run import remove_unless_finished, saved_run_in
from .tables import say, say_line
from .training_page import Trajectory, page_of
from .training_summary import Summary

NOT_WITH_SOLVE = {"epochs", "optimizer", "batch_size", "lr", "early_stopping"}
VAL_FRACTION, EPOCHS, MIN_STEPS = Settings.validation_fraction, Settings.epochs, Settings.min_steps


@click.command()
@click.argument("data", type=FileName(), metavar="DATA")
@click.option("-o", "--out", required=True, type=FileName(), metavar="FILE", help="Where the model goes.")
@click.option(
    "--loss", type=click.Choice([*CLASSIFIER_LOSSES, *REGRESSOR_LOSSES]), default="cross_entropy", show_default=True,
    help="The last two are for real targets.",
)  # fmt: skip
@click.option(
    "--alpha", type=NumberOr("auto", "cv", positive=False), default="auto", show_default=True,
    metavar="NUMBER|auto|cv",
    help="Strength of the L2 penalty, scikit-learn's; auto is 1 / rows (C = 1), cv the best in cross-validation.",
)  # fmt: skip
@click.option("--solve", is_flag=True, help="Go to the optimum, and prove it: see docs/how_to/solving.md.")
@click.option(
    "--tol", type=NumberOr(positive=True), metavar="NUMBER",
    help=f"With --solve: the gap to prove, relative to the objective.  [default: {SOLVE_TOL:g}]",
)  # fmt: skip
@click.option(
    "--optimizer",
    type=click.Choice(list(OPTIMIZERS)),
    metavar="NAME",
    help=f"One of {', '.join(OPTIMIZERS)}.  [default: chosen by size and kind, see docs/how_to/estimators.md]",
)
@click.option(
    "--lr", type=NumberOr(*LEARNING_RATES, positive=True), metavar="NUMBER|NAME",
    help=f"A constant, or {', '.join(LEARNING_RATES)}; without it: made of the data, linearly to 0.",
)  # fmt: skip
@click.option(
    "--epochs", type=click.IntRange(min=1), help=f"Passes.  [default: {EPOCHS}; small data: {MIN_STEPS:,} steps]"
)
@click.option("--batch-size", type=click.IntRange(min=1), default=64, show_default=True, help="Rows of a step.")
@reading_options("the last")
@labels_option
@click.option(
    "--val-fraction", type=FiniteRange(0, 1, max_open=True),
    help=f"Share of the rows that is held out to evaluate.  [default: {VAL_FRACTION}, or what DATA itself holds out]",
)  # fmt: skip
@click.option(
    "--early-stopping", is_flag=True, help="Keep the best weights on what is held out; stop when none better."
)
@click.option("--standardize/--no-standardize", default=True, show_default=True, help="Features in units of their own.")
@seed_option
@memory_option
@scheduler_option
@click.option("--threads", type=click.IntRange(min=1), help="Without it: the CPUs this process may use.")
@click.option("--checkpoint", type=FileName(), metavar="FILE", help="Write the run there as it goes.")
@click.option("--resume", is_flag=True, help="Go on with the run in --checkpoint, to the same bits; begin if none.")
@click.option("--report", type=FileName(), metavar="FILE.html", help="Write a page that shows the run.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of the summary.")
@click.option("-q", "--quiet", is_flag=True, help="Print nothing but errors.")
@click.pass_context
def train(context: click.Context, /, data: str, out: str, **options: Any) -> None:
    """Train a linear classifier or regression on DATA.

    DATA is .npy, .npz, CSV, JSON lines, svmlight, Parquet or Arrow, CIFAR-10's folder or archive; - is standard
    input. A folder of .npy, Parquet or svmlight files, a Zarr or HDF5 store are read chunk by chunk, and so is a file
    with --memory-limit. Labels are the last column of a table (--label), y of a .npz or a store, NAME_labels.npy beside
    NAME.npy (--labels). The defaults work whatever the features' units are.

    Exit code 0: done. 1: it failed, and nothing was written. 2: wrong usage. 130: interrupted.

    Example: gdfast train flowers.csv -o flowers.npz --report flowers.html
    """
    start = perf_counter()
    _check_solve(context)
    settings = _settings(options)
    reading = reading_of(given_in(options))
    _check_outputs(data, out, options)
    with explain_mistakes():
        if options["alpha"] == "cv":
            require_estimators()
        saved_run = saved_run_in(options["checkpoint"], options["resume"], _deciding(options))
        if options["threads"] is not None:
            set_num_threads(options["threads"])
    shows = sys.stderr is not None and sys.stderr.isatty() and not (options["quiet"] or options["as_json"])
    if shows and data != STDIN:
        say_line(f"Reading {data} ...", err=True)
    with cluster_of(options["scheduler"]) as client:
        found = _opened(data, reading, settings, options, client)
        if not options["quiet"]:
            _hint(found, settings)
        with explain_mistakes():
            held_out = _held_out(found, settings, options)
            choice = None
            if options["alpha"] == "cv":
                settings, choice = _with_chosen_alpha(found, settings, held_out, shows)
                if not (options["quiet"] or options["as_json"]):
                    choice.tell()
            trajectory = None if options["report"] is None else Trajectory(is_open=settings.solves)
            began = perf_counter()
            model, fitted = _trained(found, settings, held_out, saved_run, shows, trajectory)
            seconds = perf_counter() - began
            on_training, on_held_out = _evaluated(model, found, held_out, fitted)
    with explain_mistakes():
        summary = Summary.of(
            model, fitted, on_training, on_held_out, data=name_of(data), found=found, out=out,
            seconds=seconds, total_seconds=perf_counter() - start, choice=choice,
        )  # fmt: skip
        model = summary.with_facts(model, {**_deciding(options), **_how_read(options, found)})
        page = None
        if trajectory is not None:
            page = page_of(summary, model, fitted, found, trajectory, _given(options), _command_line(context))
        _write(out, model, options["report"], page)
    summary.tell(as_json=options["as_json"], quiet=options["quiet"], report=options["report"])


def _write(out: str, model: Model, report: str | None, page: bytes | None) -> None:
    """The model, and the page beside it: complete before the model is written, in its place after it."""
    with ExitStack() as stack:
        unfinished = None
        if report is not None and page is not None:
            with writing(report):
                unfinished = stack.enter_context(Unfinished(report))
                unfinished.fill(lambda file: file.write(page))
        with writing(out):
            save_model(out, model)
        if report is not None and unfinished is not None:
            with writing(report):
                unfinished.finish()


def _opened(data: str, reading: ReadingOptions, settings: Settings, options: dict[str, Any], client: Any) -> Dataset:
    """The rows to train on: in memory, or read chunk by chunk."""
    chunks = InChunks.asked_for(data, reading, options["memory_limit"], client)
    if chunks is not None:
        if options["alpha"] == "cv":
            raise click.UsageError("--alpha cv needs rows that fit into memory, as a whole: give --alpha a number.")
        with explain_mistakes():
            check_optimizer(settings, "--optimizer", on_cluster=client is not None)
    targets = not settings.loss.classifies
    return open_data(data, reading, labels=options["labels"], targets=targets, chunks=chunks)


def _evaluated(
    model: Model, found: Dataset, held_out: Array | None, fitted: Fit
) -> tuple[Evaluation, Evaluation | None]:
    """On the rows trained on, and on those held out."""
    y = found.labels()
    if isinstance(found.X, ChunkedData):
        return evaluate_chunks(model, found.X, y, held_out)
    on_held_out = None if held_out is None else evaluate_model(model, found.X, y, held_out)
    if held_out is None and found.y_test is not None:
        on_held_out = evaluate_model(model, found.X_test, found.y_test)
    return evaluate_model(model, found.X, y, fitted.split.chosen), on_held_out


def _check_solve(context: click.Context) -> None:
    """UsageError for an option that --solve leaves without a meaning, and for --tol without it."""
    options = context.params
    if not options["solve"]:
        if options["tol"] is not None:
            raise click.UsageError("--tol is what --solve is to prove: add --solve, or leave --tol out.")
        return
    for parameter in context.command.params:
        name = parameter.name or ""
        if name in NOT_WITH_SOLVE and context.get_parameter_source(name) is ParameterSource.COMMANDLINE:
            raise click.UsageError(
                f"--solve chooses its own method, and goes on to the optimum: leave {parameter.opts[0]} out."
            )


def _with_chosen_alpha(
    found: Dataset, settings: Settings, held_out: Array | None, shows: bool
) -> tuple[Settings, AlphaChoice]:
    """The settings with the alpha that is best in cross-validation."""
    if shows:
        say("Choosing alpha by cross-validation ...", err=True)
    try:
        choice = choose_alpha(found, settings, held_out)
    except KeyboardInterrupt:
        raise Interrupted("Interrupted: no model was written.") from None
    return replace(settings, alpha=choice.chosen), choice


def _hint(found: Dataset, settings: Settings) -> None:
    """What was guessed; and labels that are numbers and hardly ever repeat are probably targets."""
    for note in found.notes:
        say_line(f"Note: {note}", err=True)
    k, n = len(found.class_names or ()), found.X.shape[0]
    if settings.loss.classifies and k > max(10, n / 3) and (found.class_names or ("x",))[0].lstrip("-").isdecimal():
        say(f"Note: {k:,} classes in {n:,} rows; if they are targets: --loss squared_error", err=True)


def _trained(
    found: Dataset,
    settings: Settings,
    held_out: Array | None,
    saved_run: SavedRun | None,
    shows: bool,
    trajectory: Trajectory | None,
) -> tuple[Model, Fit]:
    rows = found.X.shape[0] - (0 if held_out is None else len(held_out))
    bar = EpochBar(rows, "held out" if settings.loss.classifies else "held out R2", show=shows and not settings.solves)
    observers = (bar,) if trajectory is None else (bar, trajectory)
    try:
        model, fitted = train_model(
            found, settings, held_out, observers=observers, saved_run=saved_run, progress=shows and settings.solves
        )
    except ValueError as error:
        if saved_run is not None and str(error).startswith("objective must be the one"):
            raise ValueError(f"--resume needs the data of the run in {saved_run.path}; these are others") from error
        raise
    except KeyboardInterrupt:
        bar.close()
        left = "no model was written"
        if saved_run is not None and Path(saved_run.path).exists():
            left += f"; the run is kept in {saved_run.path}: the same command with --resume goes on"
        raise Interrupted(f"Interrupted: {left}.") from None
    finally:
        bar.close()
    if saved_run is not None:
        remove_unless_finished(saved_run)
    if not fitted.run.finished:
        raise ValueError(
            "the loss grew at every step that was tried: leave --lr and --optimizer out, or a smaller --lr"
        )
    return model, fitted


def _settings(options: dict[str, Any]) -> Settings:
    loss = options["loss"]
    classifies = loss in CLASSIFIER_LOSSES
    optimizer = SOLVE if options["solve"] else optimizer_of(options["optimizer"])
    if options["early_stopping"] and isinstance(optimizer, FULL_BATCH):
        raise click.UsageError(
            f"--early-stopping needs an optimizer that goes epoch by epoch; {options['optimizer']} uses all rows at "
            "every step."
        )
    if isinstance(optimizer, DualCoordinateAscent) and loss != "hinge":
        raise click.UsageError(f"--optimizer dual_coordinate_ascent needs --loss hinge; it is {loss}.")
    if options["early_stopping"] and options["val_fraction"] == 0:
        raise click.UsageError("--early-stopping needs rows to evaluate on: --val-fraction must be > 0.")
    if sets_own_step(optimizer) and options["lr"] is not None:
        raise click.UsageError(f"--optimizer {options['optimizer']} takes no step: leave --lr out.")
    epochs = options["epochs"]
    return Settings(
        loss_of(loss, classifies=classifies),
        alpha="auto" if options["alpha"] == "cv" else options["alpha"],
        tol=options["tol"],
        optimizer=optimizer,
        learning_rate=options["lr"],
        batch_size=options["batch_size"],
        epochs=EPOCHS if epochs is None else epochs,
        min_steps=MIN_STEPS if epochs is None else 0,
        early_stopping=options["early_stopping"],
        validation_fraction=VAL_FRACTION if options["val_fraction"] is None else options["val_fraction"],
        standardize=options["standardize"],
        random_state=options["seed"],
    )


def _held_out(found: Dataset, settings: Settings, options: dict[str, Any]) -> Array | None:
    """The rows of X that are held out: none where DATA has a part for it, unless they are asked for."""
    given = options["val_fraction"]
    if given == 0 or (given is None and found.y_test is not None and not settings.early_stopping):
        return None
    classes = found.labels() if settings.loss.classifies else None
    held = held_out_rows(found.X.shape[0], settings.validation_fraction, settings.random_state, classes)
    if held.size:
        return held
    if settings.early_stopping or given is not None:
        each = " (of each class as large a share)" if settings.loss.classifies else ""
        raise ValueError(
            f"--val-fraction {settings.validation_fraction:g} holds out none of {found.X.shape[0]:,} rows{each}: give "
            "a larger one, or more rows"
        )
    return None


def _check_outputs(data: str, out: str, options: dict[str, Any]) -> None:
    """Before any work: every file can be written, and none is another."""
    files = {"--out": out, "--checkpoint": options["checkpoint"], "--report": options["report"]}
    taken = {os.path.realpath(path): name for path, name in ((data, "DATA"), (options["labels"], "--labels")) if path}
    for name, path in files.items():
        if path is None:
            continue
        place = os.path.realpath(path)
        if place in taken:
            raise click.UsageError(f"{name} must be another file than {taken[place]}; both are {path}.")
        taken[place] = name
        with explain_mistakes():
            check_file(Path(path))
    if options["report"] is not None:
        from ..pictures.page.document import plotly_script

        with explain_mistakes():
            plotly_script()


def _deciding(options: dict[str, Any]) -> dict[str, Any]:
    """The options that decide the weights, by the names that the user knows."""
    names = ("loss", "alpha", "optimizer", "lr", "epochs", "batch_size", "val_fraction", "early_stopping",
             "standardize", "seed", "tol")  # fmt: skip
    return {"--" + name.replace("_", "-"): options[name] for name in names} | {"--solve": options["solve"] or None}


def _how_read(options: dict[str, Any], found: Dataset) -> dict[str, Any]:
    """What the model stores of it, so that other rows are read alike: the labels' name beside what was given."""
    stored = {name: value for name, value in given_in(options).items() if name not in ("label", "trusted")}
    stored |= {name: value for name, value in found.reading.items() if name == "zero_based"}
    if isinstance(found.reading.get("label"), str):
        stored["label_name"] = found.reading["label"]
    return {"label": options["label"], "reading": stored or None}


def _given(options: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in _deciding(options).items() if value is not None}


def _command_line(context: click.Context) -> str:
    """The command that reproduces the run: what was given, in the options' order."""
    words = ["gdfast", "train", str(context.params["data"])]
    for parameter in context.command.params:
        name = parameter.name or ""
        if context.get_parameter_source(name) is not ParameterSource.COMMANDLINE or name in ("data", "resume"):
            continue
        value = context.params[name]
        if name in ("drop", "columns"):
            words += [
                parameter.opts[0],
                ",".join(f'"{c}"' if "," in str(c) else str(c) for c in given_in(context.params)[name]),
            ]
        elif isinstance(parameter, click.Option) and parameter.is_flag:
            words.append(parameter.opts[0] if value else (parameter.secondary_opts or [""])[0])
        else:
            words += [parameter.opts[0], str(value)]
    return shlex.join(words)
