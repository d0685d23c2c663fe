"""The command `gdfast`, from outside the package: where gdfast can't be imported, one sentence says why.

A wrong GDFAST_ISA or GDFAST_NUM_THREADS, say, is an ImportError in Python, and no traceback in a terminal.
"""

from __future__ import annotations

import sys


def main() -> None:
    """Run the command, or exit with code 1 and the sentence of the ImportError; 130 after a Ctrl-C."""
    try:
        try:
            from gdfast.cli import main as command
        except ImportError as error:
            sys.exit(f"Error: {error}")
        command()
    except KeyboardInterrupt:  # before the command has begun, or after it has ended
        print("Interrupted.", file=sys.stderr)
        sys.exit(130)


if __name__ == "__main__":
    main()
