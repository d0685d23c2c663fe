"""Time to a solution: objective, proven gap and held-out accuracy against seconds and passes over the data.

gdfast's optimizers, scikit-learn's LogisticRegression(lbfgs), SGDClassifier and LinearSVC (both), and a PyTorch loop,
on softmax and on the multiclass hinge with L2, on CIFAR-10 or 20 newsgroups (--data) or made-up images of 28 x 28. All
get the same float32 rows, standardised where they are dense. Every row of a table is a run of its own from W = 0,
timed as a whole; objective and accuracy are computed after the clock has stopped. scikit-learn's hinges are other
problems (one-vs-rest; the largest term instead of the sum), so they have an accuracy only.

    python bench/bench_time_to_solution.py [--data FOLDER] [--out FILE.png] [--quick] [--json] [--threads 1]
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from pathlib import Path
from typing import Any

import common
import numpy as np
from solution_contestants import MOMENTUM, SLOW, Array, Contestant, Problem, contestants

LOSSES = ("softmax", "hinge")
COLUMNS = ("budget", "seconds", "passes", "objective", "proven gap", "held-out accuracy")
# What is to be reached: ours, the peer, how many times as fast, and in what they must agree.
GOALS = {
    "softmax": ("gdfast LBFGS, StrongWolfe", "scikit-learn LogisticRegression(lbfgs)", 4.0, "objective"),
    "hinge": ("gdfast SGD, momentum", "PyTorch SGD, momentum", 5.0, "held-out accuracy"),
}


def main() -> None:
    def add(parser: argparse.ArgumentParser) -> None:
        parser.add_argument("--data", help="folder with CIFAR-10's .bin files or news20_*.npz; default: made-up images")
        parser.add_argument("--out", help="a picture of all runs (.png)")
        parser.add_argument("--batch", type=int, default=256, help="rows per stochastic step")
        parser.add_argument("--strength", type=float, default=None, help="of L2; default: 1 / (2 n_samples)")
        parser.add_argument("--unit", action="store_true", help="features in [0, 1] instead of standardised ones")
        parser.add_argument("--rounds", type=int, default=1, help="runs of each, in turn; the middle one counts")
        parser.add_argument("--limit", type=float, default=60.0, help="a run of so many seconds is its kind's last")
        parser.add_argument(
            "--slow", action="store_true", help=f"also {SLOW}: minutes on 60,000 x 784, hours on CIFAR-10"
        )
        parser.add_argument("--losses", nargs="+", choices=LOSSES, default=LOSSES)
        parser.add_argument(
            "--only", nargs="+", default=None, metavar="TEXT", help="those whose names hold one of these"
        )
        parser.set_defaults(threads=[1])

    chosen = common.arguments(__doc__, add)
    if chosen.case is not None:
        print(json.dumps(measure(**chosen.case, threads=chosen.threads[0])))
        return
    facts, results = common.machine(), []
    if not chosen.json:
        print(common.describe(facts))
    for threads in chosen.threads:
        for loss in chosen.losses:
            case = {"loss": loss, **{name: getattr(chosen, name) for name in SETTINGS}}
            results.append({**case, "threads": threads, **common.run_apart(__file__, case, threads)})
            if not chosen.json:
                print(report(results[-1]), flush=True)
    if chosen.json:
        print(json.dumps({"machine": facts, "results": results}, indent=2))
    if chosen.out:
        draw(results, chosen.out)


SETTINGS = ("data", "batch", "strength", "unit", "rounds", "limit", "slow", "quick", "only")


def measure(
    loss: str,
    data: str | None,
    batch: int,
    strength: float | None,
    unit: bool,
    rounds: int,
    limit: float,
    slow: bool,
    quick: bool,
    only: list[str] | None,
    threads: int,
) -> dict[str, Any]:
    """All runs on one loss, in a process that has just so many threads."""
    problem = make_problem(loss, data, batch, strength, unit, quick, threads)
    field, objective = contestants(problem, slow), problem.objective()
    if only is not None:
        field = {name: one for name, one in field.items() if any(text in name for text in only)}
    for name, one in contestants(problem.small(), slow).items():  # what is loaded at first use is loaded now
        if name in field:
            one.run(one.budgets[0])
    objective.value(np.zeros(objective.shape, problem.X.dtype))  # one pass ahead of the clock
    runs: dict[str, list[dict[str, Any]]] = {name: [] for name in field}
    for i in range(max(len(one.budgets) for one in field.values())):
        racing = {
            name: one
            for name, one in field.items()
            if i < len(one.budgets) and (not runs[name] or runs[name][-1]["seconds"] < limit)
        }
        seconds: dict[str, list[float]] = {name: [] for name in racing}
        for _ in range(rounds):
            for name, one in racing.items():
                common.settle()
                start = time.perf_counter()
                reached = one.run(one.budgets[i])
                seconds[name].append(time.perf_counter() - start)
                if len(seconds[name]) == rounds:
                    middle = statistics.median(seconds[name])
                    runs[name].append(judged(problem, objective, one, one.budgets[i], middle, reached))
    return {
        "n_samples": len(problem.y),
        "n_features": problem.X.shape[1],
        "n_classes": problem.n_classes,
        "strength": problem.strength,
        "first_step": problem.step,
        "runs": runs,
        "goal": goal(loss, runs),
    }


def judged(problem: Problem, objective: Any, one: Contestant, budget: int, seconds: float, reached: Any) -> Any:
    """A row of the table. A gap is what the run proved, or what the objective proves of its weights."""
    gap, prove = reached.gap, getattr(objective, "duality_gap", None)
    if gap is None and one.same_problem and prove is not None:
        gap = prove(reached.W)
    return {
        "budget": f"{budget} {one.unit.removesuffix('s') if budget == 1 else one.unit}",
        "seconds": seconds,
        "passes": reached.passes,
        "objective": objective.value(reached.W) if one.same_problem else None,
        "proven gap": gap,
        "held-out accuracy": problem.held_out_accuracy(reached.W),
    }


def goal(loss: str, runs: dict[str, list[dict[str, Any]]]) -> dict[str, Any] | None:
    """How the last runs of the pair compare; None without the peer."""
    ours, peer, times, what = GOALS[loss]
    if not runs.get(peer) or runs[ours][-1]["budget"].split()[0] != runs[peer][-1]["budget"].split()[0]:
        return None
    a, b = runs[ours][-1], runs[peer][-1]
    return {
        "ours": ours,
        "peer": peer,
        "budget": a["budget"],
        "goal": times,
        "times_as_fast": b["seconds"] / a["seconds"],
        "agree_in": what,
        "ours_less_peer": (a[what] - b[what]) / (abs(b[what]) if what == "objective" else 1.0),
    }


# Data.


def make_problem(
    loss: str, data: str | None, batch: int, strength: float | None, unit: bool, quick: bool, threads: int
) -> Problem:
    """The rows, and a first step for momentum from how long they are and how much alike."""
    X, y, X_held_out, y_held_out = read(data, quick, unit)
    n_classes, some = int(y.max()) + 1, X[:1000]
    products = some @ some.T
    products = np.asarray(products if isinstance(products, np.ndarray) else products.toarray(), dtype=np.float64)
    length = float(np.trace(products)) / len(products) + 1
    largest = float(np.linalg.eigvalsh(products)[-1]) / len(products)
    curvature = n_classes / 2 if loss == "hinge" else 0.5
    ease = 2.0 if loss == "hinge" else 5.0
    step = (1 - MOMENTUM) * ease / (curvature * (length + (batch - 1) * largest) / batch)
    strength = 1 / (2 * len(y)) if strength is None else strength
    return Problem(X, y, X_held_out, y_held_out, n_classes, loss, strength, batch, step, threads)


def read(data: str | None, quick: bool, unit: bool) -> tuple[Any, Array, Any, Array]:
    """Standardised float32 rows (or features in [0, 1]) and labels, then the held-out ones; sparse rows as they are."""
    if data is not None and (Path(data) / "news20_train.npz").exists():
        import scipy.sparse as sp

        with np.load(Path(data) / "news20_labels.npz") as file:
            labels = [file[f"y_{part}"].astype(np.int64) for part in ("train", "test")]
        rows = [
            sp.csr_array(sp.load_npz(Path(data) / f"news20_{part}.npz"), dtype=np.float32) for part in ("train", "test")
        ]
        n = 1000 if quick else len(labels[0])
        return rows[0][:n], labels[0][:n], rows[1], labels[1]
    if data is not None:
        from gdfast.datasets import load_cifar10

        cifar = load_cifar10(data)
        X, y, X_held_out, y_held_out = cifar.X, cifar.y, cifar.X_test, cifar.y_test
        if quick:
            X, y = X[:3000], y[:3000]
    else:
        X, y, X_held_out, y_held_out = made_up(2000 if quick else 60_000, 64 if quick else 784)
    X = X.reshape(len(X), -1).astype(np.float32)
    X_held_out = X_held_out.reshape(len(X_held_out), -1).astype(np.float32)
    mean, deviation = X.mean(axis=0, dtype=np.float64), X.std(axis=0, dtype=np.float64)
    if unit:
        mean, deviation = X.min(axis=0), np.ptp(X, axis=0).astype(np.float64)
    deviation[deviation == 0] = 1
    for rows in (X, X_held_out):
        rows -= mean.astype(np.float32)
        rows /= deviation.astype(np.float32)
    return X, y, X_held_out, y_held_out


def made_up(n: int, d: int) -> tuple[Array, Array, Array, Array]:
    """Ten classes of smooth images, each a mixture of a few of its own with noise; some labels are wrong."""
    rng = np.random.default_rng(0)
    side = int(np.sqrt(d))
    waves = np.array([np.cos(np.pi * f * (np.arange(side) + 0.5) / side) / (1 + f) for f in range(8)])
    basis = np.einsum("ia,jb->ijab", waves, waves).reshape(64, d)
    kinds = rng.normal(size=(10, 4, 64)) @ basis
    y = rng.integers(0, 10, n + n // 6)
    X = kinds[y, rng.integers(0, 4, len(y))] + rng.normal(size=(len(y), 64)) @ basis
    X += 0.3 * rng.normal(size=X.shape)
    wrong = rng.random(len(y)) < 0.05
    y[wrong] = rng.integers(0, 10, int(wrong.sum()))
    return X[:n], y[:n], X[n:], y[n:]


# Output.


def report(result: dict[str, Any]) -> str:
    """A table of all runs, and the goal below it."""
    shown = [name for name in COLUMNS if any(run[name] is not None for runs in result["runs"].values() for run in runs)]
    rows = [
        [name, *(written(run, column) for column in shown)] for name, runs in result["runs"].items() for run in runs
    ]
    threads, goal = result["threads"], result["goal"]
    lines = [
        f"\n## {result['loss']} + {result['strength']:.3g} |W|^2, {result['n_samples']:,} rows of "
        f"{result['n_features']:,} features, {threads} thread{'s' * (threads > 1)}\n",
        common.table(["", *shown], rows),
    ]
    if goal is not None:
        kind = "relative to it" if goal["agree_in"] == "objective" else "absolute"
        lines.append(
            f"\n{goal['ours']}, {goal['budget']}: {goal['times_as_fast']:.1f} times as fast as {goal['peer']} (goal: "
            f"{goal['goal']:.0f}); its {goal['agree_in']} is {goal['ours_less_peer']:+.2g} from the peer's ({kind})"
        )
    return "\n".join(lines)


def written(run: dict[str, Any], column: str) -> Any:
    value = run[column]
    if value is None or column in ("budget", "seconds", "passes"):
        return value
    return f"{value:.2e}" if column == "proven gap" else f"{value:.{6 if column == 'objective' else 4}f}"


COLOURS = ("#0072B2", "#D55E00", "#009E73", "#E69F00", "#56B4E9", "#CC79A7", "#000000")  # Okabe and Ito's
PANELS = (("objective", "seconds"), ("objective", "passes"), ("held-out accuracy", "seconds"))
NEAREST = 1e-4


def draw(results: list[dict[str, Any]], file: str) -> None:
    """A row of panels for each loss: how far the objective is from the best that any run reached; accuracy."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(12, 3.6 * len(results)), layout="constrained")
    for part, result in zip(np.atleast_1d(figure.subfigures(len(results))), results, strict=True):
        values = [run["objective"] for runs in result["runs"].values() for run in runs if run["objective"] is not None]
        best, panels = min(values), part.subplots(1, len(PANELS))
        for (quantity, axis), panel in zip(PANELS, panels, strict=True):
            for colour, (name, runs) in zip(COLOURS, result["runs"].items(), strict=False):
                points = [run for run in runs if run[axis] is not None and run[quantity] is not None]
                heights = [run[quantity] for run in points]
                if quantity == "objective":
                    heights = [max(value / best - 1, NEAREST) for value in heights]
                ours = name.startswith("gdfast")
                panel.plot(
                    [run[axis] for run in points], heights, label=name, color=colour, markersize=4,
                    marker="o" if ours else "s", linestyle="-" if ours else "--",
                )  # fmt: skip
            panel.set_xscale("log")
            panel.set_xlabel("seconds" if axis == "seconds" else "passes over the data")
            panel.grid(alpha=0.3)
            if quantity == "objective":
                panel.set_yscale("log")
                panel.set_ylim(bottom=NEAREST)
                panel.set_ylabel("objective / best - 1" + (" (the best at the bottom)" if axis == "seconds" else ""))
            else:
                panel.set_ylabel(quantity)
        handles, names = panels[-1].get_legend_handles_labels()
        part.legend(handles, names, loc="outside right center", fontsize="small")
        part.suptitle(f"{result['loss']}, {result['threads']} thread{'s' * (result['threads'] > 1)}")
    figure.savefig(file, dpi=100)


if __name__ == "__main__":
    main()
