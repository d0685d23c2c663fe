"""The routines of `gdfast play` against gdfast: functions, optimizers step by step, thresholds of the learning rate."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest

import gdfast as gd
from gdfast.pictures.play import page, render
from gdfast.test_functions import Bumpy, Himmelblau, Valley
from node import in_node, needs_node

BOWL = gd.FunctionObjective(
    lambda w: float(0.5 * (w[0] * w[0] + 25 * (w[1] * w[1]))), lambda w: np.array([w[0], 25 * w[1]])
)
OBJECTIVES = {"parabola": Valley(), "bumpy": Bumpy(), "himmelblau": Himmelblau(), "bowl": BOWL}
OPTIMIZERS = {
    "gradient_descent": gd.GradientDescent(),
    "momentum": gd.Momentum(),
    "nesterov": gd.Nesterov(),
    "rmsprop": gd.RMSProp(),
    "adam": gd.Adam(),
    "line_search": gd.GradientDescent(),
}
STARTS = {"parabola": [3.0], "bumpy": [-0.5], "himmelblau": [-0.5, 0.5], "bowl": [-4.0, 1.5]}
RATES = {  # that creep, converge, oscillate and diverge
    "parabola": [0.01, 0.1, 0.9, 1.1],
    "bumpy": [0.05, 0.5, 5.0],
    "himmelblau": [0.001, 0.01, 0.1],
    "bowl": [0.01, 0.07, 0.1],
}
STEPS = 30
LINEAR = ["gradient_descent", "momentum", "nesterov"]
LINEAR_RATES = [0.0005, 0.01, 0.3, 0.5, 0.7, 0.9, 1.2, 1.9, 2.5]
POINTS = np.random.default_rng(0).uniform(-4, 4, size=(50, 2))
REGIMES = [  # function, method, rate, steps, regime
    ("parabola", "gradient_descent", 0.01, 5, "creeping"),
    ("parabola", "gradient_descent", 0.1, 5, "converging"),
    ("parabola", "gradient_descent", 0.9, 5, "oscillating"),
    ("parabola", "gradient_descent", 1.1, 5, "diverging"),
    ("parabola", "gradient_descent", 0.1, 200, "converged"),
    ("parabola", "line_search", 1.0, 5, "converged"),
    ("bumpy", "gradient_descent", 0.01, 10, "creeping"),
    ("bumpy", "gradient_descent", 1.0, 2000, "creeping"),  # at the inflection
    ("bumpy", "adam", 0.05, 4, "converging"),
    ("himmelblau", "gradient_descent", 0.01, 10, "converging"),
    ("himmelblau", "gradient_descent", 0.0001, 20, "creeping"),
    ("himmelblau", "gradient_descent", 0.1, 30, "diverging"),
    ("bowl", "gradient_descent", 0.07, 10, "oscillating"),
    ("bowl", "rmsprop", 0.3, 15, "oscillating"),
]
NUMBERS = {0: "0", -2: "−2", 0.3221225472: "0.3221", 12345: "12350", 1.5e-9: "1.5·10⁻⁹", -1e6: "−10⁶", 0.001: "0.001"}


def test_the_page_is_whole_small_and_fetches_nothing():
    text = render()
    assert len(text.encode()) < 400_000
    assert text.count("<script>") == len(page.SCRIPTS)
    assert "default-src 'none'" in text
    assert "unsafe-eval" not in text
    assert not re.findall(r"https?://", text)


def test_every_file_of_the_page_is_in_it():
    folder = page.files(page.__package__)
    there = {path.name for path in folder.iterdir() if path.name.endswith((".js", ".css"))}
    assert there == {*page.SCRIPTS, "play.css"}


EVERYTHING = """(() => {
  const each = (names, of) => Object.fromEntries(names.map((name) => [name, of(name)]));
  return {
    functions: each(Object.keys(data.rates), (name) => {
      const f = play.functions[name];
      const points = data.points.map((point) => point.slice(0, f.start.length));
      return { ...f, values: points.map(f.value), gradients: points.map(f.gradient) };
    }),
    runs: each(Object.keys(data.rates), (name) => each(data.methods, (method) => data.rates[name].map((rate) =>
      play.run(play.functions[name], method, data.starts[name], rate, data.steps)))),
    factors: each(data.linear, (method) => data.linear_rates.map((rate) => play.factor(method, rate, 2))),
    limits: each(["parabola", "bowl"], (name) =>
      each(data.linear, (method) => play.limits(play.functions[name], method))),
    regimes: data.regimes.map(([name, method, rate, steps]) => {
      const f = play.functions[name];
      return play.regime(f, method, rate, play.run(f, method, f.start, rate, steps));
    }),
    numbers: data.numbers.map((value) => play.number(value)),
  };
})()"""


@pytest.fixture(scope="module")
def told() -> dict[str, Any]:
    """All that the tests ask of the page's routines, by one node: starting it takes longer than what it computes."""
    found: dict[str, Any] = in_node(
        EVERYTHING,
        {
            "points": POINTS.tolist(),
            "rates": RATES,
            "methods": list(OPTIMIZERS),
            "starts": STARTS,
            "steps": STEPS,
            "linear": LINEAR,
            "linear_rates": LINEAR_RATES,
            "regimes": REGIMES,
            "numbers": list(NUMBERS),
        },
    )
    return found


