"""The checks that practitioners make before they train, each answered in a sentence with a remedy."""

from __future__ import annotations

from .checklist import sanity_check
from .report import Finding, SanityReport, Severity

__all__ = ["Finding", "SanityReport", "Severity", "sanity_check"]
