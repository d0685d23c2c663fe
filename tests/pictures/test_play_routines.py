"""The numerical routines of `gdfast play`, run by node, against gdfast's numbers in many random cases."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

import gdfast as gd
from node import in_node, needs_node

pytestmark = needs_node

LOSSES = {"hinge": gd.Hinge(), "softmax": gd.CrossEntropy()}
CALL = """
(() => {
  const { smoothFunctions, losses, random, differences, miniBatches } = play;
  const many = (seed, count, draw) => {
    const uniform = random.generator(seed);
    return Array.from({ length: count }, () => draw(uniform));
  };
  const more = {
    quotient: (scheme, name, x, h) => differences[scheme](smoothFunctions[name].f, x, h).value,
    sweep: (scheme, name, x, hs) => {
      const error = differences.errors(scheme, smoothFunctions[name].f, smoothFunctions[name].derivative, x, hs);
      return { error, best: differences.best(error) };
    },
    derivatives: (name, x) => ["f", "derivative", "second", "third"].map((order) => smoothFunctions[name][order](x)),
    uniform: (seed, count) => many(seed, count, (uniform) => uniform()),
    normal: (seed, count) => many(seed, count, random.normal),
    subsets: (seed, n, size, count) => many(seed, count, (uniform) => random.sample(n, size, uniform)),
    spread: (kind, W, samples, size, count, seed) => {
      const uniform = random.generator(seed);
      const gradient = (rows) => losses.objective(kind, W, samples, 0, rows).gradient;
      const sample = (n, m) => random.sample(n, m, uniform);
      const drawn = miniBatches.gradients(gradient, samples.length, size, count, sample);
      return miniBatches.spread(drawn, gradient(null));
    },
  };
  return data.map(([part, name, ...rest]) => (part === "" ? more : play[part])[name](...rest));
})()
"""


def call(requests: Sequence[Sequence[Any]]) -> list[Any]:
    """What the routines answer: each request names a part of `play`, a function of it, and the arguments."""
    answers: list[Any] = in_node(CALL, requests)
    assert len(answers) == len(requests)
    return answers


def problem(rng: np.random.Generator, whole: bool) -> tuple[Any, Any, Any]:
    """W (3, 3), X (n, 2) and labels; of whole numbers, whose hinge terms are often exactly 0."""
    n = int(rng.integers(1, 30))
    W, X = rng.normal(size=(3, 3)), rng.normal(size=(n, 2))
    if whole:
        W, X = np.round(2 * W), np.round(2 * X)
    else:
        W *= 10.0 ** rng.integers(-3, 4)
    return W, X, rng.integers(0, 3, n)


def samples(X: Any, y: Any) -> list[dict[str, Any]]:
    return [{"x": x, "y": label} for x, label in zip(X.tolist(), y.tolist(), strict=True)]


def objective(X: Any, y: Any, kind: str, strength: float) -> gd.LinearObjective:
    return gd.LinearObjective(X, y, LOSSES[kind], gd.L2(strength), n_classes=3)


@pytest.mark.parametrize("whole", [False, True])
@pytest.mark.parametrize("kind", LOSSES)
def test_value_and_gradient_of_the_objective(kind, whole):
    rng = np.random.default_rng(1)
    cases = [(*problem(rng, whole), float(rng.choice([0.0, 0.01, 3.0]))) for _ in range(100)]
    found = call([("losses", "objective", kind, W.tolist(), samples(X, y), s) for W, X, y, s in cases])
    ties = 0
    for (W, X, y, strength), js in zip(cases, found, strict=True):
        linear = objective(X, y, kind, strength)
        value, gradient = linear.value_and_gradient(W)
        scale = max(1.0, float(np.abs(W).max()))
        assert js["value"] == pytest.approx(value, rel=1e-12, abs=1e-12)
        np.testing.assert_allclose(js["gradient"], gradient, rtol=1e-12, atol=1e-12 * scale)
        assert js["dataLoss"] + js["penalty"] == js["value"]
        alone = [objective(X[i : i + 1], y[i : i + 1], kind, 0.0).value(W) for i in range(y.size)]
        np.testing.assert_allclose(js["each"], alone, rtol=1e-12, atol=1e-12)
        scores = X @ W[:, :2].T + W[:, 2]
        ties += int(((scores - scores[np.arange(y.size), y][:, None] + 1 == 0).any(axis=1)).sum())
    assert ties > 20 or not whole


@pytest.mark.parametrize("kind", LOSSES)
def test_mini_batches_and_steps(kind):
    """The gradient of a mini-batch is that of its rows; a few steps are gradient descent's."""
    rng = np.random.default_rng(2)
    cases = [problem(rng, False) for _ in range(10)]
    batches = [rng.permutation(y.size)[: rng.integers(1, y.size + 1)] for _, _, y in cases]
    requests = [
        ("losses", "objective", kind, W.tolist(), samples(X, y), 0.1, rows.tolist())
        for (W, X, y), rows in zip(cases, batches, strict=True)
    ]
    found = call(requests)
    after = call(
        [("losses", "descended", case[0].tolist(), js["gradient"], 0.05) for case, js in zip(cases, found, strict=True)]
    )
    for (W, X, y), rows, js, stepped in zip(cases, batches, found, after, strict=True):
        batch = objective(X, y, kind, 0.1).rows(rows)
        value, gradient = batch.value_and_gradient(W)
        scale = max(1.0, float(np.abs(W).max()))
        assert js["value"] == pytest.approx(value, rel=1e-12, abs=1e-12)
        np.testing.assert_allclose(js["gradient"], gradient, rtol=1e-12, atol=1e-12 * scale)
        run = gd.minimize(batch, W, gd.GradientDescent(), 0.05, max_steps=1)
        np.testing.assert_allclose(stepped, run.w, rtol=1e-12, atol=1e-12 * scale)


