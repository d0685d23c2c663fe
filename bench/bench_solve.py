"""Time to the optimum and to its proof: `gd.solve` beside scikit-learn, LIBLINEAR and plain L-BFGS.

A row says how long a run takes, from making the objective on, until its value is within a share of the optimum, or
until it has proven so much. The optimum is the value of a long run, proven to 1e-5 in float64 arithmetic (--optima
FOLDER keeps it for the next time). Peers solve the same problem, and are watched: their own value, each time that they
compute it. Where they would take minutes they are stopped after --limit seconds, and their time is what an evaluation
took times the evaluations that SciPy's L-BFGS (which scikit-learn calls) needs on our objective: marked "counted".
Contestants take turns; each problem has a process of its own.

    python bench/bench_solve.py [--data FOLDER] [--only NAME ...] [--optima FOLDER] [--full] [--quick] [--threads 1]
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable
from typing import Any, NamedTuple

import common
import numpy as np
from solve_peers import (
    Way,
    dual_coordinate_ascent,
    linear_svc,
    logistic_regression,
    minimize,
    scipy_iterations,
    solve,
)
from solve_problems import (
    Problem,
    cifar10,
    correlated,
    embeddings,
    known,
    mnist_sized,
    newsgroups,
    optimum,
    standardised,
)

COLUMNS = ("problem", "reached", "seconds", "passes", "goal", "peer", "its seconds", "times as fast", "goal of that")
PROVEN = 1e-3
Row = dict[str, Any]


def main() -> None:
    def add(parser: argparse.ArgumentParser) -> None:
        parser.add_argument("--data", help="folder with CIFAR-10's .bin files and news20_*.npz; default: made-up")
        parser.add_argument("--only", nargs="+", choices=list(CASES), default=list(CASES), help="these rows")
        parser.add_argument("--optima", help="folder that keeps optima and counts of iterations for the next time")
        parser.add_argument("--limit", type=float, default=15.0, help="seconds that a peer may take for one run")
        parser.add_argument("--rounds", type=int, default=3, help="runs of gd.solve; the middle one counts")
        parser.add_argument("--full", action="store_true", help="embeddings: 100,000 rows of 1,000 classes (an hour)")
        parser.set_defaults(threads=[1])

    chosen = common.arguments(__doc__, add)
    if chosen.case is not None:
        print(json.dumps(CASES[chosen.case.pop("name")](**chosen.case)))
        return
    facts, results = common.machine(), []
    if not chosen.json:
        print(common.describe(facts))
    for threads in chosen.threads:
        if not chosen.json:
            print(f"\n{threads} thread{'s' * (threads > 1)}\n\n{line(COLUMNS)}\n{line(['---'] * len(COLUMNS))}")
        for name in chosen.only:
            if name == "newsgroups" and chosen.data is None:
                continue
            settings = ("data", "optima", "quick", "full", "limit", "rounds")
            case = {"name": name, **{setting: getattr(chosen, setting) for setting in settings}}
            if chosen.quick:
                case |= {"limit": 1.0, "rounds": 1}
            begin = time.perf_counter()
            rows = common.run_apart(__file__, case, threads)
            results.append({**case, "threads": threads, **rows})
            print(f"{name}: {time.perf_counter() - begin:.0f} s", file=sys.stderr)
            if not chosen.json:
                for row in rows["rows"]:
                    print(line([row[column] for column in COLUMNS]), flush=True)
    if chosen.json:
        print(json.dumps({"machine": facts, "results": results}, indent=2))


def line(cells: Any) -> str:
    return "| " + " | ".join(common.cell(cell) for cell in cells) + " |"


# Rows of the table.


def row(
    problem: str,
    reached: str,
    ours: tuple[float, float] | None,
    goal: str = "",
    peer: str = "",
    seconds: float | None = None,
    times: str = "",
    at_least: bool = False,
) -> Row:
    """`ours`: seconds and passes, None where it was not reached. The peer takes so many, or `at_least` those."""
    found = ("not reached", None) if ours is None else ours
    more = "> " if at_least else ""
    ratio = "" if ours is None or seconds is None else f"{more}{common.cell(seconds / ours[0])}"
    its = "" if seconds is None else f"{more}{common.cell(seconds)}"
    return dict(zip(COLUMNS, (problem, reached, *found, goal, peer, its, ratio, times), strict=True))


def middle(ways: list[Way], value: float | None = None) -> tuple[float, float] | None:
    """The middle one's seconds and count: to a value, or to the proof."""
    found = [way.proven if value is None else way.within(value) for way in ways]
    reached = sorted(one for one in found if one is not None)
    return reached[len(reached) // 2] if len(reached) == len(found) else None


def take_turns(contestants: dict[str, Callable[[], Way]], once: set[str], rounds: int) -> dict[str, list[Way]]:
    """Each in its turn, so many times (those in `once` a single time), when the threads of the one before sleep."""
    ways: dict[str, list[Way]] = {name: [] for name in contestants}
    for turn in range(rounds):
        for name, run in contestants.items():
            if turn == 0 or name not in once:
                common.settle()
                ways[name].append(run())
    return ways


def warm_up() -> None:
    """What is imported at first use is imported before the clock runs."""
    rng = np.random.default_rng(0)
    X, y = rng.random((60, 5)).astype(np.float32), rng.integers(0, 3, 60)
    for loss in ("CrossEntropy", "SquaredHinge", "Hinge"):
        solve(Problem("", X, y, loss, 1e-3), 1e-2, np.inf)
    logistic_regression(Problem("", X, y, "CrossEntropy", 1e-3), "lbfgs", 0.0, 1.0)


class Needed(NamedTuple):
    """Seconds that a peer needs, or `at_least` those; and its evaluations, where they were counted."""

    seconds: float
    at_least: bool
    counted: float | None


def needed(way: Way, low: float, evaluations: float | None, reaches: bool, limit: float) -> Needed:
    """By its own way to a value; else by the evaluations that are counted, which reach it or not."""
    found = way.within(low)
    if found is not None:
        return Needed(found[0], False, None)
    if evaluations is None:
        return Needed(limit, True, None)
    # The first evaluation stands behind scikit-learn's checks and copies of X.
    each = (way.seconds[-1] - way.seconds[0]) / max(1, len(way.seconds) - 1)
    return Needed(way.seconds[0] + (evaluations - 1) * each, not reaches, evaluations)


def softmax_rows(
    name: str,
    kinds: dict[str, tuple[Problem, tuple[str, ...]]],
    shares: tuple[float, ...],
    peers: dict[str, str],
    settings: dict[str, Any],
    counts_to: int = 2,
) -> list[Row]:
    """gd.solve on X of several types against peers on the first: within shares of the optimum, and proven 1e-3.

    SciPy's evaluations are counted on the last one, to so many of the shares.
    """
    warm_up()
    problems = [problem for problem, _ in kinds.values()]
    first, last = problems[0], problems[-1]
    best, limit = optimum(first, settings["optima"]), settings["limit"]
    limits = {peer: limit * (4 if peer == "newton-cg" else 1) for peer in peers}
    lows = [(1 + share) * best for share in shares]
    contestants: dict[str, Callable[[], Way]] = {
        kind: lambda problem=problem: solve(problem, PROVEN, lows[-1]) for kind, (problem, _) in kinds.items()
    }
    for peer in peers:
        contestants[peer] = lambda peer=peer: logistic_regression(first, peer, lows[-1], limits[peer])
    ways = take_turns(contestants, set(peers), settings["rounds"])
    evaluations: list[float | None] = []
    if "lbfgs" in peers and ways["lbfgs"][0].within(lows[-1]) is None:
        key = f"{first.key}, L-BFGS to {shares[:counts_to]}"
        evaluations = known(settings["optima"], key, lambda: scipy_iterations(last, lows[:counts_to]))
    rows = []
    for kind, (_, goals) in kinds.items():
        where = f"{name}, {kind}"
        for i, (share, low) in enumerate(zip(shares, lows, strict=True)):
            for peer, times in peers.items():
                count = evaluations[min(i, counts_to - 1)] if evaluations and peer == "lbfgs" else None
                its = needed(ways[peer][0], low, count, i < counts_to, limits[peer])
                label = f"scikit-learn {peer}"
                if its.counted is not None:
                    label += f", {'more than ' * its.at_least}{its.counted:.0f} evaluations counted"
                ours = middle(ways[kind], low)
                rows.append(row(where, f"within {share:g}", ours, goals[i], label, its.seconds, times, its.at_least))
        rows.append(row(where, f"proven {PROVEN:g}", middle(ways[kind]), goals[-1]))
    return rows


# Problems.


def cifar_softmax(data: str | None, quick: bool, **settings: Any) -> dict[str, Any]:
    """Softmax on standardised colour pixels at 1 / (2 n), as float32 and as the uint8 that they come from."""
    name, X, y = cifar10(data, quick)
    rows, mean, scale = standardised(X)
    strength = 1 / (2 * len(y))
    kinds = {
        "float32": (Problem(f"softmax {name}", rows, y, "CrossEntropy", strength), ("2.2", "3.2", "9.6")),
        "uint8": (
            Problem(f"softmax {name}", X, y, "CrossEntropy", strength, mean=mean, scale=scale), ("1.2", "2.2", "6.6"),
        ),
    }  # fmt: skip
    found = softmax_rows(f"softmax, {name} standardised", kinds, (1e-2, 1e-4), {"lbfgs": "100"}, settings, 1)
    return {"rows": found}


def mnist_softmax(data: str | None, quick: bool, **settings: Any) -> dict[str, Any]:
    """Softmax on grey pixels in [0, 1] at 1 / (2 n)."""
    name, X, y = mnist_sized(quick)
    problem = Problem(f"softmax {name}", X, y, "CrossEntropy", 1 / (2 * len(y)))
    kinds = {"float32": (problem, ("1", "1.5", "4.5"))}
    peers = {"lbfgs": "20", "newton-cg": "50"}
    return {"rows": softmax_rows(f"softmax, {name}", kinds, (1e-3, 1e-4), peers, settings)}


def news_softmax(data: str, quick: bool, **settings: Any) -> dict[str, Any]:
    """Softmax on sparse word counts at 1 / (2 n)."""
    name, X, y = newsgroups(data)
    if quick:
        X, y, name = X[:500], y[:500], "500 rows of " + name
    problem = Problem(f"softmax {name}", X, y, "CrossEntropy", 1 / (2 * len(y)))
    rows = softmax_rows(f"softmax, {name}", {"float32": (problem, ("", ""))}, (1e-4,), {"lbfgs": "10"}, settings)
    return {"rows": rows}


def squared_hinge(quick: bool, optima: str | None, limit: float, rounds: int, **unused: Any) -> dict[str, Any]:
    """The squared hinge at 1 / (2 n), to its proof."""
    warm_up()
    name, X, y = mnist_sized(quick)
    problem = Problem(f"squared hinge {name}", X, y, "SquaredHinge", 1 / (2 * len(y)))
    contestants = {
        "ours": lambda: solve(problem, PROVEN, np.inf),
        "peer": lambda: linear_svc(problem, 20 if quick else 1000),
    }
    ways = take_turns(contestants, {"peer"}, rounds)
    peer = ways["peer"][0].proven
    label = "LinearSVC(squared_hinge), one class against the rest, its own tol"
    found = row(f"squared hinge, {name}", f"proven {PROVEN:g}", middle(ways["ours"]), "", label, peer and peer[0], "10")
    return {"rows": [found]}


def regression(quick: bool, optima: str | None, limit: float, rounds: int, **unused: Any) -> dict[str, Any]:
    """Squared error, and Huber's, to a proof, beside the closed form of squared error."""
    from sklearn.linear_model import Ridge

    import gdfast as gd

    warm_up()
    n, d = (2_000, 50) if quick else (100_000, 500)
    X, y = correlated(n, d)
    name, strength = f"made-up rows {n:,} x {d:,}, float32", 1 / (2 * n)
    squared, huber = (Problem(f"{loss} {name}", X, y, loss, strength) for loss in ("SquaredError", "Huber"))

    def ridge() -> Way:
        way, begin = Way(), time.perf_counter()
        Ridge(alpha=n * strength, solver="cholesky").fit(X, y)
        way.proven = time.perf_counter() - begin, 1.0
        return way

    def closed_form() -> Way:
        way, begin = Way(), time.perf_counter()
        squared.objective().solve()
        way.proven = time.perf_counter() - begin, 1.0
        return way

    def gram() -> Way:
        way, begin = Way(), time.perf_counter()
        gd.LinearObjective(X, y, gd.SquaredError()).gram()
        way.proven = time.perf_counter() - begin, 1.0
        return way

    ways = take_turns(
        {
            "SquaredError": lambda: solve(squared, PROVEN, np.inf),
            "Huber": lambda: solve(huber, PROVEN, np.inf),
            "objective.solve()": closed_form,
            "the Gram matrix alone": gram,
            "scikit-learn Ridge(cholesky)": ridge,
        },
        set(),
        rounds,
    )
    rows = []
    for loss in ("SquaredError", "Huber"):
        for peer in ("objective.solve()", "scikit-learn Ridge(cholesky)", "the Gram matrix alone"):
            seconds = middle(ways[peer])
            label = peer + ", squared error" * (loss == "Huber" and "Gram" not in peer)
            times = "1" if peer == "objective.solve()" else ""
            rows.append(
                row(
                    f"{loss}, {name}",
                    f"proven {PROVEN:g}",
                    middle(ways[loss]),
                    "",
                    label,
                    seconds and seconds[0],
                    times,
                )
            )
    return {"rows": rows}


def mnist_hinge(quick: bool, optima: str | None, limit: float, rounds: int, **unused: Any) -> dict[str, Any]:
    """The plain hinge at three strengths, to a proven 1 %."""
    warm_up()
    name, X, y = mnist_sized(quick)
    rows: list[Row] = []
    strengths = {1e-3: "0.45", 1e-4: "1.5", 1 / (2 * len(y)): "3"}
    for strength, goal in list(strengths.items())[:: 3 if quick else 1]:
        problem = Problem(f"hinge {name} {strength:g}", X, y, "Hinge", strength, penalize_bias=True)
        rows += hinge_rows(problem, f"hinge, {name}, strength {strength:.2g}", {1e-2: goal}, limit, rounds)
    return {"rows": rows}


def cifar_hinge(
    data: str | None, quick: bool, optima: str | None, limit: float, rounds: int, **unused: Any
) -> dict[str, Any]:
    """The plain hinge on colour pixels at 1e-3, to a proven 1 % and 0.1 %."""
    warm_up()
    name, X, y = cifar10(data, quick, 20_000)
    problem = Problem(f"hinge {name}", standardised(X)[0], y, "Hinge", 1e-3, penalize_bias=True)
    goals = {1e-2: "60 passes", 1e-3: "110 passes"}
    return {"rows": hinge_rows(problem, f"hinge, {name} standardised, strength 1e-3", goals, limit, 1)}


def hinge_rows(problem: Problem, name: str, goals: dict[float, str], limit: float, rounds: int) -> list[Row]:
    rows = []
    for tol, goal in goals.items():
        contestants = {"ours": lambda tol=tol: solve(problem, tol, np.inf)}
        ways = take_turns(contestants, set(), rounds)
        gap = tol * ways["ours"][0].values[-1]
        ways |= take_turns({"peer": lambda gap=gap: dual_coordinate_ascent(problem, gap, limit)}, set(), 1)
        peer = middle(ways["peer"])
        seconds, label = limit if peer is None else peer[0], "gdfast DualCoordinateAscent by itself"
        rows.append(row(name, f"proven {tol:g}", middle(ways["ours"]), goal, label, seconds, "", peer is None))
    return rows


def many_classes(quick: bool, full: bool, optima: str | None, limit: float, **unused: Any) -> dict[str, Any]:
    """Softmax of many classes on embeddings in float16: passes, beside those of L-BFGS without P."""
    import gdfast as gd

    n, d, k = (2_000, 64, 20) if quick else (100_000, 768, 1_000) if full else (10_000, 768, 100)
    X, y = embeddings(n, d, k)
    name = f"made-up embeddings {n:,} x {d:,}, {k:,} classes, float16"
    problem = Problem(f"softmax {name}", X, y, "CrossEntropy", 1 / (2 * n))
    low = (1 + 1e-3) * optimum(problem, optima)
    ours = solve(problem, 1e-2, low).within(low)
    plain = minimize(problem, gd.LBFGS(memory=10), low, 3_000, step=gd.StrongWolfe()).within(low)
    found = row(f"softmax, {name}", "within 0.001", ours, "", "gdfast LBFGS without P", plain and plain[0])
    if ours is not None and plain is not None:
        found["peer"] += f", {plain[1]:.0f} passes: {plain[1] / ours[1]:.1f} times as many (goal: 8)"
    return {"rows": [found]}


CASES: dict[str, Callable[..., dict[str, Any]]] = {
    "cifar": cifar_softmax,
    "mnist": mnist_softmax,
    "squared_hinge": squared_hinge,
    "regression": regression,
    "newsgroups": news_softmax,
    "hinge": mnist_hinge,
    "cifar_hinge": cifar_hinge,
    "embeddings": many_classes,
}


if __name__ == "__main__":
    main()
