"""Random points as a pure function of their number: counter-based, so none of them depends on those before it."""

from __future__ import annotations

import numpy as np

from ...protocols import FloatArray


class Candidates:
    """Standard normal arrays of one shape, numbered 0, 1, 2, ...

    Philox turns (key, counter) into random words. Each number has 2**128 counters to itself, so the i-th array is
    the same whatever was drawn before, in whatever groups, and however many are wanted.

    Parameters
    ----------
    generator : Generator
        The key is drawn from it, once: the same seed, the same points.
    shape : tuple of int
    """

    def __init__(self, generator: np.random.Generator, shape: tuple[int, ...]) -> None:
        key = generator.integers(2**64, size=2, dtype=np.uint64)
        self._shape = shape
        self._philox = np.random.Philox(key=key)
        self._generator = np.random.Generator(self._philox)
        self._state = self._philox.state  # a fresh one: nothing buffered

    def at(self, i: int) -> FloatArray:
        """The i-th array."""
        self._seek(i)
        return self._generator.standard_normal(self._shape)

    def block(self, start: int, stop: int) -> FloatArray:
        """Those with numbers start, ..., stop - 1: (stop - start, *shape)."""
        out = np.empty((stop - start, *self._shape))
        for i in range(start, stop):
            self._seek(i)
            self._generator.standard_normal(out=out[i - start, ...])
        return out

    def _seek(self, i: int) -> None:
        self._state["state"]["counter"][2] = i  # the first two words count within the array
        self._philox.state = self._state
