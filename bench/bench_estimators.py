"""GDClassifier as it comes, on data as it is, against scikit-learn's linear classifiers: accuracy, seconds, memory.

Each contestant has a process of its own. Seconds are those of fit (for scikit-learn's classifiers with the scaling that
they need), the least of three where it takes less than three; memory is by how much fit raises the peak of the process.
LogisticRegression and SGDClassifier are stopped after so many iterations as the table says, so that it shows when
they arrive at which accuracy.

The last table: scikit-learn's bundled sets, raw, x 1e-6 and x 1e6, and dna, by 5-fold cross-validation, against
LogisticRegression (C = 1) after StandardScaler on the raw ones.

    python bench/bench_estimators.py [--data FOLDER] [--quick] [--json] [--threads 1 2]

FOLDER holds CIFAR-10's data_batch_*.bin and 20 newsgroups as news20_train.npz, news20_test.npz, news20_labels.npz, or
folders with them.
"""

from __future__ import annotations

import argparse
import json
import resource
import time
import warnings
from typing import Any

import common
from estimator_data import BUNDLED, UNITS, contestants, load, small

ROUNDS, LONG = 3, 3.0


def main() -> None:
    def add(parser: argparse.ArgumentParser) -> None:
        parser.add_argument("--data", help="folder with CIFAR-10 and 20 newsgroups; default: made-up images only")
        parser.add_argument("--only", nargs="+", metavar="SET", help="images, CIFAR-10, '20 newsgroups', bundled")
        parser.set_defaults(threads=[2] if len(common.usable_cpus()) > 1 else [1])

    chosen = common.arguments(__doc__, add)
    if chosen.case is not None:
        measured = (bundled if chosen.case["name"] == "bundled" else measure)(**chosen.case, threads=chosen.threads[0])
        print(json.dumps(measured))
        return
    facts, results = common.machine(), []
    if not chosen.json:
        print(common.describe(facts))
    names = ["images", *(("CIFAR-10", "20 newsgroups") if chosen.data else ()), "bundled"]
    for threads in chosen.threads:
        for name in [name for name in names if chosen.only is None or name in chosen.only]:
            case = {"name": name, "data": chosen.data, "quick": chosen.quick}
            rows = [
                common.run_apart(__file__, case | {"contestant": contestant}, threads)
                for contestant in (["all"] if name == "bundled" else contestants(name, chosen.quick))
            ]
            results.append({"name": name, "threads": threads, "rows": rows})
            if not chosen.json:
                print(report(results[-1]), flush=True)
    if chosen.json:
        print(json.dumps({"machine": facts, "results": results}, indent=2))


def measure(name: str, contestant: str, data: str | None, quick: bool, threads: int) -> dict[str, Any]:
    """Train one contestant on one data set."""
    warnings.simplefilter("ignore")  # peers that are stopped early say so
    split, make = load(name, data, quick), contestants(name, quick)[contestant]
    make(threads).fit(split.X[:200], split.y[:200])  # imports and the like
    before, seconds = peak_megabytes(), []
    while len(seconds) < ROUNDS and sum(seconds) < LONG:
        model = make(threads)
        start = time.perf_counter()
        model.fit(split.X, split.y)
        seconds.append(time.perf_counter() - start)
    after = peak_megabytes()
    start = time.perf_counter()
    accuracy = model.score(split.X_held, split.y_held)
    return {
        "contestant": contestant,
        "shape": list(split.X.shape),
        "held_out_accuracy": float(accuracy),
        "fit_seconds": min(seconds),
        "predict_seconds": time.perf_counter() - start,
        "fit_megabytes": after - before,
    }


def peak_megabytes() -> float:
    """The most memory that this process has had."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def bundled(name: str, contestant: str, data: str | None, quick: bool, threads: int) -> dict[str, Any]:
    """Cross-validated accuracy on the small sets, in three units, and the log loss of the probabilities."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.metrics import log_loss
    from sklearn.model_selection import StratifiedKFold, cross_val_predict, cross_val_score
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    from gdfast.estimators import GDClassifier

    folds = StratifiedKFold(5, shuffle=True, random_state=0)
    found: dict[str, dict[str, Any]] = {}
    for each in BUNDLED[1:3] if quick else BUNDLED:
        rows = small(each, data)
        if rows is None:
            continue
        X, y = rows
        peer = make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000))
        line: dict[str, Any] = {"LogisticRegression, scaled": float(cross_val_score(peer, X, y, cv=folds).mean())}
        for title, model in (("LogisticRegression", peer), ("cross_entropy", GDClassifier(random_state=0))):
            probabilities = cross_val_predict(model, X, y, cv=folds, method="predict_proba")
            line[f"{title}, log loss"] = float(log_loss(y, probabilities))
        for loss in ("cross_entropy", "hinge"):
            model = GDClassifier(loss, random_state=0)
            line[loss] = [float(cross_val_score(model, X * unit, y, cv=folds).mean()) for unit in UNITS]
            line[f"{loss}, ms of a fit"] = least_milliseconds(model, X, y)
        line["LogisticRegression, ms of a fit"] = least_milliseconds(peer, X, y)
        found[each] = line
    return {"contestant": contestant, "sets": found}


def least_milliseconds(model: Any, X: Any, y: Any) -> float:
    """Of a fit, the least of five."""
    seconds = []
    for _ in range(5):
        start = time.perf_counter()
        model.fit(X, y)
        seconds.append(time.perf_counter() - start)
    return 1e3 * min(seconds)


def report(result: dict[str, Any]) -> str:
    """One table."""
    title = f"\n{result['name']}, {result['threads']} threads"
    if result["name"] == "bundled":
        header = ["set", "LR scaled", *(f"{loss} {unit:g}" for loss in ("CE x", "hinge x") for unit in UNITS)]
        header += ["log loss: LR", "CE", "ms: LR", "CE", "hinge"]
        rows = [
            [name, f"{line['LogisticRegression, scaled']:.4f}",
             *(f"{value:.4f}" for loss in ("cross_entropy", "hinge") for value in line[loss]),
             f"{line['LogisticRegression, log loss']:.4f}", f"{line['cross_entropy, log loss']:.4f}",
             line["LogisticRegression, ms of a fit"], line["cross_entropy, ms of a fit"], line["hinge, ms of a fit"]]
            for name, line in result["rows"][0]["sets"].items()
        ]  # fmt: skip
        return f"{title}\n{common.table(header, rows)}"
    unit = next(row["fit_seconds"] for row in result["rows"] if row["contestant"] == "GDClassifier(cross_entropy)")
    rows = [
        [row["contestant"], f"{row['held_out_accuracy']:.4f}", row["fit_seconds"], row["fit_seconds"] / unit,
         row["predict_seconds"], row["fit_megabytes"]]
        for row in result["rows"]
    ]  # fmt: skip
    shape = " x ".join(f"{size:,}" for size in result["rows"][0]["shape"])
    header = ["contestant", "held-out accuracy", "fit s", "/ GDClassifier(cross_entropy)", "predict s", "fit MB"]
    return f"{title}, {shape}\n{common.table(header, rows)}"


if __name__ == "__main__":
    main()
