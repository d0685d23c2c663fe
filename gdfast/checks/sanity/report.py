"""`SanityReport`: findings of the sanity checks, each with its severity, as sentences for a terminal of 80 columns."""

from __future__ import annotations

import textwrap
from dataclasses import dataclass
from enum import StrEnum

from ...describe import counted, described
from ...notebook import BAD, DOUBTFUL, GOOD, panel, table


class Severity(StrEnum):
    """How bad a finding is; each member is a plain string."""

    OK = "ok"
    WARNING = "warning"
    PROBLEM = "problem"


_COLOURS = {Severity.OK: GOOD, Severity.WARNING: DOUBTFUL, Severity.PROBLEM: BAD}


@dataclass(frozen=True)
class Finding:
    """The outcome of one check.

    Attributes
    ----------
    check : str
        What was checked, in a word or two: "first loss", "overfitting", "features", ...
    severity : Severity
        "ok"; "warning": training will work, but badly or not as meant; "problem": something is wrong.
    sentence : str
        What was found, and what to do where that is not ok.
    """

    check: str
    severity: Severity
    sentence: str


@dataclass(frozen=True)
class SanityReport:
    """What a sanity check found; ``print(report)`` reads as sentences, the worst first.

    Attributes
    ----------
    findings : tuple of Finding
        In the order of the checklist, those that are ok included.
    passed : bool
        No finding is a "problem"; there may be warnings.

    Examples
    --------
    >>> import numpy as np, gdfast as gd
    >>> X = np.random.default_rng(0).normal(size=(60, 40))
    >>> report = gd.sanity_check(gd.LinearObjective(X, np.arange(60) % 3))
    >>> report.passed, {finding.severity for finding in report.findings} == {"ok"}
    (True, True)
    """

    findings: tuple[Finding, ...]

    @property
    def passed(self) -> bool:
        """No finding is a problem."""
        return not self.with_severity(Severity.PROBLEM)

    def with_severity(self, severity: Severity) -> tuple[Finding, ...]:
        """The findings of that severity, in order."""
        if not isinstance(severity, str) or severity not in set(Severity):
            raise ValueError(f"severity must be one of {', '.join(Severity)}; it is {described(severity)}")
        return tuple(finding for finding in self.findings if finding.severity == severity)

    def require(self) -> SanityReport:
        """The report itself if it passed; otherwise a RuntimeError with the report as its text."""
        if not self.passed:
            raise RuntimeError(str(self))
        return self

    def __str__(self) -> str:
        worst_first = [(severity, self.with_severity(severity)) for severity in reversed(Severity)]
        counts = ", ".join(
            counted(len(found), severity, "ok" if severity is Severity.OK else None)
            for severity, found in worst_first
            if found
        )
        return "\n".join(
            [f"Sanity check: {counts}", *(_lines(finding) for _, found in worst_first for finding in found)]
        )

    def _repr_html_(self) -> str:
        worst = next((severity for severity in reversed(Severity) if self.with_severity(severity)), Severity.OK)
        title, *_ = str(self).splitlines()
        rows = [
            (finding.severity.value, finding.check, finding.sentence)
            for severity in reversed(Severity)
            for finding in self.with_severity(severity)
        ]
        return panel(_COLOURS[worst], title, (), table(("severity", "check", "finding"), rows, numbers=False))


def _lines(finding: Finding) -> str:
    label = f"  {finding.severity:<9}"
    text = f"{finding.check[0].upper()}{finding.check[1:]}. {finding.sentence}"
    return textwrap.fill(text, 79, initial_indent=label, subsequent_indent=" " * len(label))
