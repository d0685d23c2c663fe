#!/usr/bin/env python3
"""Mutation testing: do the tests notice when a formula is wrong?

    python tools/mutate.py [FAMILY ...] [--share 0.05] [--seed 0] [--count N] [--limit SECONDS] [--marks 'not slow']

Changes one operator, constant, comparison, sign ... of a source at a time (tools/mutation/), and runs the tests of its
family (tools/mutation/families.toml) until one fails: the quick ones, then all that are not slow. Takes a share of all
mutants, always the same for a seed; what has been run stands in build/mutants/results.jsonl and is not run again (with
--again, survivors are). Mutants of Python live in a forked process's memory; those of C in a library of one instruction
set, `baseline`, that is built in build/mutants. Prints the survivors that tests/reliability/survivors.toml does not
explain, and fails where there are any. Needs what `pip install --no-build-isolation -e '.[dev]'` installs.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import resource
import signal
import sys
import time
import tomllib
import traceback
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from mutation import c_mutants, python_mutants
from mutation.kernels import Kernels
from mutation.loading import import_kernels, import_tree

ROOT = Path(__file__).parents[1]
FAMILIES = tomllib.loads((ROOT / "tools/mutation/families.toml").read_text())
EXPLAINED = ROOT / "tests/reliability/survivors.toml"
WALL_SECONDS = 1200
NO_TESTS_RAN = 5


@dataclass(frozen=True)
class Case:
    """A mutant of a file, before it is made."""

    family: str
    file: str
    line: int
    kind: str
    before: str
    after: str
    key: str
    row: str

    def text(self) -> str:
        """As survivors.toml names it."""
        return f"{self.file}: {self.row}: {self.before} -> {self.after}"


def cases(family: str) -> Iterator[tuple[Case, Any]]:
    """All mutants of a family's sources."""
    for pattern in FAMILIES[family]["sources"]:
        for path in sorted((ROOT / FAMILIES[family]["folder"]).glob(pattern)):
            file, source = path.relative_to(ROOT).as_posix(), path.read_text()
            rows = source.split("\n")
            language = python_mutants if path.suffix == ".py" else c_mutants
            for mutant in language.mutants(source):
                one = (file, mutant.number, mutant.kind, mutant.before, mutant.after)
                key = hashlib.sha256(repr(one).encode()).hexdigest()[:16]
                yield (
                    Case(
                        family,
                        file,
                        mutant.line,
                        mutant.kind,
                        mutant.before,
                        mutant.after,
                        key,
                        rows[mutant.line - 1].strip(),
                    ),
                    mutant,
                )


def chosen(family: str, share: float, seed: int) -> list[tuple[Case, Any]]:
    """A share of them, in an order that the seed makes: whoever stops early has seen some of every file."""

    def place(case: Case) -> float:
        return int(hashlib.sha256(f"{seed} {case.key}".encode()).hexdigest()[:12], 16) / 16**12

    found = [(place(case), number, case, mutant) for number, (case, mutant) in enumerate(cases(family))]
    return [(case, mutant) for at, _, case, mutant in sorted(found, key=lambda one: one[:2]) if at < share]


