"""The weights that a history keeps, the history as a table, and results in notebooks."""

from __future__ import annotations

from html.parser import HTMLParser

import numpy as np
import pytest

import gdfast as gd

PARABOLA = gd.FunctionObjective(lambda w: float(np.sum(w**2)), lambda w: 2 * w)
RNG = np.random.default_rng(0)
X, Y = RNG.normal(size=(60, 4)), np.arange(60) % 3
LINEAR = gd.LinearObjective(X, Y, gd.CrossEntropy(), gd.L2(1e-3))
W0 = RNG.normal(size=LINEAR.shape)
RUNS = {
    "whole": {},
    "line search": {"optimizer": gd.LBFGS(), "step": gd.StrongWolfe()},
    "compiled": {"batches": 16, "optimizer": gd.Adam()},
    "compiled, evaluated": {"batches": 16, "evaluate_every": 3},
    "generic": {"batches": 16, "clip": 0.5},
    "proximal": {"optimizer": gd.ProximalGradient()},
    "average": {"optimizer": gd.AveragedSGD(), "batches": 16},
    "interrupted": {"callback": lambda k, w, value: k == 5},
}


@pytest.mark.parametrize("name", RUNS)
@pytest.mark.parametrize("run", [gd.minimize, gd.maximize])
def test_the_weights_are_those_of_the_steps(name, run):
    options = {"max_steps": 13, "gtol": 0.0, **RUNS[name]}
    if run is gd.maximize and name in ("line search", "proximal"):
        pytest.skip("this objective has no maximum, and proximal steps go down")
    kept, plain = run(LINEAR, W0, keep_weights=True, **options), run(LINEAR, W0, **options)
    assert plain.history.weights is None
    assert np.array_equal(kept.w, plain.w)
    for field in ("values", "step_sizes", "evaluated_values"):
        assert np.array_equal(getattr(kept.history, field), getattr(plain.history, field))
    past = kept.history
    assert past.weights.shape == (len(past.steps), *LINEAR.shape)
    assert past.weights.dtype == W0.dtype
    assert np.array_equal(past.weights[0], W0)
    if "batches" not in options:
        assert [LINEAR.value(w) for w in past.weights] == pytest.approx(past.values.tolist(), rel=1e-12)
    for i in (1, len(past.steps) - 1):
        short = run(LINEAR, W0, **options | {"max_steps": int(past.steps[i]), "callback": None})
        if name != "average":
            assert np.array_equal(past.weights[i], short.w)


def test_they_are_nobody_elses(tmp_path):
    result = gd.minimize(PARABOLA, [3.0], max_steps=3, keep_weights=True)
    result.history.weights[...] = 7.0
    assert result.w.item() == pytest.approx(3 * 0.8**3)


@pytest.mark.parametrize("name", ["whole", "compiled", "generic", "proximal"])
def test_a_checkpoint_keeps_them(name, tmp_path):
    saved = gd.Checkpoint(tmp_path / "run.npz", every=4)
    options = {"gtol": 0.0, "keep_weights": True, **RUNS[name]}
    straight = gd.minimize(LINEAR, W0, max_steps=13, **options)
    gd.minimize(LINEAR, W0, max_steps=6, checkpoint=saved, **options)
    assert np.array_equal(gd.resume(saved.path, LINEAR, max_steps=13).history.weights, straight.history.weights)


def test_a_float32_run_keeps_float32():
    result = gd.minimize(LINEAR, W0.astype(np.float32), max_steps=2, keep_weights=True)
    assert result.history.weights.dtype == np.float32


@pytest.mark.parametrize("bad", [1, None, "yes", 0.0])
def test_a_flag_is_a_flag(bad):
    with pytest.raises(TypeError, match="keep_weights must be True or False"):
        gd.minimize(PARABOLA, [3.0], keep_weights=bad)


