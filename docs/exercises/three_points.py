"""Exercise 5: the hinge loss of three points on a line, term by term (LECTURE 8).

Three points x_0, x_1, x_2 of one number each, of the classes 0, 1 and 2; three weights w_j = W[j, 0], and no bias.
The score of class j for point i is w_j x_i. With the margin 1:

    L_0 = max(0, w_1 x_0 - w_0 x_0 + 1) + max(0, w_2 x_0 - w_0 x_0 + 1)     L_1 and L_2 likewise
    L   = (L_0 + L_1 + L_2) / 3

A term that is 0 has the derivative 0. Write gradient(W): three numbers in a column. It is marked by

    gdfast check docs/exercises/three_points.py
"""

import numpy as np

import gdfast as gd

x = np.array([1.2, -0.7, 2.1])
w0 = np.array([[0.4], [-0.3], [0.9]])


def value(W):
    """The six terms, written out."""
    w, total = W[:, 0], 0.0
    for i in range(3):
        for j in range(3):
            if j != i:
                total += max(0.0, w[j] * x[i] - w[i] * x[i] + 1)
    return total / 3


def gradient(W):
    """(3, 1) -> (3, 1)."""
    raise NotImplementedError("write the gradient")


# The same loss as gdfast has it, by which the check names a bug.
objective = gd.LinearObjective(x[:, np.newaxis], np.arange(3), gd.Hinge(), bias=False)
