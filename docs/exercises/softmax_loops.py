"""Exercise 8: the gradient of softmax cross-entropy by loops (LECTURE 3).

The probability of class j for sample i, and the loss:

    p_ij = exp(s_ij) / sum_k exp(s_ik)     L(W) = 1/N sum_i -log p_iyi

The scores s_i are W @ z_i, with z_i = X[i] and a 1 behind it. Write gradient(W) by a loop over the samples and one
over the classes. It is marked by

    gdfast check docs/exercises/softmax_loops.py
"""

import numpy as np

import gdfast as gd

rng = np.random.default_rng(8)
X, y = rng.normal(size=(30, 5)), np.arange(30) % 4
w0 = 0.6 * rng.normal(size=(4, 6))
Z = np.column_stack([X, np.ones(30)])


def value(W):
    """The mean of minus the logarithms of the right classes' probabilities."""
    total = 0.0
    for z, right in zip(Z, y, strict=True):
        powers = np.exp(W @ z)
        total -= np.log(powers[right] / powers.sum())
    return total / 30


def gradient(W):
    """(4, 6) -> (4, 6)."""
    raise NotImplementedError("write the gradient")


# The same loss as gdfast has it, by which the check names a bug.
objective = gd.LinearObjective(X, y, gd.CrossEntropy())
