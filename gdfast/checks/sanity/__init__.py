"""Sanity checks before a run (first loss, overfitting, gradients, data), each a sentence with a remedy."""

from __future__ import annotations

from .checklist import sanity_check
from .report import Finding, SanityReport, Severity

__all__ = ["Finding", "SanityReport", "Severity", "sanity_check"]
