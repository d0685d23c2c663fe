"""What all tests share: no display, reproducible random examples, and a thread count that each test gives back."""

from __future__ import annotations

import os
import signal
import zlib
from collections.abc import Iterator

# Processes share the processors: a thread that BLAS leaves spinning after a product takes one from another's tests.
# (Read once, when numpy is imported. What BLAS's threads do to passes is tested in a process of its own.)
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import pytest
from hypothesis import settings

import gdfast as gd

# A process started in the background of a script ignores Ctrl-C, and its children inherit that: the tests that press
# it need the usual handler.
signal.signal(signal.SIGINT, signal.default_int_handler)

os.environ.setdefault("MPLBACKEND", "Agg")
settings.register_profile("gdfast", deadline=None, derandomize=True, database=None)
settings.load_profile("gdfast")


def pytest_addoption(parser: pytest.Parser) -> None:
    """`--whole`: the counts that docs/explanation/reliability.md tells, instead of a share of them."""
    parser.addoption("--whole", action="store_true", help="all cases of tests/reliability, not a share of them")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """The figures that tests have recorded, as `record_property("figure", "what: how much")`, one a line."""
    reports = [
        report for found in terminalreporter.stats.values() for report in found if hasattr(report, "user_properties")
    ]
    figures = sorted({str(text) for report in reports for name, text in report.user_properties if name == "figure"})
    if figures:
        terminalreporter.section("figures")
    for figure in figures:
        terminalreporter.write_line(figure)


@pytest.fixture(autouse=True)
def _same_threads() -> Iterator[None]:
    before = gd.get_num_threads()
    yield
    gd.set_num_threads(before)


ONE_IN = {12: 1, 24: 3, 100: 8}
"""Of a test with at most so many cases the quick suite runs one in so many; of more, one in 16."""
OF_THE_HOUSE = {"test_docstrings.py", "test_layers.py", "test_type_tests.py", "test_words.py"}
"""A case for each file or name: all of them hold, always."""


@pytest.hookimpl(tryfirst=True)  # before `-m` chooses among them
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Of a test with many cases the quick suite runs a share, always the same; `-m many` runs the rest."""
    cases: dict[tuple[object, str], list[pytest.Item]] = {}
    for item in items:
        if item.path.name in OF_THE_HOUSE:
            continue
        cases.setdefault((item.path, getattr(item, "originalname", item.name)), []).append(item)
    for found in cases.values():
        one_in = next((share for most, share in ONE_IN.items() if len(found) <= most), 16)
        for item in found:
            if zlib.crc32(item.name.encode()) % one_in:
                item.add_marker(pytest.mark.many)
