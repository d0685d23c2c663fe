"""Solutions of the exercises under docs/exercises: the lines that fill each hole, right and wrong.

Of each exercise: the right lines, and by what the check must say of them (its start) the wrong ones.
"""

from __future__ import annotations

from textwrap import dedent

HINGE = """
    scores = Z @ W.T
    terms = scores - scores[rows, y][:, np.newaxis] + 1
    A = (terms > 0).astype(float)
    A[rows, y] = 0
    A[rows, y] = -A.sum(axis=1)
    found = A.T @ Z / 30
    found[:, :-1] += 2 * strength * W[:, :-1]
    return found
"""
HINGE_LOOPS = """
    found = np.zeros_like(W)
    for z, right in zip(Z, y, strict=True):
        scores = W @ z
        for j in range(4):
            term = scores[j] - scores[right] + 1
            if j != right and term > 0:
                found[j] += z
                found[right] -= z
    return found / 30
"""
SOFTMAX_LOOPS = """
    found = np.zeros_like(W)
    for z, right in zip(Z, y, strict=True):
        powers = np.exp(W @ z)
        p = powers / powers.sum()
        for j in range(4):
            found[j] += (p[j] - (j == right)) * z
    return found / 30
"""
SOFTMAX = """
    scores = Z @ W.T
    scores -= scores.max(axis=1, keepdims=True)
    p = np.exp(scores)
    p /= p.sum(axis=1, keepdims=True)
    p[rows, y] -= 1
    return p.T @ Z / 30
"""
BATCH = """
    some, labels, rows = Z[batch], y[batch], np.arange(8)
    scores = some @ W.T
    A = (scores - scores[rows, labels][:, np.newaxis] + 1 > 0).astype(float)
    A[rows, labels] = 0
    A[rows, labels] = -A.sum(axis=1)
    return A.T @ some / 8
"""
PIXELS = """
    Z = np.column_stack([(X - mean) / scale, np.ones(30)])
    scores = Z @ W.T
    p = np.exp(scores - scores.max(axis=1, keepdims=True))
    p /= p.sum(axis=1, keepdims=True)
    p[rows, y] -= 1
    return p.T @ Z / 30
"""
NETWORK = """
    before = X @ p["W1"] + p["b1"]
    hidden = np.maximum(0, before)
    scores = hidden @ p["W2"] + p["b2"]
    back = np.exp(scores - scores.max(axis=1, keepdims=True))
    back /= back.sum(axis=1, keepdims=True)
    back[rows, y] -= 1
    back /= 25
    inner = back @ p["W2"].T * (before > 0)
    return {"W1": X.T @ inner, "b1": inner.sum(axis=0), "W2": hidden.T @ back, "b2": back.sum(axis=0)}
"""

RIGHT = {
    "slope": "return 4 * w * (w**2 - 1)",
    "polynomial": """
        x1, x2, x3 = x
        return np.array([3 * x1**2 + 5 * x2, 5 * x1 - 3 * x3**2, -6 * x2 * x3])
    """,
    "line_fit": """
        r = w[0] + w[1] * x - y
        return np.array([2 * np.mean(r), 2 * np.mean(r * x)])
    """,
    "penalty": """
        found = 2 * strength * W
        found[:, -1] = 0
        return found
    """,
    "three_points": """
        w, found = W[:, 0], np.zeros(3)
        for i in range(3):
            for j in range(3):
                if j != i and w[j] * x[i] - w[i] * x[i] + 1 > 0:
                    found[j] += x[i]
                    found[i] -= x[i]
        return found[:, np.newaxis] / 3
    """,
    "hinge_loops": HINGE_LOOPS,
    "hinge_vectorized": HINGE,
    "softmax_loops": SOFTMAX_LOOPS,
    "softmax_stable": SOFTMAX,
    "mini_batch": BATCH,
    "pixels": PIXELS,
    "network": NETWORK,
}


def changed(name: str, *changes: tuple[str, str]) -> str:
    """The right lines with something else in some places, each of which is there once at least."""
    lines = RIGHT[name]
    for old, new in changes:
        assert old in lines, (name, old)
        lines = lines.replace(old, new)
    return lines


