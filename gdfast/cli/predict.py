"""`gdfast predict`: a model's predictions for rows, as CSV, JSON lines or an array."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any, BinaryIO

import click

from ..describe import one_line
from ..files.atomic import write_whole
from ..model import Model, load_model
from ..objective.losses.cross_entropy import softmax
from ..protocols import Array
from ..training.chunked_data import ChunkedData
from ..training.evaluation import scores_in_blocks
from .chunked_files import InChunks, memory_option
from .data_files import STDIN, open_rows_for
from .failures import explain_mistakes, writing
from .option_types import FileName
from .outputs import check_file
from .predictions import FORMATS, Predicted, format_of
from .reading_options import given_in, reading_of, reading_options
from .tables import say_line


@click.command()
@click.argument("model_file", type=FileName(), metavar="MODEL")
@click.argument("data", type=FileName(), metavar="DATA")
@click.option(
    "-o", "--out", default="-", type=FileName(), metavar="FILE", help="Where they go; without it: standard output."
)
@click.option("--format", "kind", type=click.Choice(list(FORMATS)), help="Without it: by the name of --out, else csv.")
@click.option("--probabilities", is_flag=True, help="Of each class as well: of models trained with cross_entropy.")
@click.option("--scores", "with_scores", is_flag=True, help="The score of each class as well.")
@reading_options("as in training")
@memory_option
@click.option("-q", "--quiet", is_flag=True, help="Print nothing but errors.")
def predict(
    model_file: str,
    data: str,
    out: str,
    kind: str | None,
    probabilities: bool,
    with_scores: bool,
    memory_limit: int | None,
    quiet: bool,
    **options: Any,
) -> None:
    """Predict each row's class with MODEL.

    Of a regression: its number.

    DATA is what gdfast train reads, with or without labels, which are ignored; - is standard input: CSV, JSON
    lines or svmlight. The output is CSV, JSON lines (jsonl) or an array (npy; with --probabilities or --scores those
    alone).

    Example: gdfast predict flowers.npz new-flowers.csv -o kinds.csv
    """
    if probabilities and with_scores:
        raise click.UsageError("--probabilities and --scores exclude each other.")
    kind = kind or format_of(out)
    if out == STDIN and sys.stdout is None:
        raise click.ClickException("the output cannot be written: standard output is closed")
    if out == STDIN and kind == "npy" and sys.stdout.isatty():
        raise click.UsageError("An array is no text for a terminal: give --out FILE.npy, or a pipe.")
    with explain_mistakes():
        model = load_model(model_file)
        more = "probabilities" if probabilities else "scores" if with_scores else ""
        _check_can(model, more)
        if out != STDIN:
            _check_is_other(out, data, model_file)
            check_file(Path(out))
    reading = reading_of(given_in(options), model, model_file, judged=False)
    found = open_rows_for(model, data, reading, chunks=InChunks.asked_for(data, reading, memory_limit))
    n = found.X.shape[0]
    with explain_mistakes():
        predicted = _predictions(model, found.X, more)
        if not isinstance(found.X, ChunkedData):  # no file is begun before all rows are predicted
            predicted = list(predicted)

    names = _names(model)
    if out == STDIN and kind == "csv" and sys.stdout.isatty():
        names = tuple(map(one_line, names))

    def write(file: BinaryIO) -> None:
        FORMATS[kind](file, predicted, names, more, n)

    if out == STDIN:
        with writing("the output"):
            write(sys.stdout.buffer)
            sys.stdout.buffer.flush()
        return
    with writing(out):
        write_whole(out, write)
    if not quiet:
        say_line(f"Wrote {n:,} predictions to {out}.", err=True)


def _predictions(model: Model, X: Any, more: str) -> Iterable[Predicted]:
    """Block after block. Mistakes of reading are explained here: those of writing are another's."""
    with explain_mistakes():
        for scores in scores_in_blocks(model, X):
            yield _predicted(model, scores, more)


def _check_can(model: Model, more: str) -> None:
    if more and not model.loss.classifies:
        raise ValueError(f"--{more} needs a classifier; the model is a regression")
    if more == "probabilities" and not model.loss.gives_probabilities:
        raise ValueError(
            f"--probabilities needs a model trained with --loss cross_entropy; the loss is {model.loss}: "
            "--scores gives its scores"
        )


def _check_is_other(out: str, data: str, model: str) -> None:
    for path, name in ((data, "DATA"), (model, "MODEL")):
        if os.path.realpath(path) == os.path.realpath(out):
            raise click.UsageError(f"--out must be another file than {name}; both are {out}.")


def _names(model: Model) -> tuple[str, ...]:
    return model.class_names or tuple(map(str, range(len(model.W))))


def _predicted(model: Model, scores: Array, more: str) -> Predicted:
    if not model.loss.classifies:
        return Predicted(None, scores)
    more_of = softmax(scores) if more == "probabilities" else scores if more else None
    return Predicted(scores.argmax(axis=1), more_of)
