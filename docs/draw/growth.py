"""Draws docs/images/growth.png from docs/draw/growth.json and puts its tables into benchmarks_growth.md.

`python docs/draw/growth.py` draws what was measured; with `--measure` it measures anew first (a few minutes, and on a
machine that does nothing else).
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import matplotlib

DOCS = Path(__file__).parents[1]
BENCH = DOCS.parent / "bench"
NUMBERS, PAGE, FILE = (
    DOCS / "draw" / "growth.json",
    DOCS / "explanation" / "benchmarks_growth.md",
    DOCS / "images" / "growth.png",
)
FIRST, LAST = "<!-- by draw/growth.py, from here -->", "<!-- to here -->"
OURS, THEIRS, GREY = "#0072B2", "#D55E00", "#888888"
TITLES = {
    "rows": "rows", "features": "features", "classes": "classes", "nonzeros": "entries of each row (sparse X)",
    "threads": "threads",
}  # fmt: skip


def measured() -> dict[str, Any]:
    """What bench_scaling.py finds on this machine."""
    run = subprocess.run(
        [sys.executable, str(BENCH / "bench_scaling.py"), "--json"], stdout=subprocess.PIPE, text=True, check=True
    )
    found: dict[str, Any] = json.loads(run.stdout)
    return {"date": time.strftime("%Y-%m-%d"), **found}


def put_in(page: Path, text: str) -> None:
    """Between the page's two comments."""
    before, _, rest = page.read_text(encoding="utf-8").partition(FIRST)
    page.write_text(f"{before}{FIRST}\n\n{text}\n\n{LAST}{rest.partition(LAST)[2]}", encoding="utf-8")


def tables(numbers: dict[str, Any]) -> str:
    """The machine and the tables of bench_scaling.py."""
    sys.path.insert(0, str(BENCH))
    import bench_scaling

    machine = numbers["machine"]
    busy = ", other work beside it" if (machine["load"] or 0) > 0.5 else ", nothing beside it"
    sets = " ".join(machine["instruction_sets"])
    head = f"{numbers['date']}, {machine['processor']}, {machine['cpus']} CPUs, {sets}{busy}."
    return f"{head}\n\n{bench_scaling.report(numbers)}"


def curve(ax: Any, points: list[dict[str, Any]], slopes: dict[str, Any], kind: str, peer: str) -> None:
    """Ours and the peer's against the size, their slopes written at their ends."""
    sizes = [point["size"] for point in points]
    ends = []
    for name, label, colour, marker in (("gdfast", "gdfast", OURS, "o"), ("peer", peer, THEIRS, "s")):
        values = [point[kind][name] for point in points]
        if None in values:
            continue
        values = [max(value, 4096) / 1e6 if kind == "bytes_beyond_X" else value for value in values]
        ax.loglog(sizes, values, color=colour, marker=marker, markersize=4, linewidth=1.8)
        slope = slopes[f"{name}, {kind}"]
        ends.append((values, f"{label}{'' if slope is None else f', slope {round(slope, 2) + 0:.2f}'}", colour))
    for i, (_, text, colour) in enumerate(sorted(ends, key=lambda end: end[0][-1])):
        ax.text(0.03 if i else 0.97, 0.95 if i else 0.05, text, color=colour, transform=ax.transAxes, weight="bold",
                ha="left" if i else "right", va="top" if i else "bottom")  # fmt: skip
    ax.set_xlim(sizes[0] / 1.3, sizes[-1] * 1.3)
    low, high = ax.get_ylim()
    ax.set_ylim(low / 2.5, high * 2.5)
    ax.grid(alpha=0.3)
    ax.spines[["top", "right"]].set_visible(False)


def main() -> None:
    """Six panels: milliseconds by five sizes, and memory by rows."""
    if "--measure" in sys.argv[1:]:
        NUMBERS.write_text(json.dumps(measured(), indent=1) + "\n", encoding="utf-8")
    numbers = json.loads(NUMBERS.read_text(encoding="utf-8"))
    put_in(PAGE, tables(numbers))
    matplotlib.use("Agg")
    from matplotlib import pyplot as plt
    from matplotlib.ticker import NullFormatter

    plt.rcParams.update({"font.size": 11.5})
    figure, axes = plt.subplots(3, 2, figsize=(7.2, 9.2), layout="constrained")
    for ax, (axis, points) in zip(axes.flat, numbers["axes"].items(), strict=False):
        curve(ax, points, numbers["slopes"][axis], "milliseconds", "SciPy" if axis == "nonzeros" else "NumPy")
        ax.set_title(TITLES[axis], fontsize=12)
        if axis == "threads":
            sizes = [point["size"] for point in points]
            ax.set_xticks(sizes, [str(size) for size in sizes])
            ax.xaxis.set_minor_formatter(NullFormatter())
    curve(axes[2, 1], numbers["axes"]["rows"], numbers["slopes"]["rows"], "bytes_beyond_X", "NumPy")
    axes[2, 1].set_title("MB beyond X, by rows", fontsize=12)
    for ax in axes[:, 0]:
        ax.set_ylabel("ms")
    figure.suptitle("Loss and gradient: milliseconds by size", fontsize=13)
    figure.savefig(FILE, dpi=178)


if __name__ == "__main__":
    main()
