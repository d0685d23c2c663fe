"""Draws the gallery's pictures with the code that stands above each of them: `python docs/draw/gallery.py`."""

from __future__ import annotations

import re
from pathlib import Path

import matplotlib

PAGE = Path(__file__).parents[1] / "reference" / "gallery.md"
EXAMPLE = re.compile(r"^```python\n(.*?)^```\n(?:\n!\[[^\]]*\]\(([^)]+)\))?", re.DOTALL | re.MULTILINE)


def main() -> None:
    """Run the page's examples in order; the figure that each leaves is the picture below it."""
    matplotlib.use("Agg")
    from matplotlib import pyplot as plt

    names: dict[str, object] = {}
    for code, file in EXAMPLE.findall(PAGE.read_text(encoding="utf-8")):
        plt.close("all")
        exec(compile(code, PAGE.name, "exec"), names)
        if file:
            plt.gcf().savefig(PAGE.parent / file, dpi=150, metadata={"Software": None})
            print(f"{file}: {(PAGE.parent / file).stat().st_size / 1000:.0f} kB")


if __name__ == "__main__":
    main()
