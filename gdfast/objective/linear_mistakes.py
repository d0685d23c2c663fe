"""The wrong gradients that people write for a linear objective, each with the sentence that names it.

The data's gradient is ``sum_i A_i z_i'`` with A the derivatives by the scores: most mistakes are another A. A few
columns are enough to tell them apart.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from .. import _kernels
from ..protocols import Array, FloatArray
from .linear.rows import LinearParts

Mistake = tuple[str, FloatArray]


class LinearMistakes(LinearParts):
    """The part of `LinearObjective` that knows how its gradient is got wrong."""

    def known_mistakes(self, W: Array, columns: Array) -> Iterator[Mistake]:
        """(a sentence, some columns of the wrong gradient at W, in float64), the likeliest first.

        Costs the scores, and O(n_samples * n_classes * len(columns)) a mistake.
        """
        wide = np.array(W, dtype=np.float64)
        scores = np.asarray(self.scores(W), dtype=np.float64)
        visited = slice(None) if self._index is None else self._index
        y = self._targets if self._labels is None else self._labels
        assert y is not None
        unweighted = self.loss.gradient(scores, y[visited])
        shares = self._shares()[:, None]
        A, Z = unweighted * (self.n_samples * shares), self._seen_columns(columns)
        data = A.T @ Z
        penalty = np.zeros(self.shape)
        if self.regularizer is not None:
            self._penalised(penalty)[...] = self.regularizer.gradient(self._penalised(wide))
        some = penalty[:, columns]

        yield from self._factor_mistakes(data, some)
        if self.regularizer is not None:
            for sentence, wrong in self._penalty_mistakes(wide, penalty):
                yield sentence, data + wrong[:, columns]
        if self.loss.classifies:
            for sentence, wrong in self._score_mistakes(scores, A, shares, y[visited]):
                yield sentence, wrong.T @ Z + some
        if self._weights is not None:
            yield (
                "sample_weight ignored: the gradient counts all samples alike; weight each sample's share.",
                unweighted.T @ Z + some,
            )

    def _seen_columns(self, columns: Array) -> FloatArray:
        """Of the rows as the model sees them, the bias included: (n_samples, len(columns))."""
        features = columns[columns < self.n_features]
        some = self.X[:, features].toarray() if isinstance(self._rows, _kernels.SparseRows) else self._rows[:, features]
        if self._index is not None:
            some = some[self._index]
        mean = 0.0 if self.mean is None else self.mean[features]
        Z = np.ones((self.n_samples, columns.size))
        Z[:, columns < self.n_features] = (some - mean) / (1.0 if self.scale is None else self.scale[features])
        return Z

    def _factor_mistakes(self, data: FloatArray, penalty: FloatArray) -> Iterator[Mistake]:
        """A wrong constant before the data's part."""
        n, total = self.n_samples, self.n_samples * self._mean_weight
        yield (
            f"missing factor 1/N: the loss is a mean over N = {n:,} samples, the gradient a sum; divide by N.",
            n * data + penalty,
        )
        yield (
            f"extra factor 1/N: the data's gradient is divided by N = {n:,} once too often; take one division out.",
            data / n + penalty,
        )
        if self._weights is not None:
            yield (
                f"missing factor 1/N: N is the sum of sample_weight, {total:.6g}; divide the data's gradient by it.",
                total * data + penalty,
            )
        for sentence, factor in self.loss.wrong_factors():
            yield sentence, factor * data + penalty
        if self.regularizer is not None:
            yield (
                "sign flipped in the data's part: only the regularizer's sign is right; turn it.",
                penalty - data,
            )
            yield "the data's part is missing: only the regularizer's gradient is there; add the loss's.", penalty

    def _penalty_mistakes(self, W: FloatArray, penalty: FloatArray) -> Iterator[Mistake]:
        """(a sentence, a wrong gradient of the regularizer); the data's part is right."""
        assert self.regularizer is not None
        half = np.zeros(self.shape)
        self._penalised(half)[...] = 0.5 * float(getattr(self.regularizer, "curvature", 0.0)) * self._penalised(W)
        name = type(self.regularizer).__name__
        if half.any():
            yield (
                f"regularizer without the factor 2: the derivative of {name}'s w**2 is 2 w; multiply that part by 2.",
                penalty - half,
            )
        if self.bias:
            other = np.array(self.regularizer.gradient(W))
            if self.penalize_bias:
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
            f"extra factor 1/N in the regularizer's part: only the data's is a mean over N = {self.n_samples:,}; "
            "divide that alone.",
            penalty / self.n_samples,
        )

    def _score_mistakes(
        self, scores: FloatArray, A: FloatArray, shares: FloatArray, y: Array
    ) -> Iterator[tuple[str, FloatArray]]:
        """(a sentence, wrong derivatives by the scores)."""
        rows = np.arange(self.n_samples)
        right = np.zeros_like(A)
        right[rows, y] = A[rows, y]
        name = type(self.loss).__name__
        yield (
            f"correct-class row missing: {name} lowers the right class's row too; add each sample's share to row y_i.",
            A - right,
        )
        yield "wrong classes' rows missing: only the right class's row has its share; add the others'.", right
        yield from self.loss.wrong_coefficients(scores, y, A, shares[:, 0])
