"""Formulas without a network: MathJax and its fonts, from the wheel of sphinx-mathjax-offline, beside the pages."""

from __future__ import annotations

import shutil
from importlib.resources import as_file, files
from pathlib import Path
from typing import Any

PLACE = Path("_static") / "mathjax"
PARTS = ("tex-chtml.js", "output/chtml/fonts/woff-v2")  # of 24 MB that the wheel has


def copy(app: Any, exception: Exception | None) -> None:
    """What `mathjax_path` names, and what that reads in turn."""
    if exception is None and app.builder.format == "html":
        with as_file(files("sphinx-mathjax-offline") / "static" / "mathjax") as source:
            for part in PARTS:
                target = Path(app.outdir) / PLACE / part
                target.parent.mkdir(parents=True, exist_ok=True)
                if (source / part).is_dir():
                    shutil.copytree(source / part, target, dirs_exist_ok=True)
                else:
                    shutil.copyfile(source / part, target)


def setup(app: Any) -> dict[str, bool]:
    app.connect("build-finished", copy)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
