"""Draws docs/images/scaling.png by the model of scaling.md and writes its tables: `python docs/draw/scaling.py`."""

from __future__ import annotations

import re
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np

DOCS = Path(__file__).parents[1]
FILE = DOCS / "images" / "scaling.png"
BLACK, ORANGE, SKY, GREEN = "#000000", "#E69F00", "#56B4E9", "#009E73"
PINK, BLUE, RED = "#CC79A7", "#0072B2", "#D55E00"
SIZES = {"3 GB": 3e9, "30 GB": 30e9, "300 GB": 300e9, "1 TB": 1e12, "10 TB": 1e13}
WORKERS = (10, 100, 1000)
FIRST, LAST = "<!-- by draw/scaling.py, from here -->", "<!-- to here -->"


def model() -> dict[str, Any]:
    """What the page's first example defines."""
    page = (DOCS / "explanation" / "scaling.md").read_text(encoding="utf-8")
    example = re.search(r"^```python\n(.*?)^```", page, re.DOTALL | re.MULTILINE)
    assert example is not None
    names: dict[str, Any] = {"__name__": __name__}
    exec(compile(example[1], "scaling.md", "exec"), names)
    names["transfers"] = cache(names["transfers"])
    return names


def total(names: dict[str, Any], machine: Any, n_bytes: float, n_weights: int, workers: int) -> float:
    """Seconds of a pass on a cluster."""
    return float(sum(names["on_cluster"](machine, n_bytes, n_weights, workers).values()))


def tables(names: dict[str, Any]) -> str:
    """Markdown: seconds a pass, what one goes into, and bytes moved."""
    lines = []
    for title, machine, n_weights in kinds(names):
        lines += ["", f"Seconds a pass, {title}:", "", *header("X", "one machine")]
        for size, n_bytes in SIZES.items():
            times = [names["alone"](machine, n_bytes)]
            times += [total(names, machine, n_bytes, n_weights, m) for m in WORKERS]
            lines.append(f"| {size} | " + " | ".join(map(seconds, times)) + " |")
    title, machine, n_weights = kinds(names)[0]
    lines += ["", f"A pass over 1 TB, {title}:", "", *header("")]
    columns = [names["on_cluster"](machine, 1e12, n_weights, m) for m in WORKERS]
    moved = [names["bytes_moved"](1e12, n_weights, m) for m in WORKERS]
    for part in columns[0]:
        lines.append(f"| {part} | " + " | ".join(seconds(column[part]) for column in columns) + " |")
    for part in moved[0]:
        lines.append(f"| {part} | " + " | ".join(f"{of[part] / 1e6:,.0f} MB" for of in moved) + " |")
    return "\n".join([*lines, "", ""])


def header(*names: str) -> list[str]:
    """The first two lines of a table with a column for each number of workers."""
    columns = [*names, *(f"{m:,} workers" for m in WORKERS)]
    return ["| " + " | ".join(columns) + " |", "| " + " | ".join("---" for _ in columns) + " |"]


def put_in(page: Path, text: str) -> None:
    """Between the page's two comments."""
    before, _, rest = page.read_text(encoding="utf-8").partition(FIRST)
    page.write_text(f"{before}{FIRST}\n{text}{LAST}{rest.partition(LAST)[2]}", encoding="utf-8")


def seconds(number: float) -> str:
    """To two digits."""
    return f"{float(f'{number:.2g}'):,g} s"


def kinds(names: dict[str, Any]) -> list[tuple[str, Any, int]]:
    """Two models: a small one whose pass is quick, and one whose pass is dear."""
    small = names["Machine"]()
    large = replace(small, compute=names["COMPUTE_LARGE"])
    return [
        ("10 classes x 3,073, hinge on uint8", small, 10 * 3073),
        ("1,000 classes x 769, softmax on float32", large, 1000 * 769),
    ]


def draw_passes(ax: Any, names: dict[str, Any], title: str, machine: Any, n_weights: int) -> None:
    """Seconds against workers, one machine beside them."""
    workers = np.unique(np.geomspace(1, 1000, 60).astype(int))
    for (size, n_bytes), colour in zip(SIZES.items(), (SKY, GREEN, PINK, BLUE, RED), strict=True):
        one = names["alone"](machine, n_bytes)
        times = [total(names, machine, n_bytes, n_weights, int(m)) for m in workers]
        ax.plot(workers, times, color=colour, linewidth=2)
        ax.plot(workers[[0, -1]], [one, one], color=colour, linewidth=1, linestyle=":")
        ax.annotate(size, (1000, one), (4, -3), textcoords="offset points", color=colour, weight="bold")
    ax.set_xscale("log")
    ax.set_yscale("log")
    ax.set_xlim(1, 1000)
    ax.set_xlabel("workers (each one a machine like this, two cores)", fontsize=11)
    ax.set_ylabel("seconds a pass", fontsize=11)
    ax.set_title(f"{title}\ndotted: one machine alone", fontsize=12)
    ax.spines[["top", "right"]].set_visible(False)


