"""One row and a few rows through `predict`: microseconds beside NumPy's own product with the same weights.

The floor is `W @ x` of NumPy and the BLAS it runs on: a product with the weights and nothing else, no check, no bias
and no largest score. Threads are those of BLAS and of gdfast; the least of many rounds, which take turns.

    python bench/bench_predict.py [--quick] [--json] [--threads 1]
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any

import common
import numpy as np

Array = np.ndarray[Any, Any]

CASES = [(k, d, dtype) for k, d in ((3, 20), (10, 784), (1000, 768)) for dtype in ("float64", "float32")]
ROWS = (1, 2, 4, 8, 16)


def main() -> None:
    chosen = common.arguments(__doc__)
    if chosen.case is not None:
        print(json.dumps(measure(**chosen.case)))
        return
    facts, results = common.machine(), []
    for threads in chosen.threads:
        for k, d, dtype in CASES:
            case = {"k": k, "d": d, "dtype": dtype, "quick": chosen.quick}
            results.append({"threads": threads, **case, **common.run_apart(__file__, case, threads)})
    if chosen.json:
        print(json.dumps({"machine": facts, "results": results}, indent=2))
        return
    print(common.describe(facts))
    for threads in chosen.threads:
        print(f"\n## Microseconds of one call, {threads} thread{'s' * (threads > 1)}\n")
        names = list(results[0]["microseconds"]["1"])
        header = ["weights", "rows", *names, "Model.predict / NumPy"]
        rows = [
            [f"{r['k']:,} x {r['d']}, {r['dtype']}", n, *(times.get(name) for name in names),
             times["Model.predict"] / times["NumPy, W @ x"]]
            for r in results if r["threads"] == threads for n, times in r["microseconds"].items()
        ]  # fmt: skip
        print(common.table(header, rows))


def measure(k: int, d: int, dtype: str, quick: bool) -> dict[str, Any]:
    """The least microseconds of a call, by the number of rows and contestant."""
    import gdfast as gd

    rng = np.random.default_rng(0)
    W = rng.normal(size=(k, d + 1)).astype(dtype)
    model = gd.Model(W, gd.CrossEntropy())
    plain = np.ascontiguousarray(W[:, :-1])
    estimators = fitted(model)
    found = {}
    for n in ROWS:
        X = rng.normal(size=(n, d)).astype(dtype)
        contestants: dict[str, Callable[[], Any]] = {
            "NumPy, W @ x": (lambda x=X[0]: plain @ x) if n == 1 else (lambda x=X: x @ plain.T),
            "Model.scores": lambda x=X: model.scores(x),
            "Model.predict": lambda x=X: model.predict(x),
        }
        contestants |= {name: (lambda x=X, of=of: of.predict(x)) for name, of in estimators.items()}
        expected = (X @ plain.T + W[:, -1]).argmax(axis=1)
        for name, call in contestants.items():
            if name.endswith("predict") and not np.array_equal(call(), expected):
                raise SystemExit(f"{name} predicts something else than NumPy")
        found[n] = least(contestants, rounds=3 if quick else 60)
    return {"microseconds": found}


def fitted(model: Any) -> dict[str, Any]:
    """Estimators with the model's weights, where there is scikit-learn."""
    try:
        from sklearn.linear_model import LogisticRegression
    except ImportError:
        return {}
    peer = LogisticRegression()
    peer.classes_, peer.n_features_in_ = np.arange(len(model.W)), model.n_features
    peer.coef_, peer.intercept_ = (np.array(part, dtype=model.W.dtype) for part in (model.W[:, :-1], model.W[:, -1]))
    return {"GDClassifier.predict": model.to_sklearn(), "LogisticRegression.predict": peer}


def least(contestants: dict[str, Callable[[], Any]], rounds: int) -> dict[str, float]:
    """Microseconds of a call, the least of rounds of some calls one after another, which take turns."""
    best = dict.fromkeys(contestants, np.inf)
    for _ in range(rounds + 1):
        for name, call in contestants.items():
            common.settle(0.001)
            call()
            times = 1 + int(300e-6 / common.time_once(call))
            start = time.perf_counter()
            for _ in range(times):
                call()
            best[name] = min(best[name], 1e6 * (time.perf_counter() - start) / times)
    return best


if __name__ == "__main__":
    main()