@needs_node
@pytest.mark.parametrize("name", OBJECTIVES)
def test_values_gradients_and_critical_points(told, name):
    objective, known = OBJECTIVES[name], told["functions"][name]
    points = POINTS[:, : len(STARTS[name])]
    np.testing.assert_allclose(known["values"], [objective.value(w) for w in points], rtol=1e-13, atol=1e-14)
    np.testing.assert_allclose(known["gradients"], [objective.gradient(w) for w in points], rtol=1e-13, atol=1e-13)
    if name == "bowl":
        assert (known["minima"], known["maxima"], known["saddles"]) == ([[0, 0]], [], [])
        assert known["curvatures"] == np.linalg.eigvalsh(gd.numerical_hessian(BOWL.value, np.ones(2))).round(3).tolist()
        return
    for kind in ("minima", "maxima", "saddles"):
        np.testing.assert_array_equal(np.reshape(known[kind], (-1, objective.n)), getattr(objective, kind))
    assert known["lowest"] == pytest.approx(objective.value(objective.minima[0]), abs=1e-15)


@needs_node
@pytest.mark.parametrize("method", OPTIMIZERS)
@pytest.mark.parametrize("name", OBJECTIVES)
def test_lecture_27_28_31_thirty_steps_of_each_optimizer_are_gdfasts(told, name, method):
    """The same weights, values and ending."""
    for rate, run in zip(RATES[name], told["runs"][name][method], strict=True):
        result = gd.minimize(
            OBJECTIVES[name],
            STARTS[name],
            OPTIMIZERS[method],
            gd.Backtracking(start=rate) if method == "line_search" else rate,
            max_steps=STEPS,
            keep_weights=True,
        )
        assert len(run) == result.steps + 1
        weights = [record["w"] for record in run]
        np.testing.assert_allclose(weights, result.history.weights, rtol=1e-12, atol=1e-15)
        np.testing.assert_allclose([record["value"] for record in run], result.history.values, rtol=1e-11, atol=1e-15)
        endings = {"CONVERGED": "converged", "DIVERGED": "diverged", "NO_DESCENT": "no descent", "MAX_STEPS": None}
        assert run[-1]["ending"] == endings[result.status.name]
        if method == "line_search":
            taken = [record["rate"] for record in run[1:]]
            np.testing.assert_array_equal(taken, result.history.step_sizes)


def linear_map(optimizer, rate: float, curvature: float) -> np.ndarray:
    """What a step does to (w, velocity) on ``curvature * w**2 / 2``, found by taking it from (1, 0) and from (0, 1)."""
    columns = []
    for w, velocity in ((1.0, 0.0), (0.0, 1.0)):
        state = optimizer.init(np.zeros(1))
        if state is not None:
            state = state._replace(velocity=np.array([velocity]))
        direction, after = optimizer.update(np.array([curvature * w]), state, np.array([w]))
        columns.append([w + rate * direction[0], 0.0 if after is None else after.velocity[0]])
    return np.array(columns).T


@needs_node
@pytest.mark.parametrize("method", LINEAR)
def test_factors_are_the_eigenvalues_of_a_step(told, method):
    for rate, factor in zip(LINEAR_RATES, told["factors"][method], strict=True):
        eigenvalues = np.linalg.eigvals(linear_map(OPTIMIZERS[method], rate, 2.0))
        largest = eigenvalues[np.abs(eigenvalues).argmax()]
        assert factor["size"] == pytest.approx(abs(largest), abs=1e-7)  # a double root is known to half the digits
        if abs(largest) > 1e-7:
            kind = "spiral" if abs(largest.imag) > 1e-7 else "other side" if largest.real < 0 else "same side"
            assert factor["kind"] == kind


@needs_node
@pytest.mark.parametrize("method", LINEAR)
@pytest.mark.parametrize("name", ["parabola", "bowl"])
def test_lecture_34_below_the_limit_a_run_converges_and_above_it_diverges(told, name, method):
    limits = told["limits"][name][method]

    def run(rate: float, steps: int) -> gd.Result:
        return gd.minimize(
            OBJECTIVES[name], STARTS[name], OPTIMIZERS[method], rate, max_steps=steps, keep_weights=True, gtol=1e-12
        )

    assert run(0.98 * limits["diverges"], 3000).status is gd.Status.CONVERGED
    assert run(1.02 * limits["diverges"], 3000).gradient_norm > 1e6
    for share, flips in ((0.98, False), (1.3, True)):  # the steepest axis keeps its sign, or does not
        steep = run(share * limits["oscillates"], 1000).history.weights[:, -1]
        assert (np.sign(steep) == -np.sign(steep[0])).any() == flips


@needs_node
def test_lecture_34_the_regime_of_a_run_is_named(told):
    names = [regime["name"] for regime in told["regimes"]]
    assert names == [case[-1] for case in REGIMES]
    assert all(all(regime["sentences"]) for regime in told["regimes"])


@needs_node
def test_numbers_have_four_digits(told):
    assert told["numbers"] == list(NUMBERS.values())


def test_the_answers_are_true():
    """What the bench's folded answers say of runs."""

    def run(objective, start, optimizer, rate, steps=1000) -> gd.Result:
        return gd.minimize(objective, start, optimizer, rate, max_steps=steps)

    assert run(Bumpy(), [-1.5], gd.GradientDescent(), 0.5).w == pytest.approx(-3, abs=1e-5)
    assert run(Bumpy(), [-0.5], gd.GradientDescent(), 0.5).w.round(3) == 0.987
    assert run(Bumpy(), [-0.5], gd.Momentum(), 0.5).w == pytest.approx(3, abs=1e-5)
    assert run(BOWL, STARTS["bowl"], gd.RMSProp(), 0.3).steps == 22
    ends = {rate: run(BOWL, STARTS["bowl"], gd.GradientDescent(), rate, 150).value for rate in (0.07, 2 / 26, 0.0795)}
    assert min(ends, key=ends.__getitem__) == 2 / 26
    assert run(BOWL, STARTS["bowl"], gd.GradientDescent(), 0.081, 500).gradient_norm > 1e3
