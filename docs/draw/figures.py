"""Draws docs/images/figure_1.png to figure_6.png, of the digits: `python docs/draw/figures.py`."""

from __future__ import annotations

from pathlib import Path

import gdfast as gd
from gdfast.pictures import canvas
from gdfast.pictures.figures import FIGURES

FOLDER = Path(__file__).parents[1] / "images"


def main() -> None:
    """The six figures; each file keeps its number alone."""
    digits = gd.datasets.load_digits()
    for number, draw in enumerate(FIGURES.values(), 1):
        file = FOLDER / f"figure_{number}.png"
        file.write_bytes(canvas.image(draw(digits, 0)))
        print(f"{file.name}: {file.stat().st_size / 1000:.0f} kB")


if __name__ == "__main__":
    main()