def cpu_seconds() -> float:
    """Of the children that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def outcome_of(mutant: Any, file: str, tests: list[str], marks: str, kernels: Kernels, most: float) -> str:
    """killed, survived, or what went wrong; `most`: seconds of the processor, after which the tests are ended."""
    library = None
    if file.startswith("src/"):
        library = kernels.with_change(file, (ROOT / file).read_text() if mutant is None else mutant.source)
        if library is None:
            return "killed by the compiler"
    log = kernels.folder / f"{os.getpid()}.txt"
    child = os.fork()
    if child == 0:
        _run_tests(mutant, file, library, tests, marks, log, int(most))
    begin = time.monotonic()
    while True:
        ended, status = os.waitpid(child, os.WNOHANG)
        if ended:
            break
        if time.monotonic() - begin > WALL_SECONDS:
            os.killpg(child, signal.SIGKILL)
        time.sleep(0.05)
    code = os.waitstatus_to_exitcode(status)
    if code == NO_TESTS_RAN:
        raise RuntimeError(f"no tests ran: {tests}")
    if code == 0:
        return "survived"
    return "killed" if code > 0 else f"killed by {signal.Signals(-code).name}"


def _run_tests(
    mutant: Any, file: str, library: Path | None, tests: list[str], marks: str, log: Path, most: int
) -> None:
    """In the forked process, which this ends."""
    try:
        os.setpgid(0, 0)
        resource.setrlimit(resource.RLIMIT_CPU, (most, most))
        output = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        os.dup2(output, 1)
        os.dup2(output, 2)
        if library is not None:
            import_kernels(str(library))
        elif mutant is not None:
            import_tree(file.removesuffix(".py").removesuffix("/__init__").replace("/", "."), mutant.tree())
        import pytest

        marked = ["-m", marks] if marks else []
        options = [
            "-W",
            "ignore::pytest.PytestAssertRewriteWarning",
            "-x",
            "-n0",
            "-q",
            "-p",
            "no:cacheprovider",
            "-o",
            "timeout=600",
            "--no-header",
            *marked,
        ]
        code = int(pytest.main([*options, *tests]))
        sys.stdout.flush()
    except BaseException:
        traceback.print_exc()
        code = 1
    os._exit(code)


def main() -> int:
    """The command line; 1 where a survivor is not explained."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("families", nargs="*", metavar="FAMILY", help=", ".join(FAMILIES))
    parser.add_argument("--share", type=float, default=0.05)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--count", type=int, default=None, help="mutants of each family at most")
    parser.add_argument("--folder", type=Path, default=ROOT / "build/mutants", help="results, and what is built")
    parser.add_argument("--limit", type=float, default=float("inf"), help="seconds for each family")
    parser.add_argument("--marks", default="", help="of the tests, as pytest's -m")
    parser.add_argument("--again", action="store_true", help="run survivors again")
    asked = parser.parse_args()
    os.chdir(ROOT)
    asked.folder.mkdir(parents=True, exist_ok=True)
    results = asked.folder / "results.jsonl"
    os.environ.update(GDFAST_ISA="baseline", OPENBLAS_NUM_THREADS="1", MPLBACKEND="Agg")
    import hypothesis  # noqa: F401, what every child would import
    import numpy  # noqa: F401
    import scipy.optimize
    import scipy.sparse.linalg  # noqa: F401

    known = {one["key"]: one for one in map(json.loads, results.read_text().splitlines())} if results.exists() else {}
    kernels = Kernels(ROOT, asked.folder)
    for family in asked.families or FAMILIES:
        tests, begin, most = FAMILIES[family]["tests"], time.monotonic(), 0.0
        for case, mutant in chosen(family, asked.share, asked.seed)[: asked.count]:
            was = known.get(case.key)
            if was is not None and not (asked.again and was["outcome"] == "survived"):
                continue
            if time.monotonic() - begin > asked.limit:
                break
            if most == 0:
                before = cpu_seconds()
                if outcome_of(None, case.file, tests, asked.marks, kernels, 1000) != "survived":
                    raise SystemExit(f"{family}: the tests fail without any mutant, see {asked.folder}")
                most = 2 * (cpu_seconds() - before) + 5
            outcome = outcome_of(mutant, case.file, tests, asked.marks, kernels, most)
            if outcome == "survived" and not asked.marks:  # of what the quick tests, a share, do not notice
                outcome = outcome_of(mutant, case.file, tests, "not slow", kernels, 20 * most)
            known[case.key] = {**asdict(case), "outcome": outcome}
            with results.open("a") as file:
                file.write(json.dumps(known[case.key]) + "\n")
    families = asked.families or list(FAMILIES)
    shown = [case for family in families for case, _ in chosen(family, asked.share, asked.seed)[: asked.count]]
    return report([(case, known[case.key]["outcome"]) for case in shown if case.key in known])


def report(outcomes: list[tuple[Case, str]]) -> int:
    """A line for each family, and the survivors without an explanation."""
    explained = {text for group in tomllib.loads(EXPLAINED.read_text())["group"] for text in group["survivors"]}
    left = [case for case, outcome in outcomes if outcome == "survived" and case.text() not in explained]
    for case in left:
        print(f"{case.file}:{case.line}: {case.kind}\n  - {case.before}\n  + {case.after}")
    for family in FAMILIES:
        found = Counter(
            "unexplained" if case in left else "explained" if outcome == "survived" else "killed"
            for case, outcome in outcomes if case.family == family
        )  # fmt: skip
        if found:
            counts = ", ".join(f"{found[name]} {name}" for name in ("killed", "explained", "unexplained"))
            print(f"{family}: {found.total()} mutants, {counts}")
    return 1 if left else 0


if __name__ == "__main__":
    sys.exit(main())
