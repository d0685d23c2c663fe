"""No file, name or variable that gdfast reads can make it run code: the source calls nothing that would, but what is
listed here with its reason."""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path

import pytest

import gdfast as gd

ROOT = Path(gd.__file__).parent
BUILT_IN = {"eval", "exec", "compile", "__import__", "input", "breakpoint"}
ANYWHERE = {
    "popen", "mktemp", "execv", "execve", "spawnl", "spawnv", "extractall", "unpack_archive", "exec_module",
    "import_module", "run_module", "run_path", "Popen", "check_call", "check_output", "Unpickler", "read_pickle",
    "full_load", "unsafe_load", "__setstate__",
}  # fmt: skip
DOTTED = {"os.system", "subprocess.run", "subprocess.call", "pickle.load", "pickle.loads", "os.chmod"}
IMPORTED = {"joblib", "yaml", "marshal", "shelve", "dill", "cloudpickle", "runpy", "code", "ctypes"}
"""What runs what it is given, unpacks to the disk, or leaves the name of a file to be guessed."""

ALLOWED = {
    ("__init__.py", "import_module"): "the package's own lazy names, of a table in the source",
    ("estimators/__init__.py", "import_module"): "the package's own lazy names, of a table in the source",
    (
        "descent/checkpoints.py",
        "import_module",
    ): "settings: frozen classes of gdfast's own descent and objective, whatever a file names",
    ("descent/path_result.py", "import_module"): "one module of gdfast's, named in the source",
    ("model.py", "import_module"): "one module of gdfast's, named in the source",
    ("cli/user_code.py", "import_module"): "gdfast check runs the user's module: its help says so",
    ("cli/user_code.py", "exec_module"): "gdfast check runs the user's module: its help says so",
    ("datasets/untrusted.py", "Popen"): "this very Python with gdfast's own reader, as a list of arguments",
    ("cli/instruction_sets.py", "Popen"): "this very Python with a program of the source, as a list of arguments",
}
"""File and name -> why it may."""


@cache
def sources() -> dict[str, ast.Module]:
    """Every module of gdfast, taken apart."""
    return {
        path.relative_to(ROOT).as_posix(): ast.parse(path.read_text(encoding="utf-8")) for path in ROOT.rglob("*.py")
    }


def _dotted(function: ast.expr) -> str:
    """`os.system`, as it is written."""
    is_plain = isinstance(function, ast.Attribute) and isinstance(function.value, ast.Name)
    return f"{function.value.id}.{function.attr}" if is_plain else ""


def dangers(tree: ast.AST) -> set[tuple[str, int]]:
    """The names above that a module calls or imports, and where."""
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            name, dotted = node.func, _dotted(node.func)
            if isinstance(name, ast.Name) and name.id in BUILT_IN | ANYWHERE:
                found.add((name.id, node.lineno))
            if isinstance(name, ast.Attribute) and name.attr in ANYWHERE:
                found.add((name.attr, node.lineno))
            if dotted in DOTTED:
                found.add((dotted, node.lineno))
        elif isinstance(node, ast.Import):
            found |= {(alias.name, node.lineno) for alias in node.names if alias.name.partition(".")[0] in IMPORTED}
        elif isinstance(node, ast.ImportFrom) and not node.level and node.module in IMPORTED:
            found.add((node.module, node.lineno))
    return found


@pytest.mark.slow
def test_nothing_that_runs_code_is_called():
    found = {(name, called, line) for name, tree in sources().items() for called, line in dangers(tree)}
    assert {(name, called) for name, called, _ in found} == ALLOWED.keys()


def test_the_search_finds_what_it_is_to_find():
    text = (
        "eval(x)\nos.system(x)\nimport yaml\nfrom joblib import load\ntar.extractall()\npickle.loads(x)\nre.compile(x)"
    )
    assert {line for _, line in dangers(ast.parse(text))} == {1, 2, 3, 4, 5, 6}


def test_no_pickle_is_loaded_and_no_shell_is_asked():
    for name, tree in sources().items():
        for node in ast.walk(tree):
            if isinstance(node, ast.Call):
                options = {option.arg: option.value for option in node.keywords}
                for option in options.keys() & {"allow_pickle", "shell"}:
                    assert ast.unparse(options[option]) == "False", f"{name}:{node.lineno}"
                assert _dotted(node.func) != "np.load" or options.keys() & {"allow_pickle", "mmap_mode"}, (
                    f"{name}:{node.lineno}"
                )


def test_variables_of_the_environment_that_are_read():
    """Each is checked where it is read: see tests/test_config.py."""
    texts = {
        node.value
        for tree in sources().values()
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }
    found = {text for text in texts if text.startswith("GDFAST_") and text.replace("_", "").isupper()}
    assert found == {"GDFAST_NUM_THREADS", "GDFAST_ISA"}
