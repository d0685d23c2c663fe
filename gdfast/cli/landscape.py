"""`gdfast landscape`: the loss of a linear classifier along a line, on a plane, ... as a plot and as data."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Any

import click
import numpy as np

from ..datasets import Images
from ..descent.minimize import minimize
from ..descent.optimizers import Momentum
from ..descent.result import Status, uninterrupted
from ..describe import counted
from ..objective.linear.objective import LinearObjective
from ..objective.losses import CrossEntropy, Hinge
from ..objective.mini_batches import MiniBatches
from ..pictures import canvas, plots
from ..pictures import landscape as data_of
from ..pictures.images import data_name, most_varied_pixel, objectives, unit_direction
from ..protocols import Array, FloatArray
from .failures import MISTAKES
from .images import data_option, open_images, seed_option
from .option_types import FileName
from .outputs import check_folder, write_files
from .tables import say, say_line

LOSSES = {"hinge": Hinge, "softmax": CrossEntropy}
POINTS = {"line": 401, "plane": 101, "weight": 401, "step-sizes": 81}
RANGES = {"line": (-5.0, 5.0), "plane": (-5.0, 5.0), "weight": (-10.0, 10.0), "step-sizes": (1e-5, 1e3)}


@dataclass(frozen=True)
class View:
    """Which landscape is drawn, where and how far."""

    kind: str
    reach: tuple[float, float]
    points: int
    place: tuple[int, int] | None


@click.command()
@click.option("--kind", type=click.Choice(list(POINTS)), default="plane", show_default=True, help="What is drawn.")
@data_option
@click.option("--images", "count", type=click.IntRange(min=1), help="Only the first so many images; without it: all.")
@click.option("--loss", type=click.Choice(list(LOSSES)), default="hinge", show_default=True, help="The data's loss.")
@click.option(
    "--weights", type=click.Choice(["zeros", "random", "trained"]), default="random", show_default=True,
    help="The point around which it is drawn.",
)  # fmt: skip
@click.option("--epochs", type=click.IntRange(min=1), default=5, show_default=True, help="Of training, if trained.")
@click.option(
    "--points", type=click.IntRange(2, 100_000), help="Along each axis; without it: 81 to 401, as the kind needs."
)
@click.option(
    "--range", "reach", type=float, nargs=2, metavar="LOW HIGH",
    help="Of the steps (1 moves the scores by about 1), of the weight, or of the step sizes.",
)  # fmt: skip
@click.option(
    "--weight",
    "place",
    type=int,
    nargs=2,
    metavar="CLASS PIXEL",
    help="Which weight; without it: that of the pixel that varies most.",
)
@seed_option
@click.option(
    "--out",
    type=FileName(Path),
    default="gdfast-landscape",
    show_default=True,
    help="Folder for the files.",
)
def landscape(
    kind: str,
    data: Path | None,
    count: int | None,
    loss: str,
    weights: str,
    epochs: int,
    points: int | None,
    reach: tuple[float, float] | None,
    place: tuple[int, int] | None,
    seed: int,
    out: Path,
) -> None:
    """Draw the loss of a linear classifier: a line, a plane, one weight or the effect of the learning rate.

    Directions are random. Step sizes are those of one step along the gradient. The picture (.png), the data
    behind it (.npz, which gdfast.landscape.load reads) and its table (.csv) are written to --out. The images are
    scikit-learn's 8x8 digits, or CIFAR-10 with --data.

    Example: gdfast landscape --kind plane --images 1 --loss hinge --seed 3
    """
    start = perf_counter()
    low, high = RANGES[kind] if reach is None else reach
    if not (np.isfinite([low, high]).all() and low < high):
        raise click.BadParameter(
            f"LOW must be below HIGH, both finite; they are {low:g} and {high:g}", param_hint="--range"
        )
    if kind == "step-sizes" and low <= 0:
        raise click.BadParameter(f"LOW must be > 0 for step sizes; it is {low:g}", param_hint="--range")
    if place is not None and kind != "weight":
        raise click.BadParameter(f"it goes with --kind weight alone, not with --kind {kind}", param_hint="--weight")
    try:
        canvas.figure()  # before any work: is matplotlib there?
        check_folder(out)
        images = open_images(data)
        view = View(kind, (low, high), POINTS[kind] if points is None else points, _checked_place(place, images))
        objective, rng = _objective(images, loss, count), np.random.default_rng(seed)
        w = _weights(objective, weights, epochs, rng)
        data_shown = landscape_data(objective, w, view, images, rng)
        title = f"{data_name(images)}, {loss} loss, n = {objective.n_samples:,}, {weights} weights"
        written = write_files(out, _files(data_shown, kind, title))
    except MISTAKES as error:
        raise click.ClickException(str(error)) from error
    say(f"The {loss} loss of {counted(objective.n_samples, 'image')} at {weights} weights is {objective.value(w):.6g}.")
    say_line(f"Wrote {', '.join(map(str, written))} in {perf_counter() - start:.1f} s.")


def landscape_data(objective: LinearObjective, w: Array, view: View, images: Images, rng: np.random.Generator) -> Any:
    """The data of a picture."""
    grid: FloatArray = np.linspace(*view.reach, view.points)
    if view.kind == "line":
        return data_of.line(objective, w, unit_direction(objective, rng), grid)
    if view.kind == "plane":
        return data_of.plane(objective, w, unit_direction(objective, rng), unit_direction(objective, rng), grid, grid)
    if view.kind == "weight":
        return data_of.weight(objective, w, view.place or (0, most_varied_pixel(images)), grid)
    return data_of.step_sizes(objective, w, np.geomspace(*view.reach, view.points))


def _objective(images: Images, loss: str, count: int | None) -> LinearObjective:
    whole = objectives(images, LOSSES[loss]())[0]
    if count is None:
        return whole
    if count > whole.n_samples:
        raise ValueError(f"--images must be at most {whole.n_samples:,}; it is {count:,}")
    return whole.rows(np.arange(count))


def _weights(objective: LinearObjective, kind: str, epochs: int, rng: np.random.Generator) -> Array:
    """Zeros, random ones at which the scores differ by about a margin, or those of a short training."""
    zeros = np.zeros(objective.shape)
    if kind == "zeros":
        return zeros
    if kind == "random":
        return unit_direction(objective, rng)
    batches = MiniBatches(min(64, objective.n_samples), seed=int(rng.integers(2**31)))
    run = minimize(objective, zeros, Momentum(), 0.01, batches=batches, epochs=epochs)
    if uninterrupted(run).status is Status.DIVERGED:
        raise ValueError(f"training did not finish, nothing was written. {run}")
    return run.w


def _checked_place(place: tuple[int, int] | None, images: Images) -> tuple[int, int] | None:
    for number, size, name in zip(
        place or (), (len(images.class_names), images.X.shape[1]), ("CLASS", "PIXEL"), strict=False
    ):
        if not 0 <= number < size:
            raise ValueError(f"--weight's {name} must be in [0, {size}); it is {number}")
    return place


def _files(shown: Any, kind: str, title: str) -> dict[str, bytes]:
    """The picture, the data and the table, ready to be written."""
    picture = canvas.figure(7.0, 5.0)
    ax = getattr(plots, kind.replace("-", "_"))(shown, picture.subplots())
    ax.set_title(title)
    files = {f"{kind}.png": canvas.image(picture)}
    with TemporaryDirectory() as folder:
        for name in (f"{kind}.npz", f"{kind}.csv"):
            shown.save(Path(folder) / name)
            files[name] = (Path(folder) / name).read_bytes()
    return files
