"""The Jupyter kernel that runs the pages: this Python, no display, few threads; only what is printed is shown."""

from __future__ import annotations

import json
import os
import sys
import tempfile
from pathlib import Path
from typing import Any

NAME = "gdfast-site"
SPECIFICATION = {
    "display_name": "Python 3",
    "language": "python",
    # The value of a cell's last line is not shown: of a picture it would be a bare "<Axes: ...>".
    "argv": [
        sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}",
        "--log-level=ERROR", "--InteractiveShell.ast_node_interactivity=none", "--HistoryManager.enabled=False",
    ],
    "env": {"MPLBACKEND": "agg", "GDFAST_NUM_THREADS": "2", "OPENBLAS_NUM_THREADS": "1"},
}  # fmt: skip


def install(app: Any) -> None:
    """Into a folder that Jupyter reads before the user's own, and that ends with the build."""
    folder = tempfile.TemporaryDirectory(prefix="gdfast-kernel-")
    app.connect("build-finished", lambda app, exception: folder.cleanup())
    place = Path(folder.name) / "kernels" / NAME
    place.mkdir(parents=True)
    (place / "kernel.json").write_text(json.dumps(SPECIFICATION), encoding="utf-8")
    os.environ["JUPYTER_PATH"] = folder.name
    os.environ["IPYTHONDIR"] = folder.name  # no settings or history of the user's


def setup(app: Any) -> dict[str, bool]:
    app.connect("builder-inited", install)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
