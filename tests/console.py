"""Sessions in a shell, as documents show them: what is typed is run, and what is shown must come out."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

BLOCK = re.compile(r"^```console\n(.*?)^```", re.DOTALL | re.MULTILINE)
PRELUDE = f'gdfast() {{ "{sys.executable}" -m gdfast "$@"; }}\n'


def sessions(page: str) -> list[tuple[str, str]]:
    """Each command of the page's ```console blocks (`$ ...`, lines that go on after `> `) and what follows it."""
    found: list[tuple[str, str]] = []
    for block in BLOCK.findall(page):
        for line in block.splitlines(keepends=True):
            if line.startswith("$ "):
                found.append((line[2:], ""))
            elif line.startswith("> ") and not found[-1][1]:
                found[-1] = (found[-1][0] + line[2:], "")
            else:
                found[-1] = (found[-1][0], found[-1][1] + line)
    return found


def run(command: str, folder: Path) -> str:
    """What the command writes, errors included."""
    done = subprocess.run(
        ["bash", "-c", PRELUDE + command], cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        check=False,
    )  # fmt: skip
    return done.stdout


def agrees(shown: str, written: str) -> bool:
    """Whether that was written; `...` stands for anything."""
    pattern = ".*?".join(map(re.escape, shown.rstrip("\n").split("...")))
    return re.fullmatch(pattern, written.rstrip("\n"), re.DOTALL) is not None
