"""What tests of the sanity check share: set-ups, and a search among the findings."""

from __future__ import annotations

import numpy as np

import gdfast as gd
from gdfast.checks.sanity import Finding, SanityReport

CLASSIFIERS = [gd.Hinge(), gd.Hinge(margin=0.25), gd.SquaredHinge(), gd.SquaredHinge(margin=3.0), gd.CrossEntropy()]
REGULARIZERS = [None, gd.L2(1e-3), gd.L1(1e-4), gd.ElasticNet(1e-4, 1e-3)]


def data(n=120, d=30, k=4, seed=0):
    rng = np.random.default_rng(seed)
    y = np.arange(n) % k
    return rng.normal(size=(n, d)) + 2 * rng.normal(size=(k, d))[y], y


def found(report: SanityReport, check: str) -> Finding:
    (finding,) = (finding for finding in report.findings if finding.check == check)
    return finding


def not_ok(report: SanityReport) -> list[tuple[str, str]]:
    return [(finding.check, str(finding.severity)) for finding in report.findings if finding.severity != "ok"]
