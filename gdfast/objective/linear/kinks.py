"""Where the nearest kinks of the linear objective are: how far each weight can move before a hinge term changes side.

Moving W[c, j] by t moves the margins of class c by t x_ij (and those of a sample of class c, all of them, by -t x_ij),
so a term is crossed at ``t = |margin / x_ij|``. Few samples have a margin within reach of a small step: only these are
looked at.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ... import _kernels
from ..._arrays import check_indices, check_positive, check_weights
from ...protocols import Array, FloatArray
from ..margins import margins as margins_of
from ..regularizers.regularizers import strengths_of
from .rows import LinearParts

BLOCK_BYTES = 1 << 24
NAMED = 3


@dataclass(frozen=True, eq=False)
class NearestKinks:
    """The kinks within a step h of each weight.

    Attributes
    ----------
    safe_h : float64 (n,)
        The largest step that crosses no kink, at most h.
    n_terms : int
        How many terms of the loss lie within the step of at least one weight.
    terms : tuple of (sample, class, margin)
        Those with the smallest margins.
    """

    safe_h: FloatArray
    n_terms: int
    terms: tuple[tuple[int, int, float], ...]


class LinearKinks(LinearParts):
    """The part of `LinearObjective` that looks for kinks."""

    def nearest_kinks(self, W: Array, h: float = 1e-5, coordinates: Any = None) -> NearestKinks | None:
        """The kinks that a step of up to h in each of W's elements (or some flat `coordinates`) reaches.

        None when neither loss nor regularizer has kinks. One pass over X, and the samples with a small margin.
        """
        h = check_positive(h, "h")
        W = check_weights(W, self.shape)
        flat = None if coordinates is None else check_indices(coordinates, W.size, "coordinates")
        strengths = strengths_of(self.regularizer)
        sharp = strengths is not None and strengths.l1 > 0
        if not self.loss.has_kinks and not sharp:
            return None
        wanted = np.ones(self.shape, dtype=bool)
        if flat is not None:
            wanted[...] = False
            wanted.reshape(-1)[flat] = True
        safe = np.full(self.shape, h)
        n_terms, terms = self._terms_near(W, h, wanted, safe) if self.loss.has_kinks else (0, ())
        if sharp:
            part = self._penalised(safe)
            np.minimum(part, np.abs(self._penalised(np.asarray(W, dtype=np.float64))), out=part)
        return NearestKinks(safe.reshape(-1) if flat is None else safe.reshape(-1)[flat], n_terms, terms)

    def _terms_near(
        self, W: Array, h: float, wanted: Array, safe: FloatArray
    ) -> tuple[int, tuple[tuple[int, int, float], ...]]:
        """Shrinks `safe` (of W's shape) to the terms' kinks; how many terms a wanted weight crosses, and a few."""
        margins = self._signed_margins(W)
        sizes = np.abs(margins)
        labels = self._own_labels()
        nearest = sizes.min(axis=1)  # a weight of the sample's own class moves all of its margins
        sizes[np.arange(self.n_samples), labels] = nearest
        shares = self._shares()
        reach = h * float(self._reach().max())
        rows = np.flatnonzero((nearest < reach) & (shares > 0))
        crossed: list[tuple[int, int, float]] = []
        step = max(1, BLOCK_BYTES // (8 * self.shape[1]))
        n_terms = 0
        for start in range(0, rows.size, step):
            some = rows[start : start + step]
            moves = np.abs(self._dense_rows(some))
            longest = moves.max(axis=1)
            touched = np.zeros((some.size, self.n_classes), dtype=bool)
            for c in range(self.n_classes):
                near = np.flatnonzero(sizes[some, c] < h * longest)
                if near.size == 0 or not wanted[c].any():
                    continue
                with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
                    steps = sizes[some[near], c][:, np.newaxis] / moves[near]
                steps[moves[near] == 0] = np.inf
                np.minimum(safe[c], steps.min(axis=0), out=safe[c])
                farthest = h * np.max(moves[near], axis=1, where=wanted[c], initial=0.0)
                own = labels[some[near]] == c
                touched[near[~own], c] |= sizes[some[near[~own]], c] < farthest[~own]
                touched[near[own]] |= np.abs(margins[some[near[own]]]) < farthest[own][:, np.newaxis]
            at, classes = np.nonzero(touched)
            n_terms += at.size
            crossed += [
                (int(i), int(c), float(margins[i, c])) for i, c in zip(some[at].tolist(), classes.tolist(), strict=True)
            ]
            crossed = sorted(crossed, key=lambda term: abs(term[2]))[:NAMED]
        return n_terms, tuple(crossed)

    def _signed_margins(self, W: Array) -> FloatArray:
        """Of the wrong classes, as the differences see them; infinite at the right one: (n_samples, n_classes)."""
        scores = np.empty((self.n_samples, self.n_classes))
        self._touch(self.n_samples)
        self._problem.evaluate(np.asarray(W, dtype=np.float64), None, None, scores, True)
        return margins_of(scores, self._own_labels(), self.loss.margin, own=np.inf)

    def _own_labels(self) -> Array:
        assert self._labels is not None
        return self._labels if self._index is None else self._labels[self._index]

    def _dense_rows(self, rows: Array) -> FloatArray:
        """Some rows as the model sees them, the bias's 1 included: (m, shape[1])."""
        at = rows if self._index is None else self._index[rows]
        dense = np.ones((rows.size, self.shape[1]))
        part = dense[:, : self.n_features]
        if isinstance(self._rows, _kernels.SparseRows):
            part[...] = 0.0
            starts = self._rows.starts
            for k, i in enumerate(at.tolist()):
                entries = slice(starts[i], starts[i + 1])
                np.add.at(part[k], self._rows.indices[entries], self._rows.values[entries])
        else:
            part[...] = self._rows[at]
        if self.mean is not None:
            part -= self.mean
        if self.scale is not None:
            part /= self.scale
        return dense
