"""Text sections of the page: the strategies, the settings, the versions and the command that reproduces the run."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..._config import config
from ...notebook import escaped
from ..strategies import StrategyTable
from .html import Section, pairs, paragraph, preformatted, table


def strategies(found: StrategyTable) -> Section:
    """The table of the strategies, the chance level, the first loss, and what the numbers alone do not say."""
    rows: list[tuple[Any, ...]] = [
        (row.name, row.evaluations, row.passes, f"{row.seconds:.2f}", row.value, f"{100 * row.accuracy:.1f} %")
        for row in found.rows
    ]
    header: tuple[str, ...] = ("strategy", "evalu\u00adations", "passes over X", "seconds", "loss", "held-out accuracy")
    caption = "What each strategy cost, and what it found"
    if len({row.evaluations for row in found.rows}) == 1:  # narrow windows have room for five columns
        caption = f"What each strategy cost with {found.rows[0].evaluations:,} evaluations, and what it found"
        header, rows = (header[0], *header[2:]), [(row[0], *row[2:]) for row in rows]
    says = paragraph(f"Chance level: {100 / found.n_classes:.3g} %. Before the first step: {found.start}.")
    says += "".join(map(paragraph, found.remarks()))
    return Section(
        "strategies-section",
        "Strategies compared",
        table(caption, header, rows) + says,
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
