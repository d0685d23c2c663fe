"""Reading a CSV of 100,000 rows, 50 numbers and a label: gdfast's `load` beside pandas' `read_csv`, in turns.

`load` through pyarrow, through pandas and by the plain reader; seconds that pass and seconds of the processors.

    python bench/bench_csv.py [--quick] [--json]
"""

from __future__ import annotations

import json
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import common
import numpy as np
import pandas as pd

from gdfast.datasets import csv_files, load, quick_csv

READERS = {"pyarrow": quick_csv._through_pyarrow, "pandas": quick_csv._through_pandas, "plain": lambda layout: None}


def main() -> None:
    chosen = common.arguments(__doc__)  # its threads are not those of the readers, which choose their own
    results = measure(chosen.quick)
    if chosen.json:
        print(json.dumps({"machine": common.machine(), "results": results}, indent=2))
        return
    rows = [[name, *(f"{seconds:.3f}" for seconds in times)] for name, times in results.items()]
    print(common.describe(common.machine()) + "\n")
    print(common.table(["100,000 x 50 and a label", "best s", "median s", "processor s"], rows))


def measure(quick: bool) -> dict[str, tuple[float, float, float]]:
    """Best and median time, and the median of the processors' time."""
    rng = np.random.default_rng(0)
    rows, rounds = (10_000, 3) if quick else (100_000, 9)
    frame = pd.DataFrame(rng.standard_normal((rows, 50))).add_prefix("c")
    frame["kind"] = rng.choice(["a", "b", "c"], rows)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "t.csv"
        frame.to_csv(path, index=False)
        contestants: dict[str, Callable[[], Any]] = {"pandas.read_csv": lambda: pd.read_csv(path)}
        contestants |= {f"load, through {name}": lambda name=name: through(name, path) for name in READERS}
        times: dict[str, list[tuple[float, float]]] = {name: [] for name in contestants}
        for k in range(rounds):
            for name, run in contestants.items():
                if "plain" not in name or k < 2:
                    begun, used = time.perf_counter(), time.process_time()
                    run()
                    times[name].append((time.perf_counter() - begun, time.process_time() - used))
    return {
        name: (min(t for t, _ in each), float(np.median([t for t, _ in each])), float(np.median([u for _, u in each])))
        for name, each in times.items()
    }


def through(name: str, path: Path) -> Any:
    """The data set, through one of the readers."""
    csv_files.quick_parser = READERS[name]
    return load(path)


if __name__ == "__main__":
    main()