def test_accuracy_and_probabilities():
    rng = np.random.default_rng(3)
    cases = [problem(rng, False) for _ in range(50)]
    found = call([("losses", "accuracy", W.tolist(), samples(X, y)) for W, X, y in cases])
    for (W, X, y), accuracy in zip(cases, found, strict=True):
        assert accuracy == pytest.approx(objective(X, y, "hinge", 0.0).accuracy(W), abs=1e-12)
    far = [[1000.0, 0.0, -1000.0], [0.0, 0.0, 0.0], [1.0, 2.0, 3.0]]
    for scores, p in zip(far, call([("losses", "probabilities", s) for s in far]), strict=True):
        e = np.exp(np.array(scores) - max(scores))
        np.testing.assert_allclose(p, e / e.sum(), rtol=1e-14)


def test_the_spread_of_mini_batches():
    """Drawn without replacement: variance (n - m) / (n - 1) / m of a single sample's."""
    rng = np.random.default_rng(4)
    W, X, y = rng.normal(size=(3, 3)), rng.normal(size=(24, 2)), rng.integers(0, 3, 24)
    linear = objective(X, y, "softmax", 0.0)
    full = linear.gradient(W)
    single = [linear.rows(np.array([i])).gradient(W) for i in range(24)]
    variance = np.mean([np.sum((g - full) ** 2) for g in single])
    sizes = [1, 2, 6, 12, 24]
    found = call([("", "spread", "softmax", W.tolist(), samples(X, y), size, 1500, 5) for size in sizes])
    for size, spread in zip(sizes, found, strict=True):
        expected = np.sqrt((24 - size) / 23 / size * variance) / np.linalg.norm(full)
        assert spread == pytest.approx(expected, rel=0.05, abs=1e-12)


def mulberry32(seed: int, count: int) -> list[float]:
    """The generator as published, in Python's whole numbers."""
    found, state = [], seed
    for _ in range(count):
        state = (state + 0x6D2B79F5) % 2**32
        t = (state ^ (state >> 15)) * (state | 1) % 2**32
        t ^= (t + (t ^ (t >> 7)) * (t | 61)) % 2**32
        found.append((t ^ (t >> 14)) / 2**32)
    return found


