"""What the report says and prints."""

from __future__ import annotations

import numpy as np
import pytest

from gdfast.checks import check_gradient
from gradients import Kinked, Quartic, point, softmax, softmax_gradient


@pytest.mark.parametrize(
    ("rows", "columns", "words"),
    [
        (slice(None), slice(None), "Wrong: 20 of 20 checked coordinates."),
        ([2], slice(None), "all of them in row 2."),
        (slice(None), [1], "all of them in column 1."),
        (slice(None), [-1], "the last one (the bias of a linear objective)"),
        ([0], [0], "Wrong: 1 of 20 checked coordinates."),
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
