"""The command from outside the package: an environment that gdfast refuses is one sentence, not a traceback."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

import gdfast as gd


def gdfast(*arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run the command as its script does, with those GDFAST variables only."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("GDFAST_")}
    code = "import sys; from gdfast_command import main; sys.argv[0] = 'gdfast'; sys.exit(main())"
    return subprocess.run(
        [sys.executable, "-P", "-c", code, *arguments],
        env=environment | variables,
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_command_runs():
    done = gdfast("--version")
    assert (done.returncode, done.stdout) == (0, f"gdfast {gd.__version__}\n")
    assert gdfast("dance").returncode == 2


@pytest.mark.parametrize(
    ("variable", "value", "words"),
    [
        ("GDFAST_NUM_THREADS", "many", "GDFAST_NUM_THREADS must be an integer >= 1; it is 'many'"),
        ("GDFAST_ISA", "avx1024", "GDFAST_ISA must be one of "),
    ],
)
def test_a_wrong_environment_is_one_sentence(variable, value, words):
    done = gdfast("info", **{variable: value})
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith(f"Error: {words}")
    assert done.stderr.count("\n") == 1
