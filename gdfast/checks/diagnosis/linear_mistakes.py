"""The wrong gradients that people write for a linear objective, each with the sentence that names it.

The data's gradient is ``sum_i A_i z_i'`` with A the derivatives by the scores: most mistakes are another A. A few
columns are enough to tell them apart. What is typical of a loss, the loss says.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np

from ...objective.capabilities import linear_problem_of, terms_of
from ...objective.guarded import unguarded
from ...objective.linear.objective import LinearObjective
from ...objective.linear.problem import LinearProblem
from ...objective.linear.terms import Terms
from ...protocols import Array, FloatArray
from .row_mistakes import Mistake, feature_mistakes, mini_batch_mistakes


def known_mistakes(objective: Any, W: Array, columns: Array) -> Iterator[Mistake]:
    """(a sentence, some columns of the wrong gradient at W, in float64), the likeliest first; none if it isn't linear.

    Costs the scores, and O(n_samples * n_classes * len(columns)) a mistake.
    """
    terms = terms_of(objective)
    if terms is None:
        return
    problem = linear_problem_of(objective)
    data, unweighted, wrong_data = (
        of_rows(objective, W, columns) if problem is not None else _of_chunks(objective.problem, W, columns)
    )
    wide = np.array(W, dtype=np.float64)
    penalty = np.zeros(terms.rows.shape)
    if terms.regularizer is not None:
        terms.penalised(penalty)[...] = terms.regularizer.gradient(terms.penalised(wide))
    some = penalty[:, columns]

    yield from _factor_mistakes(terms, data, some)
    if terms.regularizer is not None:
        for sentence, wrong in _penalty_mistakes(terms, wide, penalty):
            yield sentence, data + wrong[:, columns]
    for sentence, wrong in wrong_data.items():
        yield sentence, wrong + some
    if problem is not None:
        for sentence, wrong in mini_batch_mistakes(problem.rows, problem.loss, wide, columns, data):
            yield sentence, wrong + some
    if terms.rows.sample_weight is not None:
        yield (
            "sample_weight ignored: the gradient counts all samples alike; weight each sample's share.",
            unweighted + some,
        )


class RowMistakes(NamedTuple):
    """Some columns of the data's gradient: the right one, that without sample weights, the wrong ones by sentences."""

    right: FloatArray
    unweighted: FloatArray
    wrong: dict[str, FloatArray]


def of_rows(objective: Any, W: Array, columns: Array) -> RowMistakes:
    """Of rows in memory."""
    problem: LinearProblem = objective.linear_problem
    rows, loss = problem.rows, problem.loss
    scores = np.asarray(objective.scores(W), dtype=np.float64)
    unweighted = loss.gradient(scores, rows.y)
    A, Z = unweighted * (rows.n_samples * rows.normalized_weights[:, None]), rows.seen_columns(columns)
    wrong = _score_mistakes(problem, scores, A) if loss.classifies else iter(())
    found = {sentence: each.T @ Z for sentence, each in wrong}
    found |= {sentence: A.T @ other for sentence, other in feature_mistakes(rows, columns, Z)}
    return RowMistakes(A.T @ Z, unweighted.T @ Z, found)


def of_chunk(objective: LinearObjective, share: float, W: Array, columns: Array) -> tuple[float, int, RowMistakes]:
    """Of the rows of one chunk, with what they count."""
    return share, objective.n_samples, of_rows(objective, W, columns)


def _of_chunks(problem: Any, W: Array, columns: Array) -> RowMistakes:
    """Of all: where a chunk has none of a kind of mistake, it is right there."""
    parts: list[tuple[float, int, RowMistakes]] = list(problem.each(of_chunk, W, columns))
    n = problem.rows.n_samples
    sentences = dict.fromkeys(sentence for _, _, part in parts for sentence in part.wrong)
    return RowMistakes(
        sum((share * part.right for share, _, part in parts), np.zeros(1)),
        sum((count / n * part.unweighted for _, count, part in parts), np.zeros(1)),
        {
            sentence: sum((share * part.wrong.get(sentence, part.right) for share, _, part in parts), np.zeros(1))
            for sentence in sentences
        },
    )


