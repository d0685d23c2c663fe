"""The progress bar of a training: loss, held-out score, rows per second and time left."""

from __future__ import annotations

from typing import Any

from ..training.fit import Epoch


class EpochBar:
    """A tqdm bar on standard error over all rows of all epochs; nothing where `show` is False."""

    def __init__(self, rows: int, score_name: str, *, show: bool) -> None:
        self._rows, self._score_name, self._show = rows, score_name, show
        self._bar: Any = None

    def __call__(self, epoch: Epoch) -> None:
        """The training begins, or an epoch has ended."""
        if not self._show:
            return
        if self._bar is None:
            from tqdm import tqdm

            self._bar = tqdm(
                total=epoch.epochs * self._rows, unit=" rows", unit_scale=True, dynamic_ncols=True, leave=False,
                bar_format="{percentage:3.0f}%|{bar}| {elapsed}, {remaining} left, {rate_fmt}{postfix}",
            )  # fmt: skip
        if epoch.number == 0:
            return
        if self._bar.n == 0 and epoch.number > 1:  # a run that goes on: what was done before took no time now
            self._bar.initial = self._bar.n = (epoch.number - 1) * self._rows
        held_out = "" if epoch.score is None else f", {self._score_name} {epoch.score:.3f}"
        self._bar.set_postfix_str(f"loss {epoch.loss:.4g}{held_out}", refresh=False)
        self._bar.update(epoch.number * self._rows - self._bar.n)

    def close(self) -> None:
        """Take it away."""
        if self._bar is not None:
            self._bar.close()
