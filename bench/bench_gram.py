"""The Gram matrix of the rows, for each type of data: 9,000 rows of 3,072 features and 60,000 rows of 784.

`LinearObjective.gram()` against NumPy's own product `X.T @ X`, which computes one half of the matrix too (BLAS's syrk).
float16 and uint8, which BLAS does not multiply, are converted to float32 in NumPy's time, all at once or block after
block, whichever is quicker. uint8 stands beside the integer multiply floor as well: how long the multiplications of
pairs of 16-bit numbers (pmaddwd, 16 products at a time) would take with nothing else to do, their sums left out, as a
small loop of them measures in the same rounds (where a C compiler and AVX2 are at hand). On one thread seconds are
processor time, since other programs may run; on more, time as it passes.

    python bench/bench_gram.py [--quick] [--json] [--threads 1 2]
"""

from __future__ import annotations

import ctypes
import json
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import common
import numpy as np
from bench_full_batch import instruction_set

Array = np.ndarray[Any, Any]

SHAPES = [(9000, 3072), (60_000, 784)]
DTYPES = ["uint8", "uint8, weighted rows", "float16", "float32", "float64"]
BLOCK = 2048  # rows that are converted at a time
PRODUCTS = 16 * 12  # of a turn of the loop below
LOOP = """
#include <immintrin.h>
void multiply(long turns) {
    __m256i sums[12], x = _mm256_set1_epi16(3);
    for (int i = 0; i < 12; i++) sums[i] = _mm256_set1_epi16(i);
    while (turns--)
#pragma GCC unroll 12
        for (int i = 0; i < 12; i++) sums[i] = _mm256_madd_epi16(sums[i], x);
    for (int i = 0; i < 12; i++) __asm__ volatile("" ::"x"(sums[i]));
}
"""


