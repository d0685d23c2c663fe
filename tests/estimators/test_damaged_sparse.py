"""Damaged sparse X is refused with its place, by every method, before anything reads where a wrong index says.

In a process of its own, which may crash.
"""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

pytest.importorskip("sklearn")

CODE = """
import json, warnings
import numpy as np, scipy.sparse as sp
from gdfast.estimators import GDClassifier, GDRegressor

warnings.simplefilter("ignore")
X = sp.random(30, 5, 0.5, format="csr", random_state=0)
y = np.random.default_rng(0).integers(0, 3, 30)
FITTED = [kind(random_state=0, min_steps=50).fit(X, y) for kind in (GDClassifier, GDRegressor)]


def damaged(what, place, value):
    copy = X.copy()
    getattr(copy, what)[place] = value
    return copy


def methods(model):
    fresh = type(model)
    name, first = fresh.__name__, {"classes": [0, 1, 2]} if fresh is GDClassifier else {}
    yield f"{name}.fit", lambda Z: fresh().fit(Z, y)
    yield f"{name}.partial_fit", lambda Z: fresh().partial_fit(Z, y, **first)
    yield f"{name}.predict", model.predict
    yield f"{name}.score", lambda Z: model.score(Z, y)
    if fresh is GDClassifier:
        yield f"{name}.decision_function", model.decision_function


CASES = {
    "index -1": (damaged("indices", 3, -1), "X.indices must be in [0, 5); X.indices[3] is -1"),
    "index -2**31": (damaged("indices", 3, -(2**31)), "X.indices[3] is -2147483648"),
    "index too high": (damaged("indices", 3, 10**6), "X.indices[3] is 1000000"),
    "indptr too high": (damaged("indptr", 4, 10**7), "X.indptr must not decrease; X.indptr[5] is"),
    "indptr ends too high": (damaged("indptr", -1, 10**6), "X.indptr must end within the 75 entries of X.data"),
    "indptr falls": (damaged("indptr", 4, 1), "X.indptr must not decrease; X.indptr[4] is 1"),
    "indptr starts late": (damaged("indptr", 0, 1), "X.indptr must start at 0; it starts at 1"),
}
coo, csc = X.tocoo(), X.tocsc()
coo.col[2] = csc.indices[2] = 10**7
for name, other in (("COO", coo), ("CSC", csc)):
    CASES[f"{name}, index too high"] = other, "X must be a sparse matrix whose indices fit its shape (30, 5)"

for model in FITTED:
    for method, call in methods(model):
        for case, (Z, message) in CASES.items():
            print(json.dumps([method, case]), flush=True)
            try:
                call(Z)
                said = "nothing"
            except ValueError as error:
                said = str(error)
            print(json.dumps([message in said, said]), flush=True)
"""


def test_it_is_refused_with_its_place():
    done = subprocess.run([sys.executable, "-P", "-c", CODE], capture_output=True, text=True, check=False)
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    cases, outcomes = lines[::2], lines[1::2]
    assert done.returncode == 0, f"{cases[-1:]}: exit code {done.returncode} {done.stderr[-500:]}"
    wrong = [(case, said) for case, (right, said) in zip(cases, outcomes, strict=True) if not right]
    assert not wrong
    assert len(cases) == 9 * 9
