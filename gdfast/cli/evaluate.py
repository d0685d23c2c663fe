"""`gdfast evaluate`: accuracy, loss, recall and precision of a model on rows with labels."""

from __future__ import annotations

from typing import Any

import click
import numpy as np

from ..datasets import Dataset
from ..describe import one_line
from ..model import load_model
from ..protocols import Array
from ..training.chunked_data import ChunkedData
from ..training.chunked_evaluation import evaluate_chunks
from ..training.evaluation import Evaluation, evaluate_model
from .chunked_files import InChunks, memory_option
from .data_files import labels_option, name_of, open_rows_for
from .failures import explain_mistakes
from .option_types import FileName
from .reading_options import given_in, reading_of, reading_options
from .tables import print_facts, print_json, say
from .training_summary import scores

MOST_CLASSES = 20
NAME_WIDTH = 24
FORMAT = {"accuracy": ".4f", "R2": ".4f"}


@click.command()
@click.argument("model_file", type=FileName(), metavar="MODEL")
@click.argument("data", type=FileName(), metavar="DATA")
@reading_options("as in training")
@labels_option
@memory_option
@click.option("--json", "as_json", is_flag=True, help="Print JSON, with the whole confusion matrix.")
def evaluate(
    model_file: str, data: str, labels: str | None, memory_limit: int | None, as_json: bool, **options: Any
) -> None:
    """Evaluate MODEL on rows with labels.

    Accuracy, loss, recall and precision of each class; of a regression R2 and errors. Of data that hold a part out
    (a .npz with X_test, CIFAR-10) it is that part. Where the labels stand is known from the training. DATA may be -,
    standard input.

    Example: gdfast evaluate flowers.npz more-flowers.csv
    """
    with explain_mistakes():
        model = load_model(model_file)
    reading = reading_of(given_in(options), model, model_file)
    found = open_rows_for(model, data, reading, labels=labels, chunks=InChunks.asked_for(data, reading, memory_limit))
    with explain_mistakes():
        X, y, which = _judged(found)
        if model.loss.classifies and y.max() >= len(model.W):
            raise ValueError(f"{name_of(data)} must hold the model's {len(model.W):,} classes; it holds more")
        outcome = evaluate_chunks(model, X, y)[0] if isinstance(X, ChunkedData) else evaluate_model(model, X, y)
    names = model.class_names or tuple(map(str, range(len(model.W))))
    if as_json:
        print_json(_as_data(model_file, name_of(data), which, outcome, names))
        return
    facts = {"model": model_file, "data": name_of(data), "rows": f"{outcome.rows:,}{which}"}
    print_facts(
        facts
        | {name.replace("_", " "): f"{value:{FORMAT.get(name, '.5g')}}" for name, value in scores(outcome).items()}
    )
    if outcome.confusion is not None:
        say()
        _print_classes(names, outcome.confusion)


def _judged(found: Dataset) -> tuple[Any, Array, str]:
    if found.y_test is not None:
        return found.X_test, found.y_test, ", the part that is held out"
    return found.X, found.labels(), ""


def _print_classes(names: tuple[str, ...], confusion: Array) -> None:
    """A line for each class that occurs; of many classes those of the lowest recall."""
    counts, taken = confusion.sum(axis=1), confusion.sum(axis=0)
    recall = np.diag(confusion) / np.maximum(counts, 1)
    shown = np.flatnonzero(counts)
    if len(shown) > MOST_CLASSES:
        worst = shown[np.argsort(recall[shown], kind="stable")][:MOST_CLASSES]
        worst = worst[recall[worst] < 1]
        if not worst.size:
            say(f"The recall of each of the {len(shown):,} classes is 100 %.")
            return
        say(f"The {len(worst)} of {len(shown):,} classes of the lowest recall:")
        shown = worst
    names = tuple(map(_cut, names))
    width = min(NAME_WIDTH, max(5, *(len(names[i]) for i in shown)))
    say(f"{'class':<{width}} {'rows':>9} {'recall':>7} {'precision':>9}  most often predicted as")
    for i in shown:
        precision = f"{100 * confusion[i, i] / taken[i]:5.1f} %" if taken[i] else "-"
        others = confusion[i].copy()
        others[i] = 0
        wrong = int(others.argmax())
        mistaken = f"{names[wrong]} ({others[wrong]:,})" if others[wrong] else "-"
        say(f"{names[i]:<{width}} {counts[i]:>9,} {100 * recall[i]:5.1f} % {precision:>9}  {mistaken}")
    say("recall: of the rows of the class; precision: of the rows predicted as it.")


def _cut(name: str) -> str:
    name = one_line(name)
    return name if len(name) <= NAME_WIDTH else name[: NAME_WIDTH - 3] + "..."


def _as_data(model: str, data: str, which: str, outcome: Evaluation, names: tuple[str, ...]) -> dict[str, Any]:
    facts: dict[str, Any] = {"model": model, "data": data, "rows": outcome.rows, "held_out": bool(which)}
    facts |= scores(outcome)
    if outcome.confusion is not None:
        facts |= {"classes": names, "confusion": outcome.confusion.tolist()}
    return facts
