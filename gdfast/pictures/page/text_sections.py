"""Text sections of the page: the strategies, the settings, the versions and the command that reproduces the run."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..._config import config
from ...notebook import escaped
from ..strategies import StrategyTable
from .html import Section, pairs, paragraph, preformatted, table


def strategies(found: StrategyTable) -> Section:
    """The table of three strategies, and the chance level."""
    rows = [
        (row.name, row.evaluations, row.passes, f"{row.seconds:.2f}", row.value, f"{100 * row.accuracy:.1f} %")
        for row in found.rows
    ]
    header = ("strategy", "evaluations", "passes over X", "seconds", "loss", "held-out accuracy")
    overtaken = found.overtaken_at()
    says = paragraph(
        f"Chance level: {100 / found.n_classes:.3g} %.",
        ""
        if overtaken is None
        else f"Gradient descent was below the best loss of both searches after {overtaken:,} evaluations.",
    )
    return Section(
        "strategies-section",
        "Strategies compared",
        table("What each strategy cost, and what it found", header, rows) + says,
    )


def settings(given: Mapping[str, Any]) -> Section:
    """What was chosen."""
    return Section("settings-section", "Settings", pairs("The settings of this run", given))


def versions() -> Section:
    """What it ran on."""
    facts = {name: ", ".join(value) if isinstance(value, list) else value for name, value in config().items()}
    return Section("versions-section", "Versions and machine", pairs("What this run ran on", facts))


def command(text: str) -> Section:
    """What to type, with a button that copies it."""
    return Section(
        "command-section",
        "Reproduce this run",
        preformatted("The command", f'<code id="command">{escaped(text)}</code>')
        + '<p class="controls"><button type="button" id="copy">Copy the command</button> '
        '<span id="copied" role="status"></span></p>',
    )
