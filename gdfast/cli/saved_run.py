"""`--checkpoint` and `--resume`: the run on the disk, and whether its options are those of the command."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from ..descent.checkpoints import Checkpoint, noted_in
from ..training.guarded_run import SavedRun


def saved_run_in(path: str | None, resume: bool, options: Mapping[str, Any]) -> SavedRun | None:
    """Where the run is kept, and what is there to go on with; `options` are those that decide the weights.

    A run that has not ended is never replaced, and is gone on with under the same options only.
    """
    if path is None:
        if resume:
            raise click.UsageError("--resume needs --checkpoint FILE: the run to go on with.")
        return None
    Checkpoint(path)  # before any work: can the place be one?
    fresh = SavedRun(path, json.dumps(options, sort_keys=True))
    if not Path(path).exists():
        return fresh
    found = SavedRun(path, fresh.settings, noted_in(path))
    if not found.is_guarded():
        raise click.ClickException(f"{path} is a run of gd.minimize, not of gdfast train: gd.resume goes on with it")
    if not resume:
        if found.is_finished():
            return fresh
        raise click.ClickException(
            f"{path} holds a run that has not ended: --resume goes on with it; remove it to begin anew"
        )
    before = json.loads(found.settings_there())
    for name in sorted(before.keys() | options.keys()):
        old, new = before.get(name), options.get(name)
        if old != new:
            raise click.ClickException(
                f"--resume needs the options of the run in {path}: its {name} was {_shown(old)}; it is {_shown(new)}"
            )
    return found


def remove_unless_finished(saved_run: SavedRun) -> None:
    """A run that has ended where its file does not say so: no step was found, or there were too many. Nothing is left
    to go on with, and nobody is to be asked to."""
    place = Path(saved_run.path)
    if place.exists() and not SavedRun(saved_run.path, saved_run.settings, noted_in(place)).is_finished():
        place.unlink()


def _shown(value: Any) -> str:
    return "not given" if value is None else str(value)