def main() -> None:
    chosen = common.arguments(__doc__)
    if chosen.case is not None:
        print(json.dumps(measure(**chosen.case, threads=chosen.threads[0])))
        return
    facts, results = common.machine(), []
    if not chosen.json:
        print(common.describe(facts))
    for shape in SHAPES:
        for threads in chosen.threads:
            size = (shape[0] // 10, shape[1] // 4) if chosen.quick else shape
            cases = [{"shape": size, "kind": kind, "quick": chosen.quick} for kind in DTYPES]
            found = [{**case, **common.run_apart(__file__, case, threads)} for case in cases]
            results.append({"shape": size, "threads": threads, "kinds": found})
            if not chosen.json:
                print(report(results[-1]), flush=True)
    if chosen.json:
        print(json.dumps({"machine": facts, "results": results}, indent=2))


def measure(shape: list[int], kind: str, quick: bool, threads: int) -> dict[str, Any]:
    """One type of data, in a process that has just so many threads."""
    import gdfast as gd

    blas = common.blas()
    n, d = shape
    rng = np.random.default_rng(0)
    dtype = kind.split(",")[0]
    pixels = rng.integers(0, 256, (n, d), dtype=np.uint8)
    X = pixels if dtype == "uint8" else (pixels / np.float32(255)).astype(dtype)
    weights = 0.5 + rng.random(n) if "weighted" in kind else None
    objective = gd.LinearObjective(X, np.arange(n) % 2, bias=False)
    contestants: dict[str, Callable[[], Any]] = {
        "gdfast": lambda: objective.gram(weights),
        **numpy_products(X, weights),
    }
    errors = {name: error(call(), X, weights) for name, call in contestants.items()}
    if max(errors.values()) > 1e-3:
        raise SystemExit(f"not all compute the same: {errors}")
    turns = round(0.5 * n * d * d / PRODUCTS)
    multiply = multiplications() if kind == "uint8" else None
    if multiply is not None:
        contestants["floor"] = lambda: multiply(turns // threads)
    clock = time.process_time if threads == 1 else time.perf_counter
    timings = common.interleave(contestants, 3 if quick else 5, clock)
    floor = timings.pop("floor", None)
    return {
        "gdfast_runs": instruction_set(),
        "blas": blas,
        "milliseconds": {name: 1e3 * timing.best for name, timing in timings.items()},
        "floor_ms": None if floor is None else 1e3 * floor.best,
        "errors": errors,
    }


def numpy_products(X: Array, weights: Array | None) -> dict[str, Callable[[], Array]]:
    """By BLAS, in float64 where X is, else in float32."""
    n, is_converted = len(X), X.dtype not in (np.float32, np.float64)
    roots = None if weights is None else np.sqrt(weights / n).astype(np.float32)[:, None]

    def product(part: slice) -> Array:
        Z = X[part].astype(np.float32) if is_converted else X[part]
        if roots is not None:
            Z *= roots[part]
        return np.asarray(Z.T @ Z)

    def whole() -> Array:
        G = product(slice(None))
        return G if roots is not None else G * (1 / n)

    def in_blocks() -> Array:
        G = product(slice(0, BLOCK))
        for first in range(BLOCK, n, BLOCK):
            G += product(slice(first, first + BLOCK))
        return G if roots is not None else G * (1 / n)

    return {"NumPy": whole, **({"NumPy, blocks of rows": in_blocks} if is_converted else {})}


def error(G: Array, X: Array, weights: Array | None) -> float:
    """The largest, relative to the root of the two diagonal elements, on a hundred columns."""
    Z = X[:, :: max(1, X.shape[1] // 100)].astype(np.float64)
    some = Z.T @ (Z if weights is None else weights[:, None] * Z) / len(X)
    sizes = np.sqrt(np.diag(some))
    step = max(1, X.shape[1] // 100)
    return float((np.abs(G[::step, ::step] - some) / np.outer(sizes, sizes)).max())


def multiplications(loop: str = LOOP) -> Callable[[int], None] | None:
    """A loop of little but integer multiplications, compiled here; None without a compiler or AVX2."""
    if "avx2" not in common.machine()["instruction_sets"]:
        return None
    with tempfile.TemporaryDirectory() as folder:
        source, library = Path(folder, "loop.c"), Path(folder, "loop.so")
        source.write_text(loop, encoding="ascii")
        try:
            command = ["cc", "-O3", "-mavx2", "-shared", "-fPIC", str(source), "-o", str(library)]
            subprocess.run(command, check=True, capture_output=True)
        except (OSError, subprocess.CalledProcessError):
            return None
        multiply: Callable[[int], None] = ctypes.CDLL(str(library)).multiply
    multiply.argtypes = [ctypes.c_long]  # type: ignore[attr-defined]
    return multiply


def report(result: dict[str, Any]) -> str:
    """One table."""
    n, d = result["shape"]
    rows = []
    for found in result["kinds"]:
        times, floor = found["milliseconds"], found["floor_ms"]
        best = min((name for name in times if name != "gdfast"), key=times.__getitem__)
        products = 0.5e-6 * n * d * d / times["gdfast"]
        to_floor = None if floor is None else times["gdfast"] / floor
        rows.append(
            [found["kind"], times["gdfast"], times[best], times["gdfast"] / times[best], to_floor, products]
            + [f"{found['errors'][name]:.0e}" for name in ("gdfast", best)]
        )
    header = ["X", "gdfast, ms", "NumPy, ms", "x NumPy", "x integer floor", "G products/s", "error", "NumPy's error"]
    first = result["kinds"][0]
    return "\n".join(
        [
            f"\n### {n:,} rows of {d:,} features, {result['threads']} thread{'s' * (result['threads'] > 1)}\n",
            common.table(header, rows),
            f"\ngdfast runs {first['gdfast_runs']}; NumPy's BLAS: {'; '.join(first['blas'])}",
        ]
    )


if __name__ == "__main__":
    main()
