"""`gdfast check`: a user's file, what its gradient is worth, and a sentence for every mistake."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from gdfast.cli import main

MINE = '''
import numpy as np
import gdfast as gd

rng = np.random.default_rng(0)
X, y = rng.normal(size=(60, 30)), np.arange(60) % 3
objective = gd.LinearObjective(X, y, gd.CrossEntropy(), gd.L2(1e-3))
w0 = np.zeros(objective.shape)

def f(w):
    return float(w @ w)

right = (f, lambda w: 2 * w, np.ones(3))
wrong = (f, lambda w: 3 * w, np.ones(3))
pair_of_arrays = (w0, w0)

def make_right():
    print("making it")
    return right

def make_point():
    return np.full(3, 2.0)

class Mine:
    """Only value and gradient."""

    def value(self, w):
        return float(np.sum(w**2))

    def gradient(self, w):
        return 2 * w

mine = Mine()
number, integers, threes = 3, np.arange(3), np.full(3, 3.0)

def fails_at_once():
    return 1 / 0

def fails_later(w):
    return {}["w"]

broken = (fails_later, lambda w: w, np.ones(2))
no_number = (lambda w: None, lambda w: w, np.ones(2))

class Skewed(gd.LinearObjective):
    def value(self, W):
        return 2 * super().value(W)

skewed = Skewed(X, y)
'''


@pytest.fixture(autouse=True)
def _folder(tmp_path, monkeypatch):
    """A folder with the user's file, left as it was found: what the command imports and puts on the path is undone."""
    (tmp_path / "my_losses.py").write_text(MINE)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    before = set(sys.modules)
    yield
    for name in set(sys.modules) - before:
        if str(getattr(sys.modules[name], "__file__", "")).startswith(str(tmp_path)):
            del sys.modules[name]


def check(*arguments: object) -> Result:
    return CliRunner().invoke(main, ["check", *map(str, arguments)])


def one_sentence(result: Result, code: int) -> str:
    assert result.exit_code == code, result.output
    assert result.exception is None or isinstance(result.exception, SystemExit)
    assert "Traceback" not in result.output
    last = result.stderr.strip().splitlines()[-1]
    assert last.startswith("Error: ")
    return last


@pytest.mark.parametrize("module", ["my_losses.py", "./my_losses.py", "my_losses"])
def test_lecture_23_an_objective_is_checked_at_the_point_of_its_module(module):
    result = check(f"{module}:objective")
    assert result.exit_code == 0, result.output
    assert result.stdout.startswith(f"{module}:objective at w0\nGradient check: PASS\n  93 of 93 coordinates checked")


@pytest.mark.parametrize(
    ("name", "options", "place"),
    [
        ("right", [], "its own x"),
        ("right", ["--at", "threes"], "threes"),
        ("right", ["--at", "make_point"], "make_point"),
        ("make_right", [], "its own x"),
        ("mine", ["--at", "threes"], "threes"),
        ("Mine", ["--at", "threes"], "threes"),
    ],
)
def test_every_form_of_a_target(name, options, place):
    result = check(f"my_losses.py:{name}", *options)
    assert result.exit_code == 0, result.output
    assert f"my_losses.py:{name} at {place}\nGradient check: PASS" in result.stdout


def test_without_a_point_an_objective_with_a_shape_is_checked_near_zero(tmp_path):
    (tmp_path / "no_point.py").write_text(MINE.replace("w0 =", "elsewhere =").replace("(w0, w0)", "()"))
    result = check("no_point.py:objective", "--seed", 3)
    assert "no_point.py:objective at 0.01 * normal (seed 3)\nGradient check: PASS" in result.stdout
    sentence = one_sentence(check("no_point.py:mine"), 1)
    assert "mine needs a point to be checked at: --at NAME" in sentence


def test_lecture_23_a_wrong_gradient_fails_with_the_report():
    result = check("my_losses.py:wrong")
    assert one_sentence(result, 1) == ("Error: my_losses.py:wrong: the gradient check says FAIL; the report says where")
    assert "Gradient check: FAIL" in result.stdout


def test_lecture_42_the_tolerance_and_the_sample_are_the_users():
    assert check("my_losses.py:wrong", "--rtol", 0.5).exit_code == 0
    result = check("my_losses.py:right", "--coordinates", 2, "--h", 1e-3)
    assert "2 of 3 coordinates checked\n  h = 0.001" in result.stdout


