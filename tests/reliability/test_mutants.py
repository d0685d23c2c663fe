"""Mutation testing (tools/mutate.py) says what it does, and the tests notice when formulas are wrong."""

from __future__ import annotations

import ast
import importlib.util
import subprocess
import sys
import tomllib
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parents[2]
FAMILIES = ("schedules",)


def tool(name: str) -> ModuleType:
    """A file of tools/mutation as a module."""
    spec = importlib.util.spec_from_file_location(f"mutation_{name}", ROOT / f"tools/mutation/{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # where dataclasses look up what annotations mean
    spec.loader.exec_module(module)
    return module


PYTHON, C = tool("python_mutants"), tool("c_mutants")


@pytest.mark.parametrize(
    ("source", "mutated"),
    [
        ("a + b", {"a - b", "a", "b"}),
        ("a - b", {"a + b", "a"}),
        ("a * b", {"a / b", "a", "b"}),
        ("a / b", {"a * b", "a"}),
        ("a ** b", {"a * b"}),
        ("a // b", {"a * b"}),
        ("a < b", {"a <= b", "a >= b"}),
        ("a >= b", {"a > b", "a < b"}),
        ("a == b", {"a != b"}),
        ("a and b", {"a or b"}),
        ("not a", {"a"}),
        ("-a", {"a"}),
        ("x = abs(a)", {"x = a"}),
        ("x = np.abs(a)", {"x = a"}),
        ("x = min(a, b)", {"x = max(a, b)"}),
        ("x = np.maximum(a, b)", {"x = np.minimum(a, b)"}),
        ("x = a.sum(axis=n)", {"x = a.mean(axis=n)"}),
        ("a if c else b", {"b if c else a"}),
        ("f(True)", {"f(False)", "pass"}),
        ("x = a[2]", {"x = a[3]", "x = a[1]"}),
        ("a += b", {"a -= b", "pass"}),
        ("f(a)", {"pass"}),
        ("if a:\n    b", {"if not a:\n    b"}),
        ("def f():\n    return a", {"def f():\n    return -a"}),
        ("raise ValueError(a + b)", set()),
        ("def f(a: int | 3) -> 2: '1'", set()),
        ("if TYPE_CHECKING:\n    a + b", set()),
        ("f'{a + 1}'", set()),
    ],
)
def test_python_is_mutated_one_change_at_a_time(source, mutated):
    assert {ast.unparse(mutant.tree()) for mutant in PYTHON.mutants(source)} == mutated


@pytest.mark.parametrize(
    ("source", "mutated"),
    [
        ("x = a + b;", {"x = a - b;"}),
        ("x = a * 2;", {"x = a / 2;", "x = a * 3;"}),
        ("x = 0.5 * a;", {"x = 1.5 * a;", "x = 0.5 / a;"}),
        ("x += -a;", {"x -= -a;", "x += a;"}),
        ("x = a > 0 ? a : b;", {"x = a >= 0 ? a : b;", "x = a > 1 ? a : b;"}),
        ("x = fabs(a) <= b;", {"x = (a) <= b;", "x = fabs(a) < b;"}),
        ("x = max_vdouble(a, b);", {"x = min_vdouble(a, b);"}),
        ("if (a == b && c) x = a;", {"if (a != b && c) x = a;", "if (a == b || c) x = a;"}),
        ("for (int i = 0; i < n; i++) x += a[i];", {"for (int i = 0; i < n; i++) x -= a[i];"}),
        ("/* a + b */", set()),
        ("#include \"a.h\"", set()),
        ("#if A > 1", set()),
    ],
)  # fmt: skip
def test_c_is_mutated_one_token_at_a_time(source, mutated):
    assert {mutant.source for mutant in C.mutants(source)} == mutated


def test_mutants_keep_their_lines_and_numbers():
    source = (ROOT / "gdfast/descent/schedules/decays.py").read_text()
    found = list(PYTHON.mutants(source))
    assert [mutant.number for mutant in found] == list(range(len(found)))
    assert len(found) > 50
    for mutant in found[::10]:
        assert ast.unparse(mutant.tree()) != ast.unparse(ast.parse(source))
        assert mutant.before.split("\n")[0].split("(")[0] in source.split("\n")[mutant.line - 1]


def test_every_survivor_is_of_a_file_that_is_there():
    for group in tomllib.loads((ROOT / "tests/reliability/survivors.toml").read_text())["group"]:
        assert group["why"].endswith(".")
        assert all((ROOT / text.partition(": ")[0]).is_file() for text in group["survivors"])


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_the_tests_notice_when_a_formula_is_wrong(amount, record_property, tmp_path):
    command = [sys.executable, "tools/mutate.py", *FAMILIES, "--share=1", "--seed=1", f"--count={amount(6, 250)}"]
    done = subprocess.run([*command, f"--folder={tmp_path}"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    lines = done.stdout.splitlines()
    assert len(lines) == len(FAMILIES)
    for line in lines:
        record_property("figure", f"mutants of {line}")
