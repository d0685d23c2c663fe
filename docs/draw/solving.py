"""Draws docs/images/solving.png from benchmarks_solutions.md: seconds to the optimum. `python docs/draw/solving.py`."""

from __future__ import annotations

from pathlib import Path

import matplotlib

DOCS = Path(__file__).parents[1]
FILE = DOCS / "images" / "solving.png"
PAGE = DOCS / "explanation" / "benchmarks_solutions.md"
HEADING = "## To the optimum and its proof"
OURS, THEIRS = "#0072B2", "#D55E00"


def rows() -> list[dict[str, str]]:
    """The table's rows that have a peer from another library."""
    section = PAGE.read_text(encoding="utf-8").partition(HEADING)[2].partition("\n## ")[0]
    lines = [[cell.strip() for cell in line.strip("|").split("|")] for line in section.splitlines() if line[:1] == "|"]
    table = [dict(zip(lines[0], cells, strict=True)) for cells in lines[2:]]
    return [row for row in table if row["peer"].startswith("scikit-learn")]


def main() -> None:
    """A pair of bars for each row, on a logarithmic axis."""
    matplotlib.use("Agg")
    from matplotlib import pyplot as plt

    table = rows()
    figure, ax = plt.subplots(figsize=(10, 0.75 * len(table) + 1.2), layout="constrained")
    for i, row in enumerate(table):
        peer, _, counted = row["peer"].partition(", ")
        theirs = float(row["its seconds"].lstrip("> "))
        ours, is_more = float(row["seconds"]), row["its seconds"].startswith(">")
        ax.barh(i - 0.2, ours, 0.38, color=OURS)
        ax.barh(i + 0.2, theirs, 0.38, color=THEIRS)
        ax.text(ours * 1.08, i - 0.2, f"{ours:.2g} s, {row['passes']} passes", va="center", fontsize=10)
        mark = " (counted)" if "counted" in counted else f" ({counted})" if counted else ""
        ax.text(theirs * 1.08, i + 0.2, f"{'> ' * is_more}{theirs:.3g} s, {peer}{mark}", va="center", fontsize=10)
    ax.set_yticks(range(len(table)), [f"{row['problem']}\n{row['reached']}" for row in table], fontsize=10)
    ax.set_xscale("log")
    ax.set_xlim(0.1, 90_000)
    ax.set_xticks([0.1, 1, 10, 100], ["0.1", "1", "10", "100"])
    ax.set_ylim(len(table) - 0.4, -0.6)
    ax.set_xlabel("seconds on one thread (logarithmic)", fontsize=12, loc="left")
    figure.suptitle("gd.solve (blue) and its peers (orange), to the same distance from the optimum", fontsize=13)
    ax.spines[["top", "right"]].set_visible(False)
    figure.savefig(FILE, dpi=150)


if __name__ == "__main__":
    main()
