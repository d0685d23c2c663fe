"""Exercise 6: the multiclass hinge's gradient by loops (LECTURE 2, 22).

N samples X[i] of the classes y[i]; the scores of sample i are s_j = W[j] . z, with z = X[i] and a 1 behind it: the last
column of W is the bias.

    L(W) = 1/N sum_i sum_(j != y_i) max(0, s_j - s_yi + 1)

Write gradient(W) by the two loops of `value`: which rows of W does a term > 0 change, and by what? It is marked by

    gdfast check docs/exercises/hinge_loops.py
"""

import numpy as np

import gdfast as gd

rng = np.random.default_rng(6)
X, y = rng.normal(size=(30, 5)), np.arange(30) % 4
w0 = 0.6 * rng.normal(size=(4, 6))
Z = np.column_stack([X, np.ones(30)])


def value(W):
    """The mean over the samples of the sum over the wrong classes."""
    total = 0.0
    for z, right in zip(Z, y, strict=True):
        scores = W @ z
        for j in range(4):
            if j != right:
                total += max(0.0, scores[j] - scores[right] + 1)
    return total / 30


def gradient(W):
    """(4, 6) -> (4, 6)."""
    raise NotImplementedError("write the gradient")


# The same loss as gdfast has it, by which the check names a bug.
objective = gd.LinearObjective(X, y, gd.Hinge())