WRONG: dict[str, dict[str, str]] = {
    "slope": {
        "sign flipped": "return -4 * w * (w**2 - 1)",
        "missing factor 2": "return 2 * w * (w**2 - 1)",
        "inner derivative missing": "return 2 * (w**2 - 1)",
        "zero gradient": "return 0 * w",
        "constant factor": "return 4 * w * (w**2 - 1) / len(w) ** 0.5",
        "in float32": "return (4 * w * (w**2 - 1)).astype(np.float32).astype(float)",
        "of dtype float32": "return (4 * w * (w**2 - 1)).astype(np.float32)",
        "it returned NoneType None": "4 * w * (w**2 - 1)",
    },
    "polynomial": {
        "at coordinate 1.": changed("polynomial", (" - 3 * x3**2", "")),
        "at coordinate 2. There: sign flipped": changed("polynomial", ("-6 *", "6 *")),
        "at coordinate 2. There: missing factor 2": changed("polynomial", ("-6 *", "-3 *")),
        "at coordinate 0.": changed("polynomial", (" + 5 * x2", "")),
        "at coordinate 2. There: zero gradient": changed("polynomial", ("-6 * x2 * x3", "0.0")),
        "entries in another order": """
            x1, x2, x3 = x
            return np.array([-6 * x2 * x3, 5 * x1 - 3 * x3**2, 3 * x1**2 + 5 * x2])
        """,
    },
    "line_fit": {
        "missing factor 2": changed("line_fit", ("2 * ", "")),
        "missing factor 1/N": changed("line_fit", ("np.mean", "np.sum")),
        "extra factor 1/N": changed("line_fit", ("2 * ", "2 / 20 * ")),
        "sign flipped": changed("line_fit", ("w[0] + w[1] * x - y", "y - w[0] - w[1] * x")),
        "the derivative by coordinate 0": changed("line_fit", ("r * x", "r")),
        "entries in another order": changed(
            "line_fit", ("np.array([2 * np.mean(r), 2 * np.mean(r * x)])", "2 * np.array([np.mean(r * x), np.mean(r)])")
        ),
    },
    "penalty": {
        "missing factor 2": changed("penalty", ("2 * ", "")),
        "regularizer on the bias": "return 2 * strength * W",
        "sign flipped": changed("penalty", ("2 * ", "-2 * ")),
        "L1 for L2": changed("penalty", ("2 * strength * W", "strength * np.sign(W)")),
        "constant factor": changed("penalty", ("strength * ", "")),
    },
    "three_points": {
        "missing factor 1/N": changed("three_points", (" / 3", "")),
        "sign flipped": changed("three_points", ("+=", "#="), ("-=", "+="), ("#=", "-=")),
        "correct-class row missing": changed("three_points", ("found[i] -= x[i]", "pass")),
        "max(0, .) left out": changed("three_points", ("> 0", "> -99")),
        "another margin": changed("three_points", (" + 1 >", " >")),
    },
    "hinge_loops": {
        "missing factor 1/N": changed("hinge_loops", (" / 30", "")),
        "sign flipped": changed("hinge_loops", ("+= z", "#="), ("-= z", "+= z"), ("#=", "-= z")),
        "correct-class row missing": changed("hinge_loops", ("found[right] -= z", "pass")),
        "correct-class row counted once a sample: ": changed(
            "hinge_loops",
            ("        for j", "        violated = 0\n        for j"),
            ("found[right] -= z", "violated = 1"),
            ("    return", "        found[right] -= violated * z\n    return"),
        ),
        "counted once a sample, violated or not": changed(
            "hinge_loops", ("found[right] -= z", "pass"), ("    return", "        found[right] -= z\n    return")
        ),
        "margins in place of counts": changed("hinge_loops", ("+= z", "+= term * z"), ("-= z", "-= term * z")),
        "off by one class": changed(
            "hinge_loops", ("        scores", "        right = (right + 1) % 4\n        scores")
        ),
        "another margin": changed("hinge_loops", (" + 1\n", "\n")),
        "max(0, .) left out": changed("hinge_loops", (" and term > 0", "")),
        "bias column missing": changed("hinge_loops", ("+= z", "+= [*z[:-1], 0]"), ("-= z", "-= [*z[:-1], 0]")),
        ": the transpose": changed("hinge_loops", ("found / 30", "found.T / 30")),
    },
    "hinge_vectorized": {
        "missing factor 1/N": changed("hinge_vectorized", (" / 30", "")),
        "regularizer missing": changed("hinge_vectorized", ("2 * strength * W[:, :-1]", "0")),
        "regularizer without the factor 2": changed("hinge_vectorized", ("2 * strength", "strength")),
        "regularizer on the bias": changed("hinge_vectorized", ("found[:, :-1] +=", "found +="), ("W[:, :-1]", "W")),
        "correct-class row missing": changed("hinge_vectorized", ("-A.sum(axis=1)", "0")),
        "correct-class row counted once": changed("hinge_vectorized", ("-A.sum(axis=1)", "-A.max(axis=1)")),
        "margins in place of counts": changed("hinge_vectorized", ("(terms > 0).astype(float)", "terms.clip(0)")),
        "only the largest term": changed(
            "hinge_vectorized",
            (
                "    A[rows, y] = 0\n",
                "    terms[rows, y] = A[rows, y] = 0\n    A *= terms == terms.max(axis=1)[:, None]\n",
            ),
        ),
        ">= for >": changed("hinge_vectorized", ("-A.sum(axis=1)", "-A.sum(axis=1) - 1")),
        "in float32": changed("hinge_vectorized", ("return found", "return found.astype(np.float32).astype(float)")),
    },
    "softmax_loops": {
        "correct-class row missing its -1": changed("softmax_loops", (" - (j == right)", "")),
        "sign flipped": changed("softmax_loops", ("(p[j] - (j == right))", "((j == right) - p[j])")),
        "missing factor 1/N": changed("softmax_loops", (" / 30", "")),
        "off by one class": changed("softmax_loops", ("j == right", "j == (right + 1) % 4")),
        "wrong classes' rows missing": changed("softmax_loops", ("for j in range(4)", "for j in [right]")),
        "softmax not normalized": changed("softmax_loops", ("powers / powers.sum()", "powers")),
        "correct-class row missing: ": changed("softmax_loops", ("(p[j] - (j == right))", "p[j] * (j != right)")),
        "bias column missing": changed("softmax_loops", ("* z\n", "* np.append(z[:-1], 0)\n")),
    },
    "softmax_stable": {
        "not finite": changed("softmax_stable", ("    scores -= scores.max(axis=1, keepdims=True)\n", "")),
        "softmax over the samples": changed("softmax_stable", ("p.sum(axis=1, keepdims=True)", "p.sum(axis=0)")),
        "1 subtracted after the mean": changed(
            "softmax_stable", ("    p[rows", "    p /= 30\n    p[rows"), (" / 30\n", "\n")
        ),
        "softmax not normalized": changed("softmax_stable", ("    p /= p.sum(axis=1, keepdims=True)\n", "")),
        "correct-class row missing its -1": changed("softmax_stable", ("    p[rows, y] -= 1\n", "")),
        "extra factor 1/N": changed("softmax_stable", (" / 30", " / 900")),
    },
    "mini_batch": {
        "another N": changed("mini_batch", (" / 8", " / 40")),
        "missing factor 1/N": changed("mini_batch", (" / 8", "")),
        "whole data set": changed(
            "mini_batch", ("Z[batch], y[batch], np.arange(8)", "Z, y, np.arange(40)"), (" / 8", " / 40")
        ),
        "other samples: ": changed("mini_batch", ("Z[batch], y[batch]", "Z[:8], y[:8]")),
        "other samples' labels": changed("mini_batch", ("y[batch]", "y[:8]")),
        "sign flipped": changed("mini_batch", ("return A", "return -A")),
    },
    "pixels": {
        "features not standardized": changed("pixels", ("return", "Z[:, :-1] = X\n    return")),
        "mean forgotten": changed("pixels", ("return", "Z[:, :-1] = X / scale\n    return")),
        "scale forgotten": changed("pixels", ("return", "Z[:, :-1] = X - mean\n    return")),
        "bias column missing": changed("pixels", ("return", "Z[:, -1] = 0\n    return")),
        "missing factor 1/N": changed("pixels", (" / 30", "")),
        "it returned shape (3, 16)": changed("pixels", ("p.T @ Z", "p.T @ Z[:, :-1]")),
    },
    "network": {
        "in W1, b1.": changed("network", (" * (before > 0)", "")),
        "missing factor 1/N": changed("network", ("    back /= 25\n", "")),
        "in b2. There: constant factor": changed("network", ('"b2": back.sum(axis=0)', '"b2": 25 * back.sum(axis=0)')),
        "in b1. There: zero gradient": changed("network", ("inner.sum(axis=0)", '0 * p["b1"]')),
        "sign flipped": changed("network", ("back[rows, y] -= 1", "back = (rows[:3] == y[:, np.newaxis]) - back")),
        "must have the key 'b2'": changed("network", (', "b2": back.sum(axis=0)', "")),
        "W2 must return": changed("network", ("hidden.T @ back", "back.T @ hidden")),
    },
}


def lines_of(text: str) -> str:
    """As they stand in a function."""
    return "".join(f"    {line}\n" if line else "\n" for line in dedent(text).strip("\n").rstrip().splitlines())
