"""L1 to within 1e-6 of the optimum: lasso, logistic regression, softmax; dense, wide and sparse X; three strengths.

gdfast's CoordinateDescent and solve against skglm, celer, LIBLINEAR, scikit-learn's Lasso and saga. All solve the same
problem; the objective is computed apart, from its formula, and the optimum is the smallest that anybody found, beside a
run of ours to 1e-12. Each contestant's own tolerance goes down by tens until it is within 1e-6 of the optimum, and that
run is what counts: the least processor time of some rounds, in which all take turns, each library in a process of its
own, one thread. Making, checking and converting of arrays to the form that a library likes is not timed, nor what Numba
compiles; what `fit` or LinearObjective(...) themselves do is. A run that takes longer than --limit is given up, and
its contestant not asked for smaller strengths.

    python bench/bench_l1.py [--peers PYTHON] [--data FOLDER] [--quick] [--json] [--threads 1]

PYTHON is an interpreter that has skglm and celer, where this one has not; FOLDER holds news20_train.npz and
news20_labels.npz.
"""

from __future__ import annotations

import argparse
import json
import os
import queue
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

import common
import numpy as np
from l1_contestants import LIBRARIES, Array, largest_alpha, load, signs, value

WITHIN = 1e-6
SHARES = (10, 20, 100)
CASES = [
    ("correlated", "lasso"), ("correlated", "logistic"),
    ("uncorrelated", "lasso"), ("uncorrelated", "logistic"),
    ("wide", "lasso"), ("wide", "logistic"),
    ("20 newsgroups", "lasso"), ("20 newsgroups", "logistic"), ("20 newsgroups", "softmax"),
]  # fmt: skip
REPEATED = ((0.5, 3), (1.5, 1))  # a contestant that takes less than so many seconds has so many further rounds
COMPILING = 300.0
LOOKING = 0.2


