"""The routines of `gdfast play` in node: what a JavaScript expression gives for data, through JSON."""

from __future__ import annotations

import json
import shutil
import subprocess
from importlib.resources import as_file, files
from typing import Any

import pytest

from gdfast.pictures.play.page import ROUTINES

NODE = shutil.which("node")
needs_node = pytest.mark.skipif(NODE is None, reason="node is not installed")


def in_node(expression: str, data: Any = None) -> Any:
    """The value of an expression of `play`, the routines, and of `data`; numbers that are not finite come as null."""
    folder = files("gdfast.pictures.play")
    with as_file(folder.joinpath("text.js")) as first:
        paths = [str(first.with_name(name)) for name in ("text.js", *ROUTINES)]
    script = (
        f"{json.dumps(paths)}.forEach((path) => require(path));"
        "const data = JSON.parse(require('fs').readFileSync(0, 'utf8'));"
        f"process.stdout.write(JSON.stringify({expression}) ?? 'null');"
    )
    assert NODE is not None
    done = subprocess.run([NODE, "-e", script], input=json.dumps(data), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout, parse_int=float)  # 1e20 is written as an integer, too long for NumPy's
