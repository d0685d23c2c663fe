"""`python -m gdfast` is the command `gdfast`."""

from __future__ import annotations

from .cli import main

if __name__ == "__main__":
    main(prog_name="gdfast")
