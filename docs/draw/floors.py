"""Draws docs/images/floors.png and writes the table in floors.md, from the tables of the benchmark pages.

`python docs/draw/floors.py`, after a figure on one of those pages has changed.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Any, NamedTuple

import matplotlib

DOCS = Path(__file__).parents[1]
PAGE, FILE = DOCS / "explanation" / "floors.md", DOCS / "images" / "floors.png"
FIRST, LAST = "<!-- by draw/floors.py, from here -->", "<!-- to here -->"
COLOURS = {
    "multiply-adds": "#0072B2", "integer products": "#56B4E9", "caches": "#E69F00",
}  # fmt: skip


class Row(NamedTuple):
    """A row of a benchmark page: how far it is from its floor stands in a column, or follows from its time and the line
    "floor ... ms" below the table."""

    work: str
    bound: str
    page: str
    heading: str
    label: str = "gdfast"
    column: str | None = "x floor"


def dense(loss: str, dtype: str, threads: int) -> Row:
    """Loss and gradient of all images."""
    heading = f"{loss}, {dtype}, 50,000 images, {threads} thread{'s' * (threads > 1)}"
    return Row(f"{loss}, {dtype}, {threads} thread{'s' * (threads > 1)}", "multiply-adds", "passes", heading)


def steps(shape: str, rule: str, bound: str) -> Row:
    """A further epoch."""
    of, _, batch = shape.rpartition(", ")
    features = of.split(" rows of ")[1].split(" ")[0]
    work = f"steps of {batch} on {features} features{', momentum' * ('momentum' in rule)}"
    return Row(work, bound, "steps", f"{shape}, {rule}, 1 thread", "gdfast, a further epoch")


LARGE, SMALL = "50,000 rows of 3,072 features, float32", "10,000 rows of 64 features, float64"
ROWS = [
    *(dense("hinge", dtype, threads) for dtype in ("float32", "float64") for threads in (1, 2)),
    *(dense(loss, "uint8", 1) for loss in ("hinge", "softmax")),
    dense("softmax", "float32", 1),
    *(
        Row(f"softmax, 1,000 classes, {threads} thread{'s' * (threads > 1)}", "multiply-adds", "passes",
            f"100,000 rows of 768 features, 1,000 classes, float32, {threads} thread{'s' * (threads > 1)}")
        for threads in (1, 2)
    ),
    *(
        Row(f"AVX2: {work}", "integer products" if work == "hinge, uint8" else "multiply-adds", "passes",
            "Other instruction sets", work, "now, x floor")
        for work in ("hinge, float32", "hinge, float64", "hinge, uint8", "softmax, float32", "softmax, uint8")
    ),
    Row("Gram matrix, 9,000 x 3,072, uint8", "integer products", "passes", "9,000 rows of 3,072 features, 1 thread",
        "uint8", "x integer floor"),
    Row("Gram matrix, 60,000 x 784, uint8", "integer products", "passes", "60,000 rows of 784 features, 1 thread",
        "uint8", "x integer floor"),
    *(
        Row(f"30,730 difference quotients, {dtype}", "multiply-adds", "differences",
            f"{dtype}, 50,000 images, 1 thread", column=None)
        for dtype in ("float32", "float64", "uint8")
    ),
    steps(f"{LARGE}, batch 256", "gradient descent", "multiply-adds"),
    steps(f"{LARGE}, batch 64", "gradient descent", "multiply-adds"),
    steps(f"{LARGE}, batch 1", "gradient descent", "caches"),
    steps(f"{LARGE}, batch 1", "momentum 0.9", "caches"),
    steps(f"{SMALL}, batch 64", "gradient descent", "multiply-adds"),
    steps(f"{SMALL}, batch 1", "gradient descent", "caches"),
    *(
        Row(f"20 newsgroups, {loss}, {dtype}", "caches", "sparse",
            f"full batch, 11,314 x 130,108 with 1,787,580 entries, {dtype}, {loss}, 1 thread", column="x memory floor")
        for loss in ("hinge", "softmax") for dtype in ("float32", "float64")
    ),
]  # fmt: skip


def section(page: str, heading: str) -> str:
    """What stands below a heading, as far as the next one."""
    text = (DOCS / "explanation" / f"benchmarks_{page}.md").read_text(encoding="utf-8")
    _, found, rest = text.partition(f"## {heading}\n")
    if not found:
        raise LookupError(f"benchmarks_{page}.md has no heading {heading!r}")
    return re.split(r"^#", rest, maxsplit=1, flags=re.MULTILINE)[0]


def times_floor(row: Row) -> float:
    """How many times its floor a row takes."""
    text = section(row.page, row.heading)
    blocks = [block.strip() for block in text.split("\n\n")]
    blocks = [block for block in blocks if block.startswith("|") and (row.column or "time") in block]
    if not blocks:
        raise LookupError(f"benchmarks_{row.page}.md has no table with {row.column!r} below {row.heading!r}")
    lines = [[cell.strip() for cell in line.strip("|").split("|")] for line in blocks[0].splitlines()]
    table = [dict(zip(lines[0], cells, strict=True)) for cells in lines[2:]]
    cells = next((cells for cells in table if cells[lines[0][0]] == row.label), None)
    if cells is None:
        raise LookupError(f"benchmarks_{row.page}.md has no row {row.label!r} below {row.heading!r}")
    if row.column is not None:
        return float(cells[row.column].replace(",", ""))
    floor = re.search(r"^floor ([\d.,e+]+) ms", text, re.MULTILINE)
    assert floor is not None
    return float(cells["time"].removesuffix(" ms").replace(",", "")) / float(floor[1].replace(",", ""))


def anchor(row: Row) -> str:
    """Where the row stands."""
    place = re.sub(r"[^\w\- ]", "", row.heading.lower()).replace(" ", "-")
    return f"benchmarks_{row.page}.md#{place}"


def table(found: list[tuple[Row, float]]) -> str:
    """Markdown: work, what it is bound by, how far it is from the floor."""
    lines = ["| work | bound by | times the floor |", "| --- | --- | --- |"]
    lines += [f"| [{row.work}]({anchor(row)}) | {row.bound} | {times:.3g} |" for row, times in found]
    return "\n".join(lines)


def draw(found: list[tuple[Row, float]]) -> None:
    """A bar for each row, on a logarithmic axis that begins at the floor."""
    matplotlib.use("Agg")
    from matplotlib import pyplot as plt

    plt.rcParams.update({"font.size": 12})
    figure, ax = plt.subplots(figsize=(7.6, 0.34 * len(found) + 1.6), layout="constrained")
    for i, (row, times) in enumerate(found):
        ax.barh(i, times - 1, 0.7, left=1, color=COLOURS[row.bound])
        ax.text(max(times, 1) * 1.04, i, f"{times:.3g}", va="center")
    ax.axvline(1, color="black", linewidth=1.2)
    ax.set_yticks(range(len(found)), [row.work for row, _ in found])
    ax.set_ylim(len(found) - 0.4, -0.6)
    ax.set_xscale("log")
    ax.set_xlim(0.38, 32)
    ax.set_xticks([0.5, 1, 2, 5, 10, 20], ["0.5", "1", "2", "5", "10", "20"], minor=False)
    ax.minorticks_off()
    ax.spines[["top", "right"]].set_visible(False)
    used = {row.bound for row, _ in found}
    handles: list[Any] = [matplotlib.patches.Patch(color=c, label=name) for name, c in COLOURS.items() if name in used]
    ax.legend(handles=handles, title="bound by", loc="upper right", frameon=False)
    ax.set_title("times the floor (logarithmic)", fontsize=13)
    figure.savefig(FILE, dpi=170)


def main() -> None:
    """Table and picture; rows that are not on their page any more are named, and left out."""
    found, lost = [], []
    for row in ROWS:
        try:
            found.append((row, times_floor(row)))
        except (LookupError, ValueError) as error:
            lost.append(f"{row.work}: {error}")
    before, _, rest = PAGE.read_text(encoding="utf-8").partition(FIRST)
    PAGE.write_text(f"{before}{FIRST}\n\n{table(found)}\n\n{LAST}{rest.partition(LAST)[2]}", encoding="utf-8")
    draw(found)
    if lost:
        sys.exit("\n".join(["not found:", *lost]))


if __name__ == "__main__":
    main()
