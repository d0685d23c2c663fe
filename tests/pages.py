"""The elements of a page, and a small run with all that a page can show, whose every name tries to break out of it."""

from __future__ import annotations

from html.parser import HTMLParser
from types import SimpleNamespace

import numpy as np

import gdfast as gd
from gdfast.pictures.page import RunReport, Templates
from gdfast.pictures.strategies import Plan, compare_strategies


class Page(HTMLParser):
    """The elements of a page in order, with their attributes and the text directly within."""

    VOID = frozenset({"meta", "link", "img", "input", "br"})

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[SimpleNamespace] = []
        self.open: list[SimpleNamespace] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attributes):
        element = SimpleNamespace(tag=tag, text="", parents=[each.tag for each in self.open], at=dict(attributes))
        self.elements.append(element)
        if tag not in self.VOID:
            self.open.append(element)

    def handle_endtag(self, tag):
        assert self.open, f"</{tag}> closes nothing"
        assert self.open.pop().tag == tag

    def handle_data(self, data):
        for element in self.open:
            element.text += data

    def all(self, tag):
        return [element for element in self.elements if element.tag == tag]


HOSTILE = """</script><img src="http://evil.invalid/x" onerror="window.broken = 1"> & 'quotes' "more" {name}"""


def hostile(name: str) -> str:
    return HOSTILE.replace("{name}", name)


def small_report() -> RunReport:
    """Three classes of 16 pixels; gradient descent and, with mini-batches, Adam."""
    rng = np.random.default_rng(0)
    y = np.arange(90) % 3
    X = rng.normal(size=(90, 16)) + 2 * np.eye(3, 16)[y]
    train, held_out = gd.LinearObjective(X[:60], y[:60]), gd.LinearObjective(X[60:], y[60:])
    trajectory = [np.zeros(train.shape)]
    table = compare_strategies(
        train,
        held_out,
        Plan(evaluations=60, step=0.05),
        rng=0,
        callback=lambda name, k, w, value: trajectory.append(w) if name == "momentum" else None,
    )
    batches, metrics = gd.MiniBatches(20, seed=0), {"accuracy": held_out.accuracy}
    adam = gd.minimize(train, trajectory[0], gd.Adam(), 0.01, batches=batches, epochs=5, metrics=metrics)
    grid = np.linspace(-1, 2, 21)
    return RunReport(
        hostile("title"),
        hostile("description"),
        strategies=table,
        runs={hostile("run"): table.descent, "Adam": adam, "search": table.rows[0].run},
        trajectory=gd.landscape.trajectory(
            train, {hostile("path"): trajectory, "back": trajectory[::-2]}, grid, grid[::-1]
        ),
        step_sizes=gd.landscape.step_sizes(train, trajectory[0], np.logspace(-3, 3, 25)),
        templates=Templates(table.rows[-1].w, (4, 4), [hostile(name) for name in "abc"]),
        gradient_checks={hostile("check"): gd.check_gradient(train, at=table.rows[-1].w)},
        settings={hostile("setting"): hostile("value")},
        command=hostile("command"),
    )
