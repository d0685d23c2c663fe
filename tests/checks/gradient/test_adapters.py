"""The test files shown in docs/how_to/testing_gradients.md run under pytest: NumPy, gdfast, PyTorch and JAX losses."""

from __future__ import annotations

import re
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from xml.etree import ElementTree

import pytest

from gdfast.checks import check_gradient

PAGE = Path(__file__).parent.parent.parent.parent / "docs" / "how_to" / "testing_gradients.md"
EXAMPLE = re.compile(r"^```python\n# (test_\w+\.py)\n(.*?)^```", re.DOTALL | re.MULTILINE)
FILES = dict(EXAMPLE.findall(PAGE.read_text(encoding="utf-8")))
LIBRARIES = {"test_torch_model.py": "torch", "test_torch_parameters.py": "torch", "test_jax_loss.py": "jax"}
TESTS = {
    "test_losses.py": 4,
    "test_classifier.py": 6,
    "test_torch_model.py": 1,
    "test_torch_parameters.py": 4,
    "test_jax_loss.py": 1,
}


BUGS = {
    "test_losses.py": ("np.clip(w, -1, 1)", "np.clip(w, -1, 2)"),
    "test_torch_model.py": ("list(model.parameters()))).numpy()", "list(model.parameters()))).numpy() * 2"),
    "test_jax_loss.py": ("np.asarray(both(w)[1])", "-np.asarray(both(w)[1])"),
}
"""What stands there, and a mistake in its place."""


def is_installed(name: str) -> bool:
    """The library that the file needs."""
    return name not in LIBRARIES or find_spec(LIBRARIES[name]) is not None


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory) -> dict[str, list[str]]:
    """Of each file, as it is and (in a folder of its own) with its bug: "" for a test that passes, else what it says.

    One run of pytest, as a user would start it: PyTorch and JAX are imported once.
    """
    folder = tmp_path_factory.mktemp("page")
    for kind in ("right", "wrong"):
        (folder / kind).mkdir()
    for name, text in FILES.items():
        if is_installed(name):
            (folder / "right" / name).write_text(text, encoding="utf-8")
            if name in BUGS:
                (folder / "wrong" / name).write_text(text.replace(*BUGS[name]), encoding="utf-8")
    command = [sys.executable, "-P", "-m", "pytest", "-q", "-p", "no:cacheprovider", "--import-mode=importlib",
               "--rootdir", str(folder), "--junitxml", "told.xml", "right", "wrong"]  # fmt: skip
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert (folder / "told.xml").exists(), done.stdout + done.stderr
    found: dict[str, list[str]] = {}
    for case in ElementTree.parse(folder / "told.xml").iter("testcase"):
        kind, module = str(case.get("classname")).split(".")[:2]
        said = "".join(f"{child.get('message')}\n{child.text}" for child in case)
        found.setdefault(f"{kind}/{module}.py", []).append(said)
    return found


def test_every_file_of_the_page_is_run_here():
    assert set(FILES) == set(TESTS)


@pytest.mark.parametrize("name", TESTS)
def test_the_file_passes(name, outcomes):
    if not is_installed(name):
        pytest.skip(f"{LIBRARIES[name]} is not installed")
    assert outcomes[f"right/{name}"] == [""] * TESTS[name]


@pytest.mark.parametrize("name", BUGS)
def test_the_file_fails_on_a_bug_with_the_report(name, outcomes):
    if not is_installed(name):
        pytest.skip(f"{LIBRARIES[name]} is not installed")
    assert BUGS[name][0] in FILES[name]
    told = "".join(outcomes[f"wrong/{name}"])
    assert "AssertionError: Gradient check: FAIL" in told
    assert "worst coordinates" in told


def test_a_torch_loss_that_is_still_a_tensor_serves():
    torch = pytest.importorskip("torch")
    weights = torch.ones(3, dtype=torch.float64, requires_grad=True)

    def value(x):
        return (weights * torch.tensor(x) ** 2).sum()

    assert check_gradient(value, lambda x: 2 * x, [1.0, -2.0, 3.0]).passed
