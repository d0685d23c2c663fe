"""What a step of `minimize` costs besides its arithmetic: Python's share, in the Python loop and in compiled steps.

Plain: a function of two weights that NumPy computes in less than 2 microseconds; its own time is taken off. Compiled:
single rows of two features, kernel included. scikit-learn's and PyTorch's steps on the same rows stand beside them.

    python bench/bench_overhead.py [--quick] [--json] [--threads 1]
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any

import common
import numpy as np

GOALS = {"plain": 15.0, "compiled": 1.0}


def main() -> None:
    chosen = common.arguments(__doc__, lambda parser: parser.set_defaults(threads=[1]))
    if chosen.case is not None:
        print(json.dumps(measure(**chosen.case)))
        return
    facts, results = common.machine(), common.run_apart(__file__, {"quick": chosen.quick}, chosen.threads[0])
    if chosen.json:
        print(json.dumps({"machine": facts, "results": results}, indent=2))
        return
    rows = [[name, us, GOALS.get(name.split(",")[0], "")] for name, us in results.items()]
    print(common.describe(facts) + "\n")
    print(common.table(["a step of", "microseconds", "goal"], rows))


def measure(quick: bool) -> dict[str, float]:
    """Microseconds a step, the best of several runs."""
    import gdfast as gd

    steps, rounds = (2000, 2) if quick else (20_000, 7)
    w0 = np.array([3.0, -4.0])
    bowl = gd.FunctionObjective(lambda w: float(w @ w), lambda w: 2 * w)
    alone = best(lambda: [bowl.value_and_gradient(w0) for _ in range(steps)], rounds)
    plain = best(lambda: gd.minimize(bowl, w0, step=1e-7, max_steps=steps, gtol=0.0), rounds)
    found = {"plain, the function's own time taken off": 1e6 * (plain - alone) / steps}

    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(1000, 2)).astype(np.float32), rng.integers(0, 2, 1000)
    objective, W0 = gd.LinearObjective(X, y, gd.Hinge()), np.zeros((2, 3), np.float32)
    epochs = steps // 100
    rows = gd.MiniBatches(1, seed=0)
    compiled = best(lambda: gd.minimize(objective, W0, step=0.01, batches=rows, epochs=epochs, gtol=0.0), rounds)
    found["compiled, kernel included"] = 1e6 * compiled / (epochs * len(y))
    return found | peers(X, y, 2 if quick else 20, rounds)


def peers(X: Any, y: Any, epochs: int, rounds: int) -> dict[str, float]:
    """The same rows one by one."""
    found = {}
    try:
        from sklearn.linear_model import SGDClassifier

        def fit() -> Any:
            return SGDClassifier(max_iter=epochs, tol=None, random_state=0).fit(X, y)

        found["scikit-learn SGDClassifier"] = 1e6 * best(fit, rounds) / (epochs * len(y))
    except ImportError:
        pass
    try:
        import torch
    except ImportError:
        return found
    torch.set_num_threads(1)
    rows, labels = torch.from_numpy(X), torch.from_numpy(y)
    W = torch.zeros((2, 2), requires_grad=True)
    optimizer = torch.optim.SGD([W], lr=0.01)

    def loop() -> None:
        for i in range(len(y)):
            optimizer.zero_grad()
            torch.nn.functional.multi_margin_loss(rows[i : i + 1] @ W.T, labels[i : i + 1]).backward()
            optimizer.step()

    found["PyTorch SGD"] = 1e6 * best(loop, 2) / len(y)
    return found


def best(run: Callable[[], Any], rounds: int) -> float:
    """Seconds of the quickest of some runs, the first of them not counted."""
    run()
    seconds = []
    for _ in range(rounds):
        start = time.perf_counter()
        run()
        seconds.append(time.perf_counter() - start)
    return min(seconds)


if __name__ == "__main__":
    main()
