"""Exercise 4: the gradient of a penalty on the weights, L2 (LECTURE 4, 41).

W has a row for each of 3 classes and a column for each of 4 features, and one more column, the bias, which is not
penalised:

    R(W) = strength * (sum of the squares of all weights but the bias)

Write gradient(W). It is marked by

    gdfast check docs/exercises/penalty.py
"""

import numpy as np

strength = 0.35
w0 = np.random.default_rng(4).normal(size=(3, 5))


def value(W):
    """The penalty."""
    return strength * np.sum(W[:, :-1] ** 2)


def gradient(W):
    """(3, 5) -> (3, 5)."""
    raise NotImplementedError("write the gradient")