def draw_parts(ax: Any, names: dict[str, Any], machine: Any, n_weights: int) -> None:
    """What a pass over 1 TB goes into."""
    colours = (BLUE, SKY, ORANGE, GREEN, RED, BLACK)
    columns = [names["on_cluster"](machine, 1e12, n_weights, m) for m in WORKERS]
    for i, column in enumerate(columns):
        left, whole = 0.0, sum(column.values())
        for (part, time), colour in zip(column.items(), colours, strict=True):
            ax.barh(i, time / whole, 0.6, left=left, color=colour, label=part if i == 0 else None)
            left += time / whole
        ax.text(1.01, i, seconds(whole), va="center", fontsize=10)
    ax.set_yticks(range(len(WORKERS)), [f"{m:,} workers" for m in WORKERS], fontsize=11)
    ax.set_xlim(0, 1)
    ax.set_xticks([0, 0.5, 1], ["0", "50 %", "100 %"])
    ax.invert_yaxis()
    ax.legend(fontsize=9, ncols=3, loc="upper center", bbox_to_anchor=(0.5, -0.12), frameon=False)
    ax.set_title("what a pass over 1 TB goes into\n10 classes x 3,073", fontsize=12)
    ax.spines[["top", "right"]].set_visible(False)


def draw_map(ax: Any, names: dict[str, Any]) -> None:
    """Where one machine is fastest, and where how many workers are, by the sizes of data and model."""
    sizes, classes = np.geomspace(1e8, 1e13, 61), np.geomspace(2, 10_000, 41)
    counts, colours = (1, 10, 100, 1000), ("#DDDDDD", SKY, BLUE, "#003B5C")
    best = np.zeros((len(classes), len(sizes)))
    for i, k in enumerate(classes):
        machine = replace(names["Machine"](), compute=names["compute_of"](k))
        for j, n_bytes in enumerate(sizes):
            times = [names["alone"](machine, n_bytes)]
            times += [total(names, machine, n_bytes, int(k * 769), m) for m in counts[1:]]
            for n in range(1, len(counts)):
                if times[n] < times[int(best[i, j])] / 2:
                    best[i, j] = n
    ax.pcolormesh(sizes, classes, best, cmap=matplotlib.colors.ListedColormap(colours), vmin=-0.5, vmax=3.5)
    ax.set_xscale("log")
    ax.set_yscale("log")
    ax.set_xticks([1e8, 1e9, 1e10, 1e11, 1e12, 1e13], ["100 MB", "1 GB", "10 GB", "100 GB", "1 TB", "10 TB"])
    ax.set_yticks([10, 100, 1000, 10_000], ["10", "100", "1,000", "10,000"])
    ax.set_xlabel("X", fontsize=11)
    ax.set_ylabel("classes (softmax on float32, 768 features)", fontsize=11)
    handles = [matplotlib.patches.Patch(color=c) for c in colours]
    labels = ["one machine", *(f"{m:,} workers" for m in counts[1:])]
    ax.legend(handles, labels, fontsize=10, ncols=4, loc="upper center", bbox_to_anchor=(0.5, -0.12), frameon=False)
    ax.set_title("the fewest that pay\n(ten times as many must at least halve the time)", fontsize=12)


def main() -> None:
    """Four panels."""
    matplotlib.use("Agg")
    from matplotlib import pyplot as plt

    names = model()
    put_in(DOCS / "explanation" / "scaling.md", tables(names))
    figure, axes = plt.subplots(2, 2, figsize=(13, 10.5), layout="constrained")
    for ax, kind in zip(axes[0], kinds(names), strict=True):
        draw_passes(ax, names, *kind)
    draw_parts(axes[1, 0], names, *kinds(names)[0][1:])
    draw_map(axes[1, 1], names)
    figure.suptitle("A MODEL, from constants measured on one machine and an assumed network of 10 Gbit/s", fontsize=13)
    figure.savefig(FILE, dpi=100)


if __name__ == "__main__":
    main()