def _factor_mistakes(problem: Terms, data: FloatArray, penalty: FloatArray) -> Iterator[Mistake]:
    """A wrong constant before the data's part."""
    n, total = problem.rows.n_samples, problem.rows.n_samples * problem.rows.mean_weight
    yield (
        f"missing factor 1/N: the loss is a mean over N = {n:,} samples, the gradient a sum; divide by N.",
        n * data + penalty,
    )
    yield (
        f"extra factor 1/N: the data's gradient is divided by N = {n:,} once too often; take one division out.",
        data / n + penalty,
    )
    if problem.rows.sample_weight is not None:
        yield (
            f"missing factor 1/N: N is the sum of sample_weight, {total:.6g}; divide the data's gradient by it.",
            total * data + penalty,
        )
    for sentence, factor in problem.loss.wrong_factors():
        yield sentence, factor * data + penalty
    if problem.regularizer is not None:
        yield (
            "sign flipped in the data's part: only the regularizer's sign is right; turn it.",
            penalty - data,
        )
        yield "the data's part is missing: only the regularizer's gradient is there; add the loss's.", penalty


def _penalty_mistakes(problem: Terms, W: FloatArray, penalty: FloatArray) -> Iterator[Mistake]:
    """(a sentence, a wrong gradient of the regularizer); the data's part is right."""
    assert problem.regularizer is not None
    half = np.zeros(problem.rows.shape)
    problem.penalised(half)[...] = 0.5 * float(getattr(problem.regularizer, "curvature", 0.0)) * problem.penalised(W)
    name = type(unguarded(problem.regularizer)).__name__
    if half.any():
        yield (
            f"regularizer without the factor 2: the derivative of {name}'s w**2 is 2 w; multiply that part by 2.",
            penalty - half,
        )
    if problem.rows.bias:
        other = np.array(problem.regularizer.gradient(W))
        if problem.penalize_bias:
            other[:, -1] = 0
            yield "regularizer missing on the bias: penalize_bias is True; add it in the last column.", other
        else:
            yield (
                "regularizer on the bias: the value does not penalise the last column; leave it out there "
                "(or set penalize_bias).",
                other,
            )
    yield f"regularizer missing: {name} is in the value, not in the gradient; add its gradient.", 0 * penalty
    yield f"sign flipped in the regularizer's part: {name}'s gradient is subtracted; add it.", -penalty
    yield f"regularizer twice: {name}'s gradient is twice as large as its value asks; halve it.", 2 * penalty
    yield (
        f"extra factor 1/N in the regularizer's part: only the data's is a mean over N = {problem.rows.n_samples:,}; "
        "divide that alone.",
        penalty / problem.rows.n_samples,
    )


def _score_mistakes(problem: LinearProblem, scores: FloatArray, A: FloatArray) -> Iterator[Mistake]:
    """(a sentence, wrong derivatives by the scores)."""
    rows, y = np.arange(problem.rows.n_samples), problem.rows.y
    right = np.zeros_like(A)
    right[rows, y] = A[rows, y]
    name = type(problem.loss).__name__
    yield (
        f"correct-class row missing: {name} lowers the right class's row too; add each sample's share to row y_i.",
        A - right,
    )
    yield "wrong classes' rows missing: only the right class's row has its share; add the others'.", right
    classes, loss, shares = problem.rows.n_classes, problem.loss, problem.rows.normalized_weights[:, None] * len(y)
    for by, other in ((1, "y_i + 1"), (-1, "y_i - 1")):
        yield (
            f"off by one class: the gradient takes class {other} for the right one, class y_i; number the rows of W as "
            "y does, from 0.",
            loss.gradient(scores, (y + by) % classes) * shares,
        )
    yield from problem.loss.wrong_coefficients(scores, y, A, problem.rows.normalized_weights)