def test_random_numbers():
    for seed, uniform in zip(
        (0, 1, 2**32 - 1), call([("", "uniform", s, 500) for s in (0, 1, 2**32 - 1)]), strict=True
    ):
        assert uniform == mulberry32(seed, 500)
    normal, subsets = call([("", "normal", 7, 4000), ("", "subsets", 7, 9, 4, 3000)])
    assert abs(np.mean(normal)) < 0.05
    assert abs(np.std(normal) - 1) < 0.05
    assert all(len(set(subset)) == 4 for subset in subsets)
    counts = np.bincount(np.ravel(subsets).astype(np.int64), minlength=9)
    assert counts.size == 9
    assert np.abs(counts - 3000 * 4 / 9).max() < 5 * np.sqrt(3000)


PLAIN = {  # without libm, whose last bit differs: the same operations in the same order
    "parabola": lambda x: x * x,
    "cubic": lambda x: x * x * x - 2 * x,
    "peak": lambda x: 1 / (1 + 25 * x * x),
}
LIBM = {"sine": np.sin, "exponential": np.exp, "shifted": lambda x: 1000 + np.sin(x)}


def points(rng: np.random.Generator, count: int) -> list[tuple[float, float]]:
    return [(float(rng.uniform(-2, 2)), float(10 ** rng.uniform(-15, -1))) for _ in range(count)]


@pytest.mark.parametrize("scheme", ["centered", "forward"])
@pytest.mark.parametrize("name", [*PLAIN, *LIBM])
def test_quotients_are_gdfasts_to_the_last_bit(scheme, name):
    f = (PLAIN | LIBM)[name]
    cases = [*points(np.random.default_rng(5), 150), (0.0, 1e-15), (1.0, 1e-15), (-1.0, 1e-15)]
    found = call([("", "quotient", scheme, name, x, h) for x, h in cases])
    for (x, h), quotient in zip(cases, found, strict=True):
        try:
            (expected,) = gd.numerical_gradient(lambda x: float(f(x[0])), [x], h, scheme)
        except ValueError:  # h is lost
            assert quotient is None
            continue
        if name in PLAIN:
            assert quotient == expected
        else:
            assert abs(quotient - expected) <= 4 * np.finfo(float).eps * max(abs(f(x)), 1e-3) / (h / 2)


def test_the_best_h_is_that_of_a_step_sweep():
    hs = [10 ** (-1 - i / 8) for i in range(113)]
    requests, expected = [], []
    for name, f in PLAIN.items():
        slope = {"parabola": lambda x: 2 * x, "cubic": lambda x: 3 * x * x - 2}.get(
            name, lambda x: -50 * x / (1 + 25 * x * x) ** 2
        )
        for x in (0.3, 0.7, 1.2):
            sweep = gd.step_sweep(lambda w, f=f: float(f(w[0])), lambda w, d=slope: d(w), [x], hs)
            for scheme in ("centered", "forward"):
                requests.append(("", "sweep", scheme, name, x, hs))
                expected.append(getattr(sweep, scheme))
    for found, curve in zip(call(requests), expected, strict=True):
        error = np.array([np.nan if e is None else e for e in found["error"]])
        known = ~np.isnan(curve.error)
        np.testing.assert_allclose(error[known], curve.error[known], rtol=1e-9, atol=4e-16)
        best = int(found["best"])
        assert hs[best] == pytest.approx(curve.best_h, rel=1e-12) or error[best] <= curve.best_error


def test_the_derivatives_of_the_functions():
    """Each is the derivative of the one before."""
    h = 1e-5
    places = [(name, x) for name in (*PLAIN, *LIBM) for x in (-1.1, 0.0, 0.37, 1.3)]
    found = call([("", "derivatives", name, at) for name, x in places for at in (x - h, x, x + h)])
    for low, here, high in np.array(found).reshape(-1, 3, 4):
        np.testing.assert_allclose(here[1:], (high - low)[:3] / (2 * h), rtol=1e-5, atol=1e-6)