def test_a_history_is_a_table():
    result = gd.minimize(PARABOLA, [3.0, 0.0], step=0.25, max_steps=3, keep_weights=True)
    assert str(result.history).splitlines() == [
        "k  step  |gradient|         L        w",
        "0  0.25           6         9      3 0",
        "1  0.25           3      2.25    1.5 0",
        "2  0.25         1.5    0.5625   0.75 0",
        "3              0.75  0.140625  0.375 0",
    ]


def test_a_long_history_shows_its_first_and_last_rows():
    text = str(gd.minimize(PARABOLA, [3.0], step=1e-4, max_steps=999).history).splitlines()
    assert len(text) == 22
    assert text[1].split()[0] == "0"
    assert text[-2].split()[0] == "999"
    assert text[-1] == "(20 rows of 1,000)"


def test_tables_of_other_runs():
    batched = gd.minimize(LINEAR, W0, batches=16, max_steps=3)
    assert "L of the mini-batch" in str(batched.history)
    assert len(str(batched.history).splitlines()) == 4
    nothing = gd.minimize(gd.FunctionObjective(lambda w: np.nan, lambda w: w), [1.0])
    assert str(nothing.history) == "k  step  |gradient|  L"
    grows = gd.maximize(gd.FunctionObjective(lambda w: -float(w @ w), lambda w: -2 * w), [3.0], max_steps=1)
    assert str(grows.history).splitlines()[1].split()[-1] == "-9"


class Checked(HTMLParser):
    """Every element is closed; the text without its tags."""

    def __init__(self, html):
        super().__init__()
        self.open, self.text = [], []
        self.feed(html)
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        assert tag in {"div", "strong", "p", "table", "thead", "tbody", "tr", "th", "td", "details", "summary"}
        self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text.append(data)


def test_a_result_in_a_notebook():
    result = gd.minimize(PARABOLA, [3.0], step=1.1, max_steps=100)
    told = " ".join(Checked(result._repr_html_()).text)
    assert "MAX_STEPS" in told
    assert "the loss rose from 9 to" in told
    assert "|gradient|" in told


def test_html_has_the_pages_colours_and_escapes():
    class Evil(gd.Momentum):
        def update(self, gradient, state, w):
            return -super().update(gradient, state, w)[0], state

    Evil.__name__ = "<script>alert(1)</script>"
    result = gd.minimize(PARABOLA, [3.0], Evil(), gd.Backtracking())
    assert "<script>" in str(result)
    html = result._repr_html_()
    assert "<script>" not in html
    assert "&lt;script&gt;" in html
    for part in html.split("style=")[1:]:
        style = part.split('"')[1]
        assert "background:#" not in style
        assert ";color:#" not in style
        assert not style.startswith("color:#")


def test_a_sanity_report_in_a_notebook():
    report = gd.sanity_check(LINEAR)
    told = " ".join(Checked(report._repr_html_()).text)
    for finding in report.findings:
        assert finding.sentence in told
    evil = type(report)((type(report.findings[0])("data", report.findings[0].severity, "<img src=x onerror=1>"),))
    assert "<img" not in evil._repr_html_()


def test_a_linear_objective_says_what_it_is():
    assert repr(LINEAR) == (
        "LinearObjective(n_samples=60, n_features=4, n_classes=3, loss=CrossEntropy(), "
        "regularizer=L2(strength=0.001), dtype=float64)"
    )
    assert "n_samples=7," in repr(LINEAR.rows(np.arange(7)))
    sparse = pytest.importorskip("scipy.sparse")
    one = gd.LinearObjective(sparse.csr_array(X.astype(np.float32)), Y)
    assert repr(one).endswith("loss=Hinge(margin=1.0), regularizer=None, dtype=CSR float32)")
    assert "n_outputs=1" in repr(gd.LinearObjective(X, X[:, 0], gd.SquaredError()))
    assert "dtype=uint8" in repr(gd.LinearObjective(np.zeros((3, 2), np.uint8), np.arange(3)))
