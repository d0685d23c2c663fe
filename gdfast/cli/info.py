"""`gdfast info`: what runs here."""

from __future__ import annotations

import click

from .._config import show_config


@click.command()
def info() -> None:
    """Print versions, compiler, instruction set and threads."""
    show_config()