def test_lecture_39_the_sanity_checks_decide_as_well():
    passed = check("my_losses.py:objective", "--sanity")
    assert passed.exit_code == 0
    assert "Sanity check: 9 ok" in passed.stdout
    assert max(map(len, passed.stdout.splitlines())) <= 80
    failed = check("my_losses.py:skewed", "--sanity")
    assert "the sanity check found a problem" in one_sentence(failed, 1)
    assert "(n_classes - 1) * margin" in " ".join(failed.stdout.split())


@pytest.mark.parametrize(("name", "options"), [("right", []), ("mine", ["--at", "threes"])])
def test_the_sanity_checks_take_every_form(name, options):
    result = check(f"my_losses.py:{name}", "--sanity", *options)
    assert result.exit_code == 0, result.output
    assert "Sanity check: 4 ok" in result.stdout


def test_json_is_all_that_is_on_stdout():
    result = check("my_losses.py:make_right", "--json", "--sanity")
    data = json.loads(result.stdout)
    assert (data["passed"], data["verdict"], data["coordinates"]) == (True, "PASS", 3)
    assert {finding["severity"] for finding in data["sanity"]} == {"ok"}
    assert "making it" in result.stderr


def test_json_of_a_failure():
    result = check("my_losses.py:wrong", "--json")
    assert result.exit_code == 1
    data = json.loads(result.stdout)
    assert (data["passed"], data["verdict"]) == (False, "FAIL")
    assert data["max_relative_error"] == pytest.approx(1 / 3, rel=1e-6)


# ---- mistakes ----


@pytest.mark.parametrize(
    ("target", "words"),
    [
        ("nowhere.py:objective", "nowhere.py does not exist"),
        ("nowhere:objective", "there is no module 'nowhere'"),
        ("nowhere.below:objective", "there is no module 'nowhere'"),
        ("..:objective", "can't be loaded"),
        ("my_losses.py:objectiv", "my_losses has no attribute 'objectiv'; it has rng, X, y, objective"),
        ("my_losses.py:number", "number must be an objective, a function f(w), a tuple (f, grad, x), or a function"),
        ("my_losses.py:pair_of_arrays", "pair_of_arrays must be an objective, a function f(w), a tuple (f, grad, x)"),
        ("my_losses.py:f", "f is a function: its gradient must be a function of my_losses named gradient"),
        ("my_losses.py", "my_losses has no attribute 'value'"),
        ("my_losses.py:fails_at_once", "my_losses.py, line 37: ZeroDivisionError: division by zero"),
        ("my_losses.py:broken", "my_losses.py:broken at its own x: my_losses.py, line 40: KeyError: 'w'"),
        ("my_losses.py:no_number", "must return one real number"),
    ],
)
def test_a_mistake_is_one_sentence(target, words):
    assert words in one_sentence(check(target), 1)


PLAIN = """
import numpy as np
import gdfast as gd

X, y = np.random.default_rng(0).normal(size=(20, 4)), np.arange(20) % 3
w0 = np.random.default_rng(1).normal(size=(3, 5))

def value(W):
    return linear.value(W)

def gradient(W):
    return -linear.gradient(W)

def not_yet(W):
    raise NotImplementedError("write it")

def of_a_library(W):
    return np.random.BitGenerator()

linear = gd.LinearObjective(X, y)
objective = linear
"""


@pytest.mark.parametrize(
    ("target", "options", "code", "words"),
    [
        ("plain.py", [], 1, "sign flipped:"),
        ("plain", [], 1, "sign flipped:"),
        ("plain.py:value", ["--gradient", "gradient"], 1, "sign flipped:"),
        ("plain.py", ["--gradient", "not_yet"], 1, "Error: plain.py, line 15: not_yet is not written yet (write it)\n"),
        (
            "plain.py",
            ["--gradient", "of_a_library"],
            1,
            "NotImplementedError: BitGenerator is a base class",
        ),
        ("plain.py", ["--gradient", "other"], 1, "its gradient must be a function of plain named other"),
    ],
)
def test_lecture_23_a_function_is_checked_with_the_gradient_of_its_module(tmp_path, target, options, code, words):
    (tmp_path / "plain.py").write_text(PLAIN)
    result = check(target, *options)
    assert result.exit_code == code
    assert words in result.output


