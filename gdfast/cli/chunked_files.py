"""Rows that a command reads chunk by chunk: a folder, a store, or a file that is larger than memory."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import click

from ..datasets import Dataset
from ..datasets.chunks.files import is_in_parts
from ..datasets.options import ReadingOptions
from ..objective.chunked.layout import check_memory
from ..training.chunked_data import ChunkedData

DEFAULT_LIMIT = "1 GB"


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


class InChunks(NamedTuple):
    """How rows are read that stay where they lie: the bytes of them in memory, and who computes on them."""

    memory_limit: int | str
    client: Any = None

    @staticmethod
    def asked_for(data: str, reading: ReadingOptions, memory_limit: int | None, client: Any = None) -> InChunks | None:
        """For a folder (not CIFAR-10's) or a store, and for a file where an option says so; None: read as a whole."""
        if memory_limit is None and client is None and not (reading.trusted and is_in_parts(Path(data))):
            return None
        return InChunks(memory_limit or DEFAULT_LIMIT, client)

    def of(self, found: Dataset) -> Dataset:
        """The data set, its rows as training takes them."""
        return replace(found, X=ChunkedData.of(found.X, memory_limit=self.memory_limit, client=self.client))
