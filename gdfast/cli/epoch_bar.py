"""The progress bar of a training: loss, held-out score, rows per second and time left."""

from __future__ import annotations

from typing import Any


class EpochBar:
    """A tqdm bar on standard error over all rows of all epochs; nothing where `show` is False."""

    def __init__(self, rows: int, score_name: str, *, show: bool) -> None:
        self._rows, self._score_name, self._show = rows, score_name, show
        self._bar: Any = None

    def begin(self, epochs: int) -> None:
        """The training begins."""
        if not self._show:
            return
        from tqdm import tqdm

        self._bar = tqdm(
            total=epochs * self._rows, unit=" rows", unit_scale=True, dynamic_ncols=True, leave=False,
            bar_format="{percentage:3.0f}%|{bar}| {elapsed}, {remaining} left, {rate_fmt}{postfix}",
        )  # fmt: skip

    def epoch(self, number: int, of: int, loss: float, score: float | None) -> None:
        """An epoch has ended."""
        if self._bar is None:
            return
        if self._bar.n == 0 and number > 1:  # a run that goes on: what was done before took no time now
            self._bar.initial = self._bar.n = (number - 1) * self._rows
        held_out = "" if score is None else f", {self._score_name} {score:.3f}"
        self._bar.set_postfix_str(f"loss {loss:.4g}{held_out}", refresh=False)
        self._bar.update(number * self._rows - self._bar.n)

    def close(self) -> None:
        """Take it away."""
        if self._bar is not None:
            self._bar.close()
