"""The image data of a command (digits or CIFAR-10), and its options."""

from __future__ import annotations

from pathlib import Path

import click

from ..datasets import Images, load_cifar10, load_digits
from .option_types import FileName

data_option = click.option("--data", type=FileName(Path), help="Folder of CIFAR-10's .bin files; without it: digits.")
seed_option = click.option(
    "--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Seed of all random numbers."
)


def open_images(data: Path | None) -> Images:
    """CIFAR-10 from a folder, or the digits that come with scikit-learn."""
    return load_digits() if data is None else load_cifar10(data)