class Worker:
    """A library's process: one line to it, one line back."""

    def __init__(self, name: str, python: str, chosen: argparse.Namespace) -> None:
        self.name, self.python, self.chosen = name, python, chosen
        self.process: subprocess.Popen[str] | None = None

    def start(self) -> None:
        environment = {name: text for name, text in os.environ.items() if name not in common.HANDICAPS}
        environment |= dict.fromkeys((*common.THREAD_VARIABLES, "NUMBA_NUM_THREADS"), "1")
        script = str(Path(__file__).with_name("l1_contestants.py"))
        self.process = subprocess.Popen(
            [self.python, script, self.name, self.chosen.data or "", "quick" if self.chosen.quick else ""],
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.lines: queue.Queue[str] = queue.Queue()
        threading.Thread(target=self._listen, args=(self.process, self.lines), daemon=True).start()

    @staticmethod
    def _listen(process: Any, lines: Any) -> None:
        for line in process.stdout:
            lines.put(line)
        lines.put("")

    def ask(self, request: dict[str, Any], limit: float) -> dict[str, Any] | None:
        """Its answer; None, and the process is ended, where that takes too long."""
        if self.process is None:
            self.start()
        assert self.process is not None
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps(request) + "\n")
        self.process.stdin.flush()
        line, begun = None, self.seconds()
        while line is None:
            try:
                line = self.lines.get(timeout=LOOKING)
            except queue.Empty:
                if self.seconds() - begun > limit:
                    self.stop()
                    return None
        if not line:
            raise SystemExit(f"{self.name} failed at {request}")
        answer: dict[str, Any] = json.loads(line)
        return answer

    def seconds(self) -> float:
        """Of processor time that it has used; where the system does not tell, of the clock."""
        assert self.process is not None
        try:
            with open(f"/proc/{self.process.pid}/stat", encoding="ascii") as file:
                user, system = file.read().rsplit(")", 1)[1].split()[11:13]
            return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")
        except OSError:
            return time.perf_counter()

    def stop(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None


class Race:
    """One problem: who has got how near in what time."""

    def __init__(self, task: str, X: Any, y: Array, alpha: float, folder: str, limit: float) -> None:
        self.task, self.X, self.y, self.alpha, self.limit = task, X, y, alpha, limit
        self.file = str(Path(folder) / "V.npy")
        self.optimum = np.inf

    def run(self, worker: Worker, name: str, tol: float, limit: float | None = None) -> dict[str, Any] | None:
        answer = worker.ask({"name": name, "tol": tol, "file": self.file}, self.limit if limit is None else limit)
        if answer is None:
            return None
        V = np.load(self.file)
        answer["value"] = value(self.task, self.X, self.y, self.alpha, (V, answer["bias"]))
        answer["zeros"] = int((V == 0).sum())
        answer["size"] = V.size
        answer["tol"] = tol
        self.optimum = min(self.optimum, answer["value"])
        return answer

    def is_near(self, run: dict[str, Any]) -> bool:
        return bool(run["value"] <= self.optimum * (1 + WITHIN))


def main() -> None:
    def add(parser: argparse.ArgumentParser) -> None:
        parser.add_argument("--data", help="folder with 20 newsgroups as .npz; default: random rows")
        parser.add_argument("--peers", metavar="PYTHON", default=sys.executable, help="an interpreter with the peers")
        parser.add_argument("--limit", type=float, default=None, help="seconds per run; default: 8, quick: 3")
        parser.add_argument("--only", nargs="+", default=None, help="data sets and tasks whose names hold one of these")
        parser.add_argument("--libraries", nargs="+", default=LIBRARIES, choices=LIBRARIES)
        parser.set_defaults(threads=[1])

    chosen = common.arguments(__doc__, add)
    chosen.limit = chosen.limit or (3.0 if chosen.quick else 8.0)
    facts = common.machine()
    facts["versions"] |= versions_of(chosen.peers)
    missing = [name for name in chosen.libraries if not has(chosen.peers if name != "gdfast" else sys.executable, name)]
    if not chosen.json:
        print(common.describe(facts))
        for name in missing:
            print(f"{name} is not installed, and left out")
    workers = {
        name: Worker(name, sys.executable if name == "gdfast" else chosen.peers, chosen)
        for name in chosen.libraries
        if name not in missing
    }
    results = []
    try:
        with tempfile.TemporaryDirectory() as folder:
            for data, task in CASES:
                if chosen.only is None or any(text in f"{data} {task}" for text in chosen.only):
                    results.append(measure(data, task, workers, folder, chosen))
                    if not chosen.json:
                        print(report(results[-1]), flush=True)
    finally:
        for worker in workers.values():
            worker.stop()
    if chosen.json:
        print(json.dumps({"machine": facts, "results": results}, indent=2))


def has(python: str, library: str) -> bool:
    """Whether that interpreter can import it."""
    return subprocess.run([python, "-c", f"import {library}"], capture_output=True, check=False).returncode == 0


def versions_of(python: str) -> dict[str, str]:
    """Of the peers."""
    script = (
        "import json\nfrom importlib import metadata\nfound = {}\n"
        "for name in ('skglm', 'celer', 'numba'):\n"
        "    try: found[name] = metadata.version(name)\n    except metadata.PackageNotFoundError: pass\n"
        "print(json.dumps(found))"
    )
    run = subprocess.run([python, "-c", script], capture_output=True, text=True, check=False)
    found: dict[str, str] = json.loads(run.stdout or "{}")
    return found


def measure(
    data: str, task: str, workers: dict[str, Worker], folder: str, chosen: argparse.Namespace
) -> dict[str, Any]:
    """All strengths of one problem."""
    X, targets, labels = load(data, chosen.data, chosen.quick)
    y = targets if task == "lasso" else labels if task == "softmax" else signs(labels)
    largest, points = largest_alpha(task, X, y), []
    given_up: set[str] = set()
    begins: dict[str, int] = {}  # where in its tolerances each begins: one above what the last strength asked for
    for share in SHARES:
        race = Race(task, X, y, largest / share, folder, chosen.limit)
        points.append({"share": share, **one_strength(race, data, workers, given_up, begins)})
    return {"data": data, "task": task, "n_samples": X.shape[0], "n_features": X.shape[1], "points": points}


def one_strength(
    race: Race, data: str, workers: dict[str, Worker], given_up: set[str], begins: dict[str, int]
) -> dict[str, Any]:
    """The optimum, each contestant's tolerance, then some rounds in turn."""
    request = {"task": race.task, "data": data, "alpha": race.alpha}
    field: dict[str, tuple[Worker, list[float]]] = {}
    for worker in workers.values():
        offered = worker.ask(request, COMPILING)
        assert offered is not None
        field |= {name: (worker, tolerances) for name, tolerances in offered.items()}
    exact = None
    if "gdfast CoordinateDescent" in field:
        exact = race.run(workers["gdfast"], "gdfast CoordinateDescent", 1e-12, limit=5 * race.limit)
    runs: dict[str, dict[str, Any] | None] = {}
    for name, (worker, tolerances) in field.items():
        if name in given_up:
            continue
        run = None
        for tol in tolerances[begins.get(name, 0) :]:
            run = race.run(worker, name, tol)
            if run is None or race.is_near(run):
                break
        runs[name] = run
        if run is not None:
            begins[name] = max(0, tolerances.index(run["tol"]) - 1)
        else:
            given_up.add(name)
            worker.ask(request, COMPILING)
    for turn in range(max(rounds for _, rounds in REPEATED)):
        for name, run in runs.items():
            if run is not None and any(run["seconds"] < seconds and turn < rounds for seconds, rounds in REPEATED):
                again = race.run(field[name][0], name, run["tol"])
                if again is not None:
                    run["seconds"] = min(run["seconds"], again["seconds"])
    for run in runs.values():
        if run is not None:
            run["distance"] = run["value"] / race.optimum - 1
            run["reached"] = race.is_near(run)
    return {
        "optimum": race.optimum,
        "weights": None if exact is None else exact["size"] - exact["zeros"],
        "limit": race.limit,
        "runs": runs,
    }


def report(result: dict[str, Any]) -> str:
    """A table: a contestant a row, a strength a column."""
    points = result["points"]
    names = list(dict.fromkeys(name for point in points for name in point["runs"]))
    header = ["seconds of processor time", *(f"alpha_max / {point['share']}" for point in points)]
    rows = [[name, *(written(point, name) for point in points)] for name in names]
    rows.append(["weights that are not 0", *(point["weights"] for point in points)])
    ours = [name for name in names if name.startswith("gdfast")]
    rows.append(["best peer / best of ours", *(ratio(point, ours) for point in points)])
    return (
        f"\n## {result['task']}, {result['data']}: {result['n_samples']:,} x {result['n_features']:,}, 1 thread\n\n"
        + common.table(header, rows)
    )


def written(point: dict[str, Any], name: str) -> Any:
    """Seconds, or why there are none."""
    if name not in point["runs"]:
        return ""
    run = point["runs"][name]
    if run is None:
        return f"> {point['limit']:.0f}"
    return run["seconds"] if run["reached"] else f"at {run['distance']:.0e} after {common.cell(run['seconds'])}"


def ratio(point: dict[str, Any], ours: list[str]) -> Any:
    """How many times as fast we are, in float64."""
    ends = {name: run["seconds"] for name, run in point["runs"].items() if run is not None and run["reached"]}
    mine = [seconds for name, seconds in ends.items() if name in ours and "float32" not in name]
    theirs = [seconds for name, seconds in ends.items() if name not in ours]
    return min(theirs) / min(mine) if mine and theirs else None


if __name__ == "__main__":
    main()
