"""`gdfast play`: a page for the browser on which gradient descent is tried out; no data, no network."""

from __future__ import annotations

import webbrowser
from pathlib import Path

import click

from ..pictures.play import render
from .failures import MISTAKES
from .option_types import FileName
from .outputs import check_file, write_files
from .tables import say, say_line


@click.command()
@click.option("--out", type=FileName(Path), default="gdfast-play.html", show_default=True, help="The page's file.")
@click.option("--open", "opens", is_flag=True, help="Open it in the browser.")
def play(out: Path, opens: bool) -> None:
    """Write a page to play with: descent on functions, three classes of points, numerical gradients, a kink.

    One HTML file that computes everything itself, for any browser; it fetches nothing.

    Example: gdfast play --out play.html --open
    """
    try:
        check_file(out)
        (path,) = write_files(out.parent, {out.name: render().encode()})
    except MISTAKES as error:
        raise click.ClickException(str(error)) from error
    say_line(f"Wrote {path}")
    if opens:
        webbrowser.open(path.absolute().as_uri())
    else:
        say("Open it in a browser: it needs no network.")