def hinge_of_one_weight(t: Any) -> gd.LinearObjective:
    """mean of max(0, 1 - t w) for W = [[w], [0]]."""
    return gd.LinearObjective(np.abs(t)[:, np.newaxis], (t < 0).astype(np.int64), gd.Hinge(), bias=False, n_classes=2)


def kink_cases() -> list[tuple[Any, float, float]]:
    rng = np.random.default_rng(6)
    cases = []
    for _ in range(50):
        t = rng.normal(size=int(rng.integers(1, 8)))
        near = 1 / rng.choice(t) if rng.random() < 0.7 else 0.0
        h = float(10 ** rng.uniform(-3, 0))
        cases.append((t, float(near + h * rng.uniform(-2, 2)), h))
    at_kinks = [
        (np.array(t), w, h)
        for t in ([1.0], [1.0, -1.0], [2.0, 0.5, -1.0])
        for w in (1.0, 0.5, -1.0)
        for h in (0.5, 0.01)
    ]
    return cases + at_kinks


def test_what_a_stencil_across_a_kink_mixes():
    """Quotient, excess, safe h and the shares of the slopes, against the objective's own accounting."""
    cases = kink_cases()
    crossed = 0
    requests = [
        ("kink", name, t.tolist(), w, h) for t, w, h in cases for name in ("centered", "excess", "safe", "pieces")
    ]
    found = call(requests)
    for i, (t, w, h) in enumerate(cases):
        centered, excess, safe, pieces = found[4 * i : 4 * i + 4]
        W = np.array([[w], [0.0]])
        report = gd.check_gradient(hinge_of_one_weight(t), at=W, h=h, coordinates=[0])
        assert centered == pytest.approx(report.numerical[0], rel=1e-9, abs=1e-12 / h)
        if report.kink_excess is not None:
            assert excess == pytest.approx(report.kink_excess[0], rel=1e-9, abs=1e-9)
            assert safe == pytest.approx(report.safe_h[0], rel=1e-9, abs=1e-12)
        assert sum(piece["share"] for piece in pieces) == pytest.approx(1, abs=1e-9)
        assert sum(piece["share"] * piece["slope"] for piece in pieces) == pytest.approx(centered, rel=1e-9, abs=1e-9)
        crossed += len(pieces) > 1
    assert crossed > 25


WRONG = {"right": 1.0, "sign": -1.0, "factor": 2.0, "slightly": 1.001}


@pytest.mark.parametrize("claim", WRONG)
def test_the_verdict_is_that_of_a_gradient_check(claim):
    seen = set()
    cases = kink_cases()
    gradients = call([("kink", "gradient", t.tolist(), w) for t, w, h in cases])
    verdicts = call(
        [("kink", "verdict", t.tolist(), w, h, WRONG[claim] * g) for (t, w, h), g in zip(cases, gradients, strict=True)]
    )
    for (t, w, h), gradient, js in zip(cases, gradients, verdicts, strict=True):
        linear, W = hinge_of_one_weight(t), np.array([[w], [0.0]])
        assert gradient == pytest.approx(linear.gradient(W)[0, 0], rel=1e-12, abs=1e-12)
        claimed = WRONG[claim] * linear.gradient(W)
        report = gd.check_gradient(linear, lambda W, claimed=claimed: claimed, W, h=h, coordinates=[0])
        if gradient == 0 and js["name"] == "KINKS" and report.verdict == "NOISE":
            assert report.kinks.size  # right, but of a derivative of 0 nothing but rounding is left to be judged
        else:
            assert js["name"] == report.verdict, (t, w, h)
        assert js["error"] == pytest.approx(report.relative_error[0], rel=1e-6, abs=1e-9)
        seen.add(js["name"])
    assert seen >= ({"PASS", "KINKS"} if claim == "right" else {"FAIL"})


