"""Draws the gallery's pictures with the code that stands above each of them: `python docs/draw/gallery.py`."""

from __future__ import annotations

import io
import re
from pathlib import Path

import matplotlib

PAGE = Path(__file__).parents[1] / "reference" / "gallery.md"
EXAMPLE = re.compile(r"^```python\n(.*?)^```\n(?:\n!\[[^\]]*\]\(([^)]+)\))?", re.DOTALL | re.MULTILINE)


def main() -> None:
    """Run the page's examples in order; the figure that each leaves is the picture below it."""
    matplotlib.use("Agg")
    from matplotlib import pyplot as plt
    from PIL import Image

    names: dict[str, object] = {}
    for code, file in EXAMPLE.findall(PAGE.read_text(encoding="utf-8")):
        plt.close("all")
        exec(compile(code, PAGE.name, "exec"), names)
        if file:
            buffer = io.BytesIO()
            plt.gcf().savefig(buffer, format="png", dpi=100, metadata={"Software": None})
            image = Image.open(buffer).convert("RGB")  # a palette makes small files
            image.quantize(256, Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE).save(
                PAGE.parent / file, optimize=True
            )
            print(f"{file}: {(PAGE.parent / file).stat().st_size / 1000:.0f} kB")


if __name__ == "__main__":
    main()
