"""What the report says and prints."""

from __future__ import annotations

import numpy as np
import pytest

import gdfast as gd
from gdfast.checks import check_gradient
from gradients import Kinked, Quartic, point, softmax, softmax_gradient


@pytest.mark.parametrize(
    ("rows", "columns", "words"),
    [
        (slice(None), slice(None), "Wrong: 20 of 20 checked coordinates."),
        ([2], slice(None), "all of them in row 2."),
        (slice(None), [1], "all of them in column 1."),
        (slice(None), [-1], "the last one (the bias of a linear objective)"),
        ([0], [0], "Wrong: 1 of 20 checked coordinates, in row 0, in column 0."),
    ],
)
def test_the_report_says_where_the_errors_sit(rows, columns, words):
    def wrong(w):
        gradient = softmax_gradient(w)
        gradient[rows, columns] *= 2
        return gradient

    report = check_gradient(softmax, wrong, point((4, 5)))
    assert any(words in sentence for sentence in report.diagnosis)


@pytest.mark.parametrize("factor", [4.0, -4.0])
def test_the_report_fits_80_columns(factor):
    counts = np.ones((300, 400), dtype=np.int64)
    for objective in (Quartic((300, 400), factor), Kinked((300, 400), counts, 1e-3 * counts, factor)):
        if isinstance(objective, Kinked):
            report = check_gradient(objective, at=point((300, 400)) * 1e-9, h=1e-12)
        else:
            report = check_gradient(objective.value, objective.gradient, point((300, 400)), coordinates=50, rng=0)
        assert max(map(len, str(report).splitlines())) <= 80


def test_kinks_are_listed_with_the_largest_first_and_what_is_left_beside_them():
    counts, excess = np.zeros(8, dtype=np.int64), np.zeros(8)
    counts[[2, 5]], excess[[2, 5]] = 1, [0.1, 0.9]
    report = check_gradient(Kinked((8,), counts, excess), at=point(8))
    lines = str(report).splitlines()
    table = lines[next(i for i, line in enumerate(lines) if "worst coordinates" in line) + 1 :]
    assert lines[0] == "Gradient check: KINKS"
    assert sorted([table[0].split()[0], table[1].split()[0]]) == ["[2]", "[5]"]
    assert len(table[0].split()) == 5  # with the error that is left


def test_linear_kinks_are_named_with_their_share_and_the_step_that_crosses_none():
    rng = np.random.default_rng(0)
    objective = gd.LinearObjective(rng.normal(size=(60, 4)), rng.integers(3, size=60), gd.Hinge())
    W = 0.3 * rng.normal(size=(3, 5))
    report = check_gradient(objective, at=W, h=1e-2)
    assert report.verdict == "KINKS"
    said = " ".join(report.diagnosis)
    found = objective.nearest_kinks(W, 1e-2)
    sample, wrong_class, _ = found.terms[0]
    assert f"{found.n_terms} loss term" in said
    assert f"sample {sample}, class {wrong_class} (margin" in said
    assert np.array_equal(report.safe_h, found.safe_h)
    np.testing.assert_array_equal(report.kink_excess, objective.kink_crossings(W, 1e-2)[1].ravel())
    assert f"With h = {found.safe_h.min():.1e} none is crossed" in said
    assert check_gradient(objective, at=W, h=0.999 * found.safe_h.min()).kinks.size == 0
    assert max(map(len, str(report).splitlines())) <= 80


def test_functions_have_no_exact_kinks():
    report = check_gradient(lambda x: float(np.abs(x).sum()), np.sign, [1e-6, 1.0])
    assert report.kinks.tolist() == [0]
    assert report.safe_h is None
    assert report.kink_excess is None


def test_a_notebook_shows_it_escaped_and_in_its_own_colours():
    at = {"<b>": np.array([1.0, 2.0])}
    report = check_gradient(lambda p: float(np.sum(p["<b>"] ** 2)), lambda p: {"<b>": 3 * p["<b>"]}, at)
    shown = report._repr_html_()
    assert "Gradient check: FAIL" in shown
    assert "&lt;b&gt;[1]" in shown
    assert "<b>" not in shown
    assert "color:inherit;background:none" in shown
    assert all(shown.count(f"<{tag}") == shown.count(f"</{tag}>") for tag in ("div", "table", "tr", "td", "p"))
