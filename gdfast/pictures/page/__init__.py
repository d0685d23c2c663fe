"""One page that shows a whole run: a single HTML file with everything inside, for any browser, without a network."""

from __future__ import annotations

from .document import render, write_page
from .report import RunReport, Templates

__all__ = ["RunReport", "Templates", "render", "write_page"]
