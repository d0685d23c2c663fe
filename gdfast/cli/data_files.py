"""The rows that a command reads: a file or standard input."""

from __future__ import annotations

import re
import sys
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from ..datasets import Dataset
from ..datasets.options import ReadingOptions
from ..datasets.reading import load_with
from ..model import Model
from ..training.chunked_data import ChunkedData
from .chunked_files import InChunks
from .failures import explain_mistakes
from .option_types import FileName
from .tables import say, say_line

STDIN = "-"
STDIN_NAME = "standard input"
_ARGUMENT = re.compile(r"(label|drop|columns|header|delimiter|decimal|encoding|zero_based) must")

labels_option = click.option(
    "--labels", type=FileName(), metavar="FILE", help="A .npy file of labels, apart from DATA."
)


def open_data(
    data: str,
    reading: ReadingOptions,
    *,
    labels: str | None = None,
    targets: bool = False,
    chunks: InChunks | None = None,
) -> Dataset:
    """Rows to train on."""
    return _load(data, reading, chunks, y=labels, targets=targets)


def open_rows_for(
    model: Model, data: str, reading: ReadingOptions, *, labels: str | None = None, chunks: InChunks | None = None
) -> Dataset:
    """Rows for a model, its columns in its order; labels that are evaluated are its classes."""
    classes = None
    if reading.judged and model.loss.classifies:
        classes = model.class_names or tuple(map(str, range(len(model.W))))
    found = _load(
        data,
        reading,
        chunks,
        y=labels,
        targets=not model.loss.classifies,
        n_features=model.n_features,
        class_names=classes,
    )
    for note in found.notes:
        say_line(f"Note: {note}", err=True)
    return _in_the_order_of(model, found, name_of(data))


def name_of(data: str) -> str:
    """What DATA is called in sentences."""
    return STDIN_NAME if data == STDIN else data


def _load(
    data: str, reading: ReadingOptions, chunks: InChunks | None, *, n_features: int | None = None, **options: Any
) -> Dataset:
    with explain_mistakes():
        if chunks is not None:
            if data == STDIN:
                raise ValueError(
                    f"{STDIN_NAME} is read as a whole: --memory-limit and --scheduler need a file or a folder"
                )
            return chunks.of(_reworded(data, data, reading, n_features, options | {"mmap": True, "in_parts": True}))
        if data != STDIN:
            return _reworded(data, data, reading, n_features, options)
        if sys.stdin is None:
            raise ValueError("standard input is closed")
        if sys.stdin.isatty():
            say("Reading rows from the keyboard; Ctrl-D ends them.", err=True)
        with tempfile.TemporaryDirectory(prefix="gdfast-") as folder:
            spooled = Path(folder) / "stdin"
            with spooled.open("wb") as file:
                while part := sys.stdin.buffer.read(1 << 20):
                    file.write(part)
            return _reworded(str(spooled), STDIN_NAME, reading, n_features, options | {"mmap": False})


def _reworded(
    path: str, name: str, reading: ReadingOptions, n_features: int | None, options: dict[str, Any]
) -> Dataset:
    """The dataset, or the error in words that suit a command: options instead of arguments."""
    try:
        found = load_with(path, reading, n_features=n_features, **options)
    except (ValueError, FileNotFoundError) as error:
        text = str(error).replace(path, name).replace("(targets=True reads", "(--loss squared_error reads")
        if argument := _ARGUMENT.match(text):
            text = f"--{argument[1].replace('_', '-')}{text[argument.end(1) :]}"
        if text.startswith("y must"):
            text = f"--labels{text[1:]}"
        if n_features is not None:
            text = text.replace(f"must hold {n_features:,} features", f"must hold the model's {n_features:,} features")
        raise ValueError(text) from error
    return replace(found, description=found.description.replace(path, name))


def _in_the_order_of(model: Model, found: Dataset, name: str) -> Dataset:
    """Columns by their names, where both sides name them."""
    wanted, given = model.feature_names, found.feature_names
    if wanted is None or given is None or wanted == given:
        return found
    missing = [column for column in wanted if column not in given]
    if missing or len(set(given)) != len(given):
        shown = ", ".join(given[:8]) + (", ..." if len(given) > 8 else "")
        which = missing[0] if missing else next(c for c in given if given.count(c) > 1)
        raise click.ClickException(
            f"{name} must hold the model's columns, each once; {which!r:.40} is not so among its own ({shown})"
        )
    order = [given.index(column) for column in wanted]
    if isinstance(found.X, ChunkedData):
        raise click.ClickException(f"{name} must hold the model's columns in its order: {', '.join(wanted[:8])}")
    return replace(found, X=found.X[:, order], feature_names=wanted)
