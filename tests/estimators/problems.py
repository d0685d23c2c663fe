"""Small problems for the tests of the estimators."""

from __future__ import annotations

import numpy as np


def blobs(n=300, d=6, k=3, seed=0):
    """Features in units from 1e-2 to 1e2, and labels that three of them decide but for noise."""
    rng = np.random.default_rng(seed)
    Z = rng.normal(size=(n, d))
    y = np.argmax(Z[:, :k] + 0.5 * rng.normal(size=(n, k)), axis=1)
    return Z * 10.0 ** np.linspace(-2, 2, d) + 3.0, y


def line(n=300, d=6, seed=0, noise=0.3):
    """The same features, and numbers that depend on them."""
    X, _ = blobs(n, d, seed=seed)
    rng = np.random.default_rng(seed + 1)
    return X, (X - X.mean(axis=0)) / X.std(axis=0) @ rng.normal(size=d) + 5 + noise * rng.normal(size=n)
