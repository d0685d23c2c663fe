"""Results read as sentences."""

from __future__ import annotations

import numpy as np
import pytest

from gdfast import FunctionObjective, Status, minimize

PARABOLA = FunctionObjective(lambda w: float(np.sum(w**2)), lambda w: 2 * w)


def test_the_endings_are_those_of_the_api():
    assert [status.name for status in Status] == [
        "CONVERGED", "MAX_STEPS", "NO_DESCENT", "DIVERGED", "STOPPED", "INTERRUPTED",
    ]  # fmt: skip


@pytest.mark.parametrize("status", Status)
def test_each_status_is_a_sentence(status):
    assert status.value[0].isupper()
    assert status.value.endswith(".")


@pytest.mark.parametrize("status", [Status.MAX_STEPS, Status.NO_DESCENT, Status.DIVERGED, Status.INTERRUPTED])
def test_an_ending_that_is_not_wanted_has_a_remedy(status):
    remedies = ("allow more steps", "use float64", "use a smaller step", "start again")
    assert sum(remedy in status.value for remedy in remedies) == 1


def test_a_result_reads_as_sentences():
    text = str(minimize(PARABOLA, [3.0], step=[0.1, 0.9, 1.0], max_steps=3))
    assert text.startswith("All steps were taken, ")
    assert "\nAfter 3 steps (4 evaluations, " in text
    assert " the objective is 3.6864 and the largest element of its gradient 3.84." in text
    assert "best value" not in text
    assert "1 step (2 evaluations" in str(minimize(PARABOLA, [3.0], max_steps=1))


def test_a_better_value_of_the_run_is_told():
    assert str(minimize(PARABOLA, [3.0], step=2.0, max_steps=3)).endswith("The best value of the run was 9.")


def test_the_representation_stays_short():
    assert len(repr(minimize(PARABOLA, np.ones(100_000), max_steps=5))) < 1000


def test_results_are_frozen():
    with pytest.raises(AttributeError):
        minimize(PARABOLA, [3.0], max_steps=1).value = 0.0
