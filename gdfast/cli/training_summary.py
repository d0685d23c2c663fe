"""The summary of `gdfast train`: a few lines, JSON, and facts in the model's file."""

from __future__ import annotations

import math
import shlex
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from ..datasets import Dataset
from ..describe import counted, one_line
from ..model import Model
from ..training.evaluation import Evaluation
from ..training.fit import Fit
from ..training.proof import Proof
from .alpha_choice import AlphaChoice
from .tables import print_facts, print_json, say

SHORT = {"mean_absolute_error": "MAE"}
FORMAT = {"accuracy": ".3f", "R2": ".3f"}


@dataclass(frozen=True, eq=False)
class Summary:
    """The facts of a training."""

    data: str
    out: str
    description: str
    features: int
    classes: tuple[str, ...] | None
    loss_name: str
    epochs: int
    passes: float
    seconds: float
    total_seconds: float
    train: Evaluation
    held_out: Evaluation | None
    duality_gap: float | None
    method: str = ""
    proof: Proof | None = None
    choice: AlphaChoice | None = None

    @staticmethod
    def of(
        model: Model, fitted: Fit, train: Evaluation, held_out: Evaluation | None, *, data: str, found: Dataset,
        out: str, seconds: float, total_seconds: float, choice: AlphaChoice | None = None,
    ) -> Summary:  # fmt: skip
        """The summary of a training, with the model's evaluation on the rows of both parts.

        The seconds are those of the training; the total has reading, the choice of alpha and evaluation as well.
        """
        return Summary(
            data=data,
            out=out,
            description=found.description.removesuffix("".join(f"; {note}" for note in found.notes)),
            features=int(found.X.shape[1]),
            classes=found.class_names if model.loss.classifies else None,
            loss_name=model.loss.title,
            epochs=len(fitted.run.losses) if fitted.plan.proves is None else fitted.run.result.steps,
            passes=fitted.run.passes,
            seconds=seconds,
            total_seconds=total_seconds,
            train=train,
            held_out=held_out,
            duality_gap=fitted.gap,
            method=fitted.run.result.method,
            proof=None if fitted.plan.proves is None else Proof.of(fitted.run.result, fitted.plan.proves),
            choice=choice,
        )

    def with_facts(self, model: Model, options: Mapping[str, Any]) -> Model:
        """The model with what is worth keeping; nothing that differs from run to run, so that its file does not."""
        facts = {name.removeprefix("--"): value for name, value in options.items() if value is not None}
        if self.choice is not None:
            facts |= {"chosen alpha": self.choice.chosen}
        if self.proof is not None and math.isfinite(self.proof.share):
            facts |= {"proven": self.proof.share}
        facts |= {"data": self.data, "rows": self.train.rows, "epochs": self.epochs, "training": scores(self.train)}
        if self.held_out is not None:
            facts |= {"held out": {"rows": self.held_out.rows, **scores(self.held_out)}}
        return replace(model, facts=facts)

    def tell(self, *, as_json: bool, quiet: bool, report: str | None) -> None:
        """Print it."""
        if as_json:
            print_json(self._as_data(report))
        elif not quiet:
            print_facts(self.lines(report))
            model = shlex.quote(one_line(self.out))
            say(f"\nNext: gdfast evaluate {model} DATA\n      gdfast predict {model} NEW-DATA")

    def lines(self, report: str | None) -> dict[str, str]:
        unit = "epoch" if self.proof is None else "step"
        went = f"{counted(self.epochs, unit)}, {self.passes:,.4g} passes"
        lines = {
            "data": self.description,
            "trained": f"on {counted(self.train.rows, 'row')} in {self.seconds:.3g} s: {went}",
        }
        if self.choice is not None:
            lines["alpha"] = self.choice.line()
        if self.proof is not None:
            remedy = f"; what helps: {self.proof.remedy}" if self.proof.remedy else ""
            lines |= {
                "method": self.method.rstrip("."),
                "proven": self.proof.proven,
                "stopped": self.proof.ended + remedy,
            }
        gap = (
            ""
            if self.duality_gap is None or self.proof is not None
            else f"; the optimum is at most {self.duality_gap:.2g} away"
        )
        lines["loss"] = f"{self.train.loss:.5g} ({self.loss_name}){gap}"
        if self.held_out is not None:
            named = ", ".join(
                f"{SHORT.get(name, name)} {value:{FORMAT.get(name, '.4g')}}"
                for name, value in scores(self.held_out).items()
            )
            lines["held out"] = f"{counted(self.held_out.rows, 'row')}: {named}"
        lines["in all"] = f"{self.total_seconds:.3g} s, with reading and evaluation"
        lines["model"] = self.out
        return lines | ({} if report is None else {"report": report})

    def _as_data(self, report: str | None) -> dict[str, Any]:
        return {
            "model": self.out,
            "data": self.data,
            "rows": self.train.rows,
            "features": self.features,
            "classes": self.classes,
            "training": scores(self.train),
            "held_out": None if self.held_out is None else {"rows": self.held_out.rows, **scores(self.held_out)},
            "duality_gap": self.duality_gap,
            "epochs": self.epochs,
            "passes": self.passes,
            "seconds": self.seconds,
            "total_seconds": self.total_seconds,
            "report": report,
            **self._proof_as_data(),
            **({} if self.choice is None else self.choice.as_data()),
        }

    def _proof_as_data(self) -> dict[str, Any]:
        if self.proof is None:
            return {}
        share = self.proof.share
        return {
            "method": self.method,
            "tol": self.proof.tol,
            "proven": share if math.isfinite(share) else None,
            "stopped": self.proof.ended,
        }


def scores(evaluation: Evaluation) -> dict[str, float]:
    """The metrics by name, the most telling first."""
    named = {
        "accuracy": evaluation.accuracy,
        "R2": evaluation.r2,
        "RMSE": evaluation.rmse,
        "mean_absolute_error": evaluation.mean_absolute_error,
        "loss": evaluation.loss,
    }
    return {name: value for name, value in named.items() if value is not None}
