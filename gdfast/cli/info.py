"""`gdfast info`: versions and instruction set of this installation, or the contents of a model file."""

from __future__ import annotations

import os
from typing import Any

import click

from .._config import config, show_config
from ..model import Model, load_model
from .failures import explain_mistakes
from .option_types import FileName
from .tables import print_facts, print_json, say


@click.command()
@click.argument("model_file", type=FileName(), metavar="[MODEL]", required=False)
@click.option("--measure", is_flag=True, help="Time each instruction set on this machine: which is the quickest?")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def info(model_file: str | None, measure: bool, as_json: bool) -> None:
    """Print versions and settings, or what MODEL holds.

    Without MODEL: versions, compiler, instruction set, threads. With it: what it predicts and how it was trained.

    Example: gdfast info flowers.npz
    """
    if measure:
        if model_file is not None:
            raise click.UsageError("--measure times this machine: it takes no MODEL")
        with explain_mistakes():
            _print_speed(as_json)
        return
    if model_file is None:
        if as_json:
            print_json(config())
        else:
            show_config()
        return
    with explain_mistakes():
        facts = _facts(model_file, load_model(model_file))
    if as_json:
        print_json(facts)
    else:
        trained = facts.pop("trained")
        print_facts({name: value for name, value in facts.items() if value is not None})
        if trained:
            say("\ntrained with")
            print_facts(trained, indent="  ")


def _print_speed(as_json: bool) -> None:
    from . import instruction_sets

    times = instruction_sets.measure()
    ratios, runs = instruction_sets.times_as_long(times), config()["instruction set"]
    if as_json:
        print_json({"milliseconds": times, "times_as_long": ratios, "runs": runs})
        return
    for name, cases in times.items():
        say(f"{name}: {ratios[name]:.2f} times as long as the quickest")
        print_facts({case: f"{milliseconds:.3g} ms" for case, milliseconds in cases.items()}, indent="  ")
    say(instruction_sets.advice(ratios, runs))


def _facts(path: str, model: Model) -> dict[str, Any]:
    trained = dict(model.facts)
    standardized = model.scale is not None or model.mean is not None
    return {
        "model": path,
        "bytes": os.path.getsize(path),
        "kind": f"{'classifier' if model.loss.classifies else 'regression'}, {model.loss.title}",
        "loss": str(model.loss),
        "weights": f"{len(model.W):,} x {model.W.shape[1]:,} {model.W.dtype}",
        "standardized": standardized,
        "bias": model.bias,
        "classes": model.class_names,
        "features": model.feature_names or model.n_features,
        "gdfast": trained.pop("gdfast", None),
        "trained": trained,
    }
