"""What the C sources promise about themselves: guards, sizes, and that only the losses' own files know the losses."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

SOURCES = Path(__file__).parents[1] / "src"
FILES = sorted(path for path in SOURCES.rglob("*") if path.suffix in (".c", ".h", ".pxi", ".pyx"))
INCLUDED = [path for path in FILES if path.name.endswith(".inc.h")]
NEED_NOTHING = {"names.inc.h", "vectors.inc.h"}
FAMILIES = (
    *("coordinate", "dense", "differences", "dual", "few", "gram", "integer"),
    *("losses", "mix", "span", "sparse", "stack", "steps"),
)


LOSSES = re.findall(
    r"M\((\w+)\)", (SOURCES / "losses/losses.h").read_text().split("#define EACH_LOSS(M)")[1].split("\n\n")[0]
)


def name(path: Path) -> str:
    return path.relative_to(SOURCES).as_posix()


@pytest.mark.parametrize("path", INCLUDED, ids=name)
def test_an_included_file_says_what_it_needs(path):
    if path.name in NEED_NOTHING:
        return
    text = path.read_text()
    guard = re.search(r'^#if.*\n#error "(.*)"', text, re.MULTILINE)
    assert guard, "no #error guard"
    first_code = re.search(r"^(#define|#include|static|typedef|INLINE|APART|LOCAL|const)", text, re.MULTILINE)
    assert first_code is None or guard.start() < first_code.start()
    if name(path) != "common.inc.h" and not name(path).startswith("real_"):
        assert guard[1].startswith(f"{name(path)} needs ")


@pytest.mark.parametrize("path", FILES, ids=name)
def test_a_file_says_what_it_is_for_and_stays_short(path):
    lines = path.read_text().splitlines()
    assert len(lines) <= 400
    # The extension module's first line is a directive; its docstring follows.
    assert lines[0].startswith(("/* ", "# ")), lines[0]


@pytest.mark.parametrize("family", FAMILIES)
def test_every_family_is_a_unit_of_its_own(family):
    assert f"'{family}/{family}.c'" in (SOURCES / "meson.build").read_text()
    others = [path for path in (SOURCES / family).glob("*.c") if path.name not in (f"{family}.c", "csr.c")]
    assert others == []


def test_nobody_compares_with_a_loss():
    # What differs from loss to loss stands in its row: losses/losses.h.
    assert len(LOSSES) >= 5
    codes = re.compile(r"GD_LOSS_(" + "|".join(LOSSES) + r")\b")
    compared = re.compile(r"loss\s*(==|!=|< |> )|(==|!=)\s*\w+(->|\.)loss\b|switch \([^)]*loss\)")
    for path in FILES:
        text = path.read_text()
        assert not codes.search(text), name(path)
        if path.parent.name != "losses":
            found = [
                line
                for line in text.splitlines()
                if compared.search(line.replace("<gd_loss> ", "")) and "== &generic" not in line
            ]
            assert found == [], name(path)


def test_every_loss_has_a_file_that_is_included_and_a_row():
    each = (SOURCES / "losses/each.inc.h").read_text()
    assert re.findall(r'"losses/(\w+)\.inc\.h"', each.split("\n\n")[-1]) == LOSSES
    for one in LOSSES:
        assert (
            f'static const gd_loss_row {one}_loss = {{\n    .name = "{one}"'
            in (SOURCES / f"losses/{one}.inc.h").read_text()
        )
