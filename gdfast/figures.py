"""`python -m gdfast.figures OUT` is the command `gdfast figures OUT`."""

from __future__ import annotations

from .cli.figures import figures

if __name__ == "__main__":
    figures(prog_name="python -m gdfast.figures")
