"""Rows that a command reads chunk by chunk: a folder, a store, or a file that is larger than memory."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path
from typing import Any

import click

from ..datasets import Dataset
from ..datasets.chunks.hdf5_arrays import BETWEEN, is_hdf5
from ..datasets.labels import encode_labels
from ..datasets.options import ReadingOptions
from ..describe import counted
from ..model import Model
from ..objective.chunked.layout import check_memory
from ..training.chunked_data import ChunkedData, in_memory
from .failures import explain_mistakes

DEFAULT_LIMIT = "1 GB"
PARQUET = (".parquet", ".pq")


class MemoryLimit(click.ParamType):  # type: ignore[type-arg]
    """Bytes, as 2000000000 or "2 GB"."""

    name = "size"

    def convert(self, value: Any, parameter: click.Parameter | None, context: click.Context | None) -> Any:
        """The bytes."""
        try:
            return check_memory(int(value) if str(value).isdecimal() else value)
        except (TypeError, ValueError):
            self.fail(f'{value!r} is no size: give bytes, or such as "2 GB" or "512 MiB".', parameter, context)


memory_option = click.option(
    "--memory-limit", type=MemoryLimit(), metavar="SIZE",
    help=f'Read DATA chunk by chunk, with so much of it in memory: "2 GB".  [default of folders and stores: '
    f"{DEFAULT_LIMIT}]",
)  # fmt: skip


def is_read_in_chunks(data: str, memory_limit: int | None, scheduler: str | None = None) -> bool:
    """Whether DATA is a folder (not CIFAR-10's), a store, or a file that is to be read chunk by chunk."""
    if memory_limit is not None or scheduler is not None:
        return True
    path = Path(data)
    if path.is_dir():
        return not any(file.name.startswith("data_batch_") for file in path.iterdir())
    return BETWEEN in data or is_hdf5(path)


def open_chunks(
    data: str,
    reading: ReadingOptions,
    *,
    labels: str | None = None,
    targets: bool = False,
    memory_limit: int | None = None,
    client: Any = None,
    model: Model | None = None,
) -> Dataset:
    """The rows, which stay where they lie, with their labels in memory; for a model, its classes and features."""
    with explain_mistakes():
        try:
            return _opened(data, reading, labels, targets, memory_limit or DEFAULT_LIMIT, client, model)
        except (TypeError, ValueError) as error:
            text = str(error)
            for name in ("label", "memory_limit"):
                if text.startswith(f"{name} must"):
                    text = f"--{name.replace('_', '-')}{text[len(name) :]}"
            raise ValueError(text) from error


def _opened(
    data: str,
    reading: ReadingOptions,
    labels: str | None,
    targets: bool,
    memory_limit: int | str,
    client: Any,
    model: Model | None,
) -> Dataset:
    if data == "-":
        raise ValueError("standard input is read as a whole: --memory-limit and --scheduler need a file or a folder")
    _check_options(reading, data)
    chunks = _source(data, reading, labels, memory_limit, client, model)
    source, n = chunks.source, chunks.shape[0]
    part: Any = source.parts[0]
    names = getattr(part, "features", None)
    names = names if names is not None and len(names) == chunks.shape[1] else None
    if model is not None:
        _check_fits(model, chunks, names, data)
    y, class_names = None, None
    if reading.judged and (labels is not None or reading.label is not None):
        wanted = None
        if model is not None and model.loss.classifies:
            wanted = model.class_names or tuple(map(str, range(len(model.W))))
        values = in_memory(Path(labels), "--labels") if labels is not None else source.labels_as_found()
        if values is not None:
            where = f"{data}'s labels" if labels is None else labels
            y, class_names = encode_labels(values, n, where, targets=targets, class_names=wanted)
    what = f"{len(class_names):,} classes" if class_names else "no labels" if y is None else "real targets"
    return Dataset(
        chunks,
        y,
        class_names=class_names,
        description=f"{data}: {counted(n, 'row')} of {counted(chunks.shape[1], 'feature')} ({chunks.dtype}), {what}, "
        f"in {counted(len(source.parts), 'part')}",
        feature_names=names,
        reading={} if getattr(part, "label", None) is None else {"label": part.label},
    )


def _check_options(reading: ReadingOptions, data: str) -> None:
    """ValueError for an option of tables, which are read as a whole."""
    for field in fields(ReadingOptions):
        if field.name in ("label", "label_name", "only", "judged", "of_model"):
            continue
        if getattr(reading, field.name) != field.default:
            raise ValueError(
                f"--{field.name.replace('_', '-')} must be left out: {data} is read chunk by chunk, as it is"
            )


def _source(
    data: str, reading: ReadingOptions, labels: str | None, memory_limit: int | str, client: Any, model: Model | None
) -> ChunkedData:
    """The rows; of tables without the column of labels."""

    def read_with(label: str | int | None) -> ChunkedData:
        return ChunkedData.of(data, memory_limit=memory_limit, label=label, client=client)

    label = None if reading.label == -1 or reading.label is None else reading.label
    if not _is_parquet(Path(data)):
        return read_with(label)
    label = reading.label if reading.label_name is None else reading.label_name
    if labels is not None and reading.label == -1:
        label = None
    if model is None:
        return read_with(label)
    try:  # what is predicted may lack the labels
        found = read_with(label)
        if found.shape[1] == model.n_features:
            return found
    except ValueError:
        if reading.judged:
            raise
    return read_with(None)


def _is_parquet(path: Path) -> bool:
    if path.is_dir():
        return any(file.suffix.lower() in PARQUET for file in path.iterdir())
    return path.suffix.lower() in PARQUET


def _check_fits(model: Model, chunks: ChunkedData, names: tuple[str, ...] | None, data: str) -> None:
    d = chunks.shape[1]
    if d != model.n_features:
        raise ValueError(f"{data} must hold the model's {model.n_features:,} features; it holds {d:,}")
    if names is not None and model.feature_names is not None and tuple(names) != model.feature_names:
        wrong = next(i for i, pair in enumerate(zip(names, model.feature_names, strict=True)) if len(set(pair)) > 1)
        raise ValueError(
            f"{data} must hold the model's columns in their order; column {wrong} is {names[wrong]!r:.40}, the model's "
            f"{model.feature_names[wrong]!r:.40}"
        )
