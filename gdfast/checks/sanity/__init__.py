"""The checks that practitioners make before they train, each answered in a sentence with a remedy."""

from __future__ import annotations

from .report import Finding, SanityReport, Severity
from .sanity_check import sanity_check

__all__ = ["Finding", "SanityReport", "Severity", "sanity_check"]
