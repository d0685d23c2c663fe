"""The harness is proven: each planted bug is told of by the part that must see it, and the build without it is clean.

Needs the tools that build gdfast, gcc with its sanitizers, and about ten minutes: with --whole alone.
"""

from __future__ import annotations

import re
import shutil
import sys
from pathlib import Path

import pytest

from reliability.planted import PLANTS, Plant
from reliability.throw_away import ROOT, Build

WORKLOADS = str(Path(__file__).with_name("workloads.py"))
COUNT = 150
PYTEST = "import sys, pytest; sys.exit(pytest.main(sys.argv[1:]))"


@pytest.mark.parametrize("plant", PLANTS, ids=lambda plant: plant.name)
def test_what_is_replaced_stands_in_the_sources_once(plant):
    text = (ROOT / plant.path).read_text(encoding="utf-8")
    assert text.count(plant.old) == 1, f"{plant.path} holds this {text.count(plant.old)} times:\n{plant.old}"
    assert plant.new != plant.old


def printed(build: Build, plant: Plant | None, instruction_set: str) -> tuple[bool, str]:
    """Whether the workloads (or the test that the plant names) found nothing, and what they printed."""
    if plant is not None and plant.test:
        program = build.folder / "test.py"
        program.write_text(PYTEST)
        options = ["-q", "-n0", "-p", "no:cacheprovider", "--rootdir", str(ROOT)]
        run = build.run(str(program), *options, str(ROOT / plant.test), instruction_set=instruction_set)
    else:
        run = build.run(WORKLOADS, "0", str(COUNT), instruction_set=instruction_set)
    return run.returncode == 0, run.stdout + run.stderr


@pytest.mark.slow
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("sanitizer", ["none", "address", "thread"])
def test_planted_bugs_are_told_of(sanitizer, request, tmp_path, record_property):
    if not request.config.getoption("--whole"):
        pytest.skip("builds gdfast some twenty times: with --whole")
    if sys.platform != "linux" or shutil.which("gcc") is None or shutil.which("ninja") is None:
        pytest.skip("gcc and ninja are not here")
    build = Build(tmp_path, sanitizer)
    build.compile()
    for instruction_set in ("baseline", "avx2"):
        clean, text = printed(build, None, instruction_set)
        assert clean, text
    missed, plants = [], [plant for plant in PLANTS if plant.sanitizer == sanitizer]
    for plant in plants:
        build.change(plant.path, plant.old, plant.new)
        build.compile()
        clean, text = printed(build, plant, "avx2")
        if clean or not re.search(plant.told, text):
            missed.append(f"{plant.name}:\n{text[-3000:]}")
        if plant.only_on and not printed(build, None, "baseline")[0]:
            missed.append(f"{plant.name}: seen on the baseline as well")
        shutil.copy(ROOT / plant.path, build.folder / plant.path)
    assert not missed, f"{len(missed)} of {len(plants)} were not told of:\n" + "\n\n".join(missed)
    record_property("figure", f"planted bugs under {sanitizer} sanitizer: {len(plants)} of {len(plants)} told of")
