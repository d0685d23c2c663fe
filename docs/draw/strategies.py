"""Draws docs/images/strategies.png, which `gdfast demo` makes of the digits: `python docs/draw/strategies.py`."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from pathlib import Path

FILE = Path(__file__).parents[1] / "images" / "strategies.png"


def main() -> None:
    """Run the demo and keep its picture."""
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(["gdfast", "demo", "--out", folder], check=True, stdout=subprocess.DEVNULL)
        shutil.copyfile(Path(folder) / "strategies.png", FILE)
    print(f"{FILE.name}: {FILE.stat().st_size / 1000:.0f} kB")


if __name__ == "__main__":
    main()
