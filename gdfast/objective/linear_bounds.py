"""The best lower bound that the points of a run prove together.

What one point proves is a dual point, and any mixture of dual points is one. Of the hinge a single W proves little: a
row on its kink counts wholly or not at all. A mixture gives such a row any share between; each new dual point is mixed
in by the share that raises the bound most (a Frank-Wolfe step).
"""

from __future__ import annotations

from ..protocols import Array
from .dual_bounds import DualSums
from .linear.duality_gap import LinearCertificates
from .linear.hinge_dual import LinearDuals

SECTIONS = 14
GOLDEN = (5**0.5 - 1) / 2


class LinearBounds(LinearDuals, LinearCertificates):
    """The part of `LinearObjective` that keeps the best bound of a run."""

    def improved_bound(self, W: Array, value: float, known: DualSums | None) -> tuple[float, DualSums | None]:
        """A lower bound of the optimum from W, whose objective is `value`, and from all points before.

        `known` is what the call before handed back. Two passes over X; the first call on the hinge takes two more.
        """
        self.certified_strength()  # refuses by name what has none
        if not self.loss.has_box_dual:
            return value - self.duality_gap(W), None
        if self._facts is None:
            self._facts = self.facts_of_rows()
        squares, class_sums = self._facts
        fresh = self.known_of_duals(self._violated(W, class_sums), squares)
        alone = self.dual_bound(fresh, class_sums)
        if known is None:
            return alone, fresh
        best, share = max((self.dual_bound(known, class_sums), 0.0), (alone, 1.0))

        def mixed(share: float) -> tuple[float, float]:
            return self.dual_bound(known.mixed(fresh, share), class_sums), share

        # A golden section search: the bound is concave in the share, but for its repairs.
        low, high = 0.0, 1.0
        left, right = mixed(1 - GOLDEN), mixed(GOLDEN)
        for _ in range(SECTIONS):
            best, share = max((best, share), left, right)
            if left[0] >= right[0]:
                high, right = right[1], left
                left = mixed(high - GOLDEN * (high - low))
            else:
                low, left = left[1], right
                right = mixed(low + GOLDEN * (high - low))
        best, share = max((best, share), left, right)
        return best, known if share == 0 else fresh if share == 1 else known.mixed(fresh, share)

    def _violated(self, W: Array, class_sums: Array | None) -> Array:
        """The duals that W proves with: a row's weight where the term counts, (n_samples, n_classes)."""
        counts = self.margins(W) > 0
        if class_sums is not None:
            counts &= class_sums[:, -1] > 0
        return (counts * (self._shares() * self.n_samples)[:, None]).astype(self.arithmetic)
