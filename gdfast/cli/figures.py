"""`gdfast figures OUT`: six figures of loss landscapes and gradient descent as files."""

from __future__ import annotations

from pathlib import Path
from time import perf_counter

import click

from ..pictures import canvas
from ..pictures.figures import FIGURES
from .failures import MISTAKES
from .images import data_option, open_images, seed_option
from .option_types import FileName
from .outputs import check_folder, write_files
from .tables import say_line


@click.command()
@click.argument("out", type=FileName(Path))
@data_option
@click.option(
    "--format", "kind", type=click.Choice(["png", "svg", "pdf"]), default="png", show_default=True, help="Of the files."
)
@click.option("--dark", is_flag=True, help="White on black.")
@seed_option
def figures(out: Path, data: Path | None, kind: str, dark: bool, seed: int) -> None:
    """Draw six figures of loss landscapes and gradient descent into the folder OUT.

    The loss of one image and of 100 on rays and planes, the hinge terms of one weight, descent along the derivative,
    kinds of critical points, end points of runs, and the effect of the learning rate. The images are
    scikit-learn's 8x8 digits, or CIFAR-10 with --data.

    Example: gdfast figures pictures --data cifar-10-batches-bin --format pdf
    """
    start = perf_counter()
    try:
        canvas.figure()  # before any work: is matplotlib there?
        check_folder(out)
        images = open_images(data)
        with canvas.background(dark=dark):
            files = {f"{name}.{kind}": canvas.image(draw(images, seed), kind) for name, draw in FIGURES.items()}
        written = write_files(out, files)
    except MISTAKES as error:
        raise click.ClickException(str(error)) from error
    for path in written:
        say_line(f"Wrote {path}")
    say_line(f"in {perf_counter() - start:.1f} s, from {images.description}.")
