"""Functions with right gradients, and points to check them at."""

from __future__ import annotations

import numpy as np


class Quartic:
    """sum(a w**4), as an objective; it counts what it is asked."""

    def __init__(self, shape, factor=4.0):
        self.a = np.random.default_rng(0).uniform(1, 2, size=shape)
        self.factor = factor
        self.values = self.gradients = 0

    def value(self, w):
        self.values += 1
        return float(np.sum(self.a * w**4))

    def gradient(self, w):
        self.gradients += 1
        return self.factor * self.a * w**3

    def value_and_gradient(self, w):
        return self.value(w), self.gradient(w)


class Structured(Quartic):
    """The same, with a numerical gradient of its own, exact but for an error put in by hand."""

    error = 0.0

    def numerical_gradient(self, w, h=1e-5, scheme="centered", coordinates=None):
        full = 4 * self.a * w**3 + self.error
        return full if coordinates is None else full.reshape(-1)[coordinates]


class Kinked(Structured):
    """Some stencils cross a kink; `excess` is what that adds to their quotients."""

    def __init__(self, shape, counts, excess, factor=4.0):
        super().__init__(shape, factor)
        self.counts, self.excess = np.asarray(counts), np.asarray(excess)
        self.error = self.excess

    def kink_crossings(self, w, h=1e-5, coordinates=None):
        if coordinates is None:
            return self.counts, self.excess
        return self.counts.ravel()[coordinates], self.excess.ravel()[coordinates]


class Corner:
    """Has no gradient of its own."""

    has_gradient = False

    def value(self, w):
        return float(np.abs(w).sum())

    def gradient(self, w):
        return np.sign(w)


def point(shape, seed=1):
    """A generic point, its entries between 0.5 and 1.5 with either sign."""
    rng = np.random.default_rng(seed)
    return rng.uniform(0.5, 1.5, size=shape) * rng.choice([-1.0, 1.0], size=shape)


def softmax(w):
    return float(np.log(np.exp(w).sum()))


def softmax_gradient(w):
    return np.exp(w) / np.exp(w).sum()
