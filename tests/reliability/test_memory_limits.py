"""Where addresses run out (`ulimit -v`) there is a MemoryError or the right answer, and nothing is left half done."""

from __future__ import annotations

import sys

import pytest

pytest.importorskip("sklearn")


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.skipif(sys.platform != "linux", reason="the limit is Linux's")
@pytest.mark.parametrize("kind", ["float64", "uint8", "CSR", "chunked", "estimators and files"])
def test_a_memory_error_or_the_right_answer(kind, child, record_property):
    cases = child.require_no_faults("limited", kind)
    assert cases >= 40
    record_property("figure", f"addresses that run out, {kind}: {cases} cases, 0 crashes, 0 wrong answers")