def test_the_objective_of_a_module_names_the_bugs_of_its_value(tmp_path):
    known = PLAIN.replace(
        "-linear.gradient(W)", "gd.Hinge(2.0).gradient(X @ W[:, :4].T + W[:, 4], y).T @ np.c_[X, [1] * 20]"
    )
    (tmp_path / "plain.py").write_text(known)
    assert "another margin:" in check("plain.py").output
    (tmp_path / "plain.py").write_text(known.replace("objective = linear", "objective = None"))
    assert "another margin:" not in check("plain.py").output
    (tmp_path / "plain.py").write_text(known.replace("objective = linear", "objective = gd.LinearObjective(-X, y)"))
    assert "objective must have the values of value; at w0 it has" in one_sentence(check("plain.py"), 1)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--at", "integers"], "must be a float array"),
        (["--at", "w1"], "no attribute 'w1'"),
        (["--at", "number"], "must be a float array"),
    ],
)
def test_a_wrong_point_is_one_sentence(options, words):
    assert words in one_sentence(check("my_losses.py:right", *options), 1)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("x = 1\ny = (\n", "bad.py, line 2: SyntaxError: '(' was never closed"),
        ("import no_such_library\n", "bad.py, line 1: ModuleNotFoundError: No module named 'no_such_library'"),
        ("\nraise ValueError('two\\nlines')\n", "bad.py, line 2: ValueError: two lines"),
        ("import sys\nsys.exit(3)\n", "bad.py, line 2: SystemExit: 3"),
        ("import gdfast as gd\ngd.L2(-1)\n", "bad.py, line 2: ValueError: strength must be >= 0"),
        ("x = '\ud800'\n", "bad.py can't be loaded"),
    ],
)
@pytest.mark.parametrize("module", ["bad.py", "bad"])
def test_a_module_that_fails_is_named_with_its_line(tmp_path, module, text, words):
    (tmp_path / "bad.py").write_bytes(text.encode("utf-8", "surrogatepass"))
    sentence = one_sentence(check(f"{module}:x"), 1)
    assert words.replace("bad.py can't", f"{module} can't") in sentence
    assert f"{module} can't be loaded" in sentence


def test_an_installed_package_that_fails_is_named_as_well(tmp_path):
    package = tmp_path / "site-packages" / "installed"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text(MINE)
    sys.path.insert(0, str(package.parent))
    place = Path("site-packages", "installed", "__init__.py")
    assert f"{place}, line 40: KeyError: 'w'" in one_sentence(check("installed:broken"), 1)
    assert "it returned NoneType None" in one_sentence(check("installed:no_number"), 1)


def test_a_note_of_the_error_is_told(tmp_path):
    noted = "e = KeyError('w')\ne.add_note('at coordinate 3')\nraise e\n"
    (tmp_path / "noted.py").write_text(noted)
    assert "KeyError: 'w' (at coordinate 3)" in one_sentence(check("noted.py:x"), 1)


def test_the_whole_traceback_is_shown_where_it_is_wanted():
    result = check("my_losses.py:broken", "--traceback")
    assert result.exit_code == 1
    assert "Traceback (most recent call last)" in result.stderr
    assert 'return {}["w"]' in result.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["my_losses.py:"],
        [":objective"],
        ["my_losses.py:right", "--h", 0],
        ["my_losses.py:right", "--h", "nan"],
        ["my_losses.py:right", "--rtol", "inf"],
        ["my_losses.py:right", "--coordinates", 0],
        ["my_losses.py:right", "--seed", -1],
        ["my_losses.py:right", "more"],
    ],
)
def test_wrong_usage(arguments):
    one_sentence(check(*arguments), 2)


def test_a_file_may_be_named_like_a_module_that_is_loaded_already(tmp_path):
    Path("json.py").write_text(MINE)
    assert check("json.py:right").exit_code == 0
    assert sys.modules["json"] is json


def test_the_help_text_has_an_example():
    result = check("--help")
    assert result.exit_code == 0
    for words in ("--at", "--coordinates", "--sanity", "--json", "Example: gdfast check my.py:objective"):
        assert words in result.output
