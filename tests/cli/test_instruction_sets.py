"""`gdfast info --measure`: which instruction set is the quickest here, and what to set where the default is not."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest
from click.testing import CliRunner

from gdfast._config import config
from gdfast.cli import instruction_sets, main
from gdfast.cli.instruction_sets import advice, measure, times_as_long

AVAILABLE = config()["instruction sets available"]


def test_times_as_long_is_the_geometric_mean_over_the_cases():
    times = {"avx512": {"a": 2.0, "b": 8.0}, "avx2": {"a": 1.0, "b": 1.0}, "baseline": {"a": 4.0, "b": 4.0}}
    assert times_as_long(times) == pytest.approx({"avx512": 4.0, "avx2": 1.0, "baseline": 4.0})


def test_the_default_that_is_quickest_stays():
    assert "nothing to set" in advice({"avx512": 1.0, "avx2": 1.5}, "avx512")
    assert "nothing to set" in advice({"avx512": 1.02, "avx2": 1.0}, "avx512")  # too little to say


def test_a_quicker_one_is_named_with_what_to_set():
    said = advice({"avx512": 1.25, "avx2": 1.0, "baseline": 2.0}, "avx512")
    assert "GDFAST_ISA=avx2" in said
    assert "1.25 times as long" in said


def test_each_is_timed_with_its_own_kernels():
    times = measure(rounds=1)
    assert list(times) == AVAILABLE
    for cases in times.values():
        assert list(cases) == list(instruction_sets.CASES)
        assert all(0 < milliseconds < 1e5 for milliseconds in cases.values())


def test_the_process_that_times_runs_what_it_is_asked_for():
    code = (
        "import sys; from gdfast._config import config; from gdfast.cli import instruction_sets as measured; "
        "sys.stderr.write(config()['instruction set']); measured.work()"
    )
    done = subprocess.run(
        [sys.executable, "-P", "-c", code],
        env=instruction_sets._environment(AVAILABLE[-1]),
        input="\n",
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stderr == AVAILABLE[-1]
    assert json.loads(done.stdout).keys() == instruction_sets.CASES.keys()


def test_a_process_that_ends_is_one_sentence():
    with (
        instruction_sets._worker(AVAILABLE[-1], "raise SystemExit(3)") as ask,
        pytest.raises(ChildProcessError, match=f"timed {AVAILABLE[-1]} has ended"),
    ):
        ask()


def test_the_command(monkeypatch):
    times = {name: {"hinge": 2.0 if name == AVAILABLE[0] else 1.0} for name in AVAILABLE}
    monkeypatch.setattr(instruction_sets, "measure", lambda: times)
    shown = CliRunner().invoke(main, ["info", "--measure"])
    assert shown.exit_code == 0
    assert all(f"{name}: " in shown.stdout for name in AVAILABLE)
    assert "GDFAST_ISA=" in shown.stdout or len(AVAILABLE) == 1 or config()["instruction set"] != AVAILABLE[0]
    found = json.loads(CliRunner().invoke(main, ["info", "--measure", "--json"]).stdout)
    assert found["milliseconds"] == times
    assert found["times_as_long"].keys() == times.keys()
    assert found["runs"] == config()["instruction set"]


def test_it_takes_no_model():
    refused = CliRunner().invoke(main, ["info", "--measure", "model.npz"])
    assert refused.exit_code == 2
    assert "takes no MODEL" in refused.stderr
