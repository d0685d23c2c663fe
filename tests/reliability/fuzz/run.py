"""Fuzz one of gdfast's parsers or loaders: `python tests/reliability/fuzz/run.py TARGET --executions 1000000`.

With atheris (`pip install atheris`) libFuzzer mutates and follows what the Python code covers; without it, or with
`--plain`, the project's own mutator does, in children that may crash. Without a TARGET the targets are listed. An input
that shows a fault is kept in `--findings`, and told; the exit code is then 1.
"""

from __future__ import annotations

import argparse
import itertools
import random
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

sys.path.insert(0, str(Path(__file__).parents[2]))
FAST = Path("/dev/shm")
"""A folder in memory, where there is one: what is written for each execution need reach no disk."""
MEMORY = 2048
"""Megabytes, for libFuzzer's limit."""


def plainly(name: str, first: int, n: int) -> list[tuple[bytes, str]]:
    """Inputs first, first + 1, ... of a target's, and what is wrong with each that shows a fault."""
    from reliability.child import run_all
    from reliability.fuzz.every import TARGETS
    from reliability.fuzz.mutations import mutated

    target = TARGETS[name]
    seeds = target.seeds()

    def content(i: int) -> bytes:
        return mutated(seeds, target.tokens, random.Random(f"{name} {first + i}"))

    with TemporaryDirectory(dir=FAST if FAST.is_dir() else None) as folder:
        outcomes = run_all(n, lambda i: target.fault_of(content(i), Path(folder)))
    return [(content(i), str(outcome)) for i, outcome in enumerate(outcomes) if outcome is not None]


def _with_atheris(name: str, executions: int, findings: Path) -> None:
    """Ends the process: with 0 after so many executions, otherwise at the first fault."""
    import atheris

    with atheris.instrument_imports(include=["gdfast"]):
        import gdfast.datasets
        import gdfast.model  # noqa: F401
    from reliability.fuzz.every import TARGETS

    target = TARGETS[name]
    folder, corpus = (TemporaryDirectory(dir=FAST if FAST.is_dir() else None) for _ in range(2))
    for i, seed in enumerate(target.seeds()):
        (Path(corpus.name) / str(i)).write_bytes(seed)
    tokens = Path(folder.name) / "tokens"
    escaped = ("".join(f"\\x{byte:02x}" for byte in token) for token in target.tokens if token)
    tokens.write_text("".join(f'"{token}"\n' for token in escaped))

    def one(content: bytes) -> None:
        fault = target.fault_of(content, Path(folder.name))
        assert fault is None, fault

    settings = [f"-runs={executions}", f"-rss_limit_mb={MEMORY}", "-timeout=20", "-max_len=20000", "-verbosity=1"]
    places = [f"-artifact_prefix={findings}/{name}-", f"-dict={tokens}", corpus.name]
    atheris.Setup([sys.argv[0], *settings, *places], one)
    atheris.Fuzz()


def main() -> int:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("target", nargs="?")
    parser.add_argument("--executions", type=int, default=1_000_000)
    parser.add_argument("--findings", type=Path, default=Path("findings"))
    parser.add_argument("--first", type=int, default=0, help="where the plain mutator's numbers begin")
    parser.add_argument("--plain", action="store_true", help="the project's own mutator, even where there is atheris")
    given = parser.parse_args()
    given.findings.mkdir(exist_ok=True)
    if given.target and not given.plain:
        try:
            _with_atheris(given.target, given.executions, given.findings)
        except ImportError:
            print("atheris is not installed: the plain mutator runs")
    from reliability.fuzz.every import TARGETS

    if given.target not in TARGETS:
        print("\n".join(TARGETS))
        return 0 if given.target is None else 2
    begun, faults, step = time.monotonic(), 0, 20_000
    for start in range(given.first, given.first + given.executions, step):
        found = plainly(given.target, start, min(step, given.first + given.executions - start))
        for i, (content, fault) in zip(itertools.count(faults), found, strict=False):
            print(f"{given.target}-{i}: {fault}")
            (given.findings / f"{given.target}-{i}").write_bytes(content)
        faults += len(found)
        done = min(start + step - given.first, given.executions)
        print(f"{given.target}: {done:,} executions, {faults} faults, {time.monotonic() - begun:.0f} s", flush=True)
    return int(faults > 0)


if __name__ == "__main__":
    sys.exit(main())