def test_decision_regions_and_lines():
    """Within a class's polygon its score is the largest; the polygons fill the view; on its line the score is 0."""
    rng = np.random.default_rng(8)
    view = {"left": -3, "right": 3, "bottom": -2, "top": 2}
    cases = [rng.normal(size=(3, 3)) for _ in range(60)]
    cases += [np.zeros((3, 3)), cases[0][[0, 1, 1]]]  # of equal classes the first one has the region
    polygons = call([("regions", "decision", W.tolist(), view) for W in cases])
    lines = call([("regions", "line", W[0].tolist(), view) for W in cases])
    for W, regions, line in zip(cases, polygons, lines, strict=True):
        area = 0.0
        for c, region in enumerate(regions):
            if not region:
                continue
            corners = np.array(region)
            following = np.roll(corners, -1, axis=0)
            area += 0.5 * float(np.sum(corners[:, 0] * following[:, 1] - corners[:, 1] * following[:, 0]))
            inner = rng.dirichlet(np.ones(len(corners)), 20) @ corners
            scores = inner @ W[:, :2].T + W[:, 2]
            assert (scores[:, c] >= scores.max(axis=1) - 1e-9).all()
        assert area == pytest.approx(24, rel=1e-9)
        assert [bool(region) for region in regions[1:]] == [False, False] or (W[1] != W[0]).any()
        if not W.any():
            assert line is None
            continue
        edge = np.array([[x, y] for x in (-3, 3) for y in (-2, 2)]) @ W[0, :2] + W[0, 2]
        if line is None:
            assert (edge > 0).all() or (edge < 0).all()
        else:
            np.testing.assert_allclose(np.array(line) @ W[0, :2] + W[0, 2], 0, atol=1e-9)
            assert np.linalg.norm(np.subtract(*line)) > 0


def test_the_handles_of_a_line():
    """A moved disc is a point of the line; a moved tip is where it was put, and the line keeps its point."""
    rng = np.random.default_rng(9)
    room = {"left": -2.6, "right": 2.6, "bottom": -1.9, "top": 1.9}
    start = {"anchor": [0.0, 0.0], "direction": [1.0, 0.0]}
    rows = [(3 * rng.normal(size=3)).tolist() for _ in range(60)]
    followed = call([("weightLines", "follow", row, start, room) for row in rows])
    for row, handle in zip(rows, followed, strict=True):
        w = np.array(row[:2])
        assert w @ handle["anchor"] + row[2] == pytest.approx(0, abs=1e-9)
        np.testing.assert_allclose(handle["direction"], w / np.linalg.norm(w), rtol=1e-12)
    to = rng.uniform(-1.5, 1.5, size=(60, 2)).tolist()
    for name in ("moveAnchor", "moveTip"):
        moved = call([("weightLines", name, *each) for each in zip(rows, followed, to, strict=True)])
        places = call([("weightLines", "place", each["row"], each["handle"], room) for each in moved])
        for row, handle, target, after, place in zip(rows, followed, to, moved, places, strict=True):
            score = np.dot(after["row"][:2], after["handle"]["anchor"]) + after["row"][2]
            assert score == pytest.approx(0, abs=1e-9)
            if name == "moveAnchor":
                np.testing.assert_array_equal(after["row"][:2], row[:2])
                np.testing.assert_array_equal(place["anchor"], target)
            else:
                np.testing.assert_array_equal(after["handle"]["anchor"], handle["anchor"])
                arrow = np.subtract(target, handle["anchor"])
                np.testing.assert_allclose(after["handle"]["direction"], arrow / np.linalg.norm(arrow), rtol=1e-9)
                if not place["outside"] and 0.3 < np.linalg.norm(arrow) < 2.4:
                    np.testing.assert_allclose(place["tip"], target, atol=1e-9)
    (same,) = call([("weightLines", "follow", [0.0, 0.0, 0.7], start, room)])
    assert same == start
