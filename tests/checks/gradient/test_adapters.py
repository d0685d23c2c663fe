"""The test files shown in docs/testing_gradients.md run under pytest: NumPy, gdfast, PyTorch and JAX losses."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from gdfast.checks import check_gradient

PAGE = Path(__file__).parent.parent.parent.parent / "docs" / "testing_gradients.md"
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


def run(folder: Path, name: str, text: str) -> subprocess.CompletedProcess[str]:
    """pytest on that one file, as a user would run it."""
    (folder / name).write_text(text, encoding="utf-8")
    command = [sys.executable, "-P", "-m", "pytest", "-q", "-p", "no:cacheprovider", "--rootdir", str(folder), name]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


def test_every_file_of_the_page_is_run_here():
    assert set(FILES) == set(TESTS)


@pytest.mark.parametrize("name", TESTS)
def test_the_file_passes(name, tmp_path):
    if name in LIBRARIES:
        pytest.importorskip(LIBRARIES[name])
    done = run(tmp_path, name, FILES[name])
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"{TESTS[name]} passed" in done.stdout


@pytest.mark.parametrize(
    ("name", "right", "wrong"),
    [
        ("test_losses.py", "np.clip(w, -1, 1)", "np.clip(w, -1, 2)"),
        ("test_torch_model.py", "list(model.parameters()))).numpy()", "list(model.parameters()))).numpy() * 2"),
        ("test_jax_loss.py", "np.asarray(both(w)[1])", "-np.asarray(both(w)[1])"),
    ],
)
def test_the_file_fails_on_a_bug_with_the_report(name, right, wrong, tmp_path):
    if name in LIBRARIES:
        pytest.importorskip(LIBRARIES[name])
    assert right in FILES[name]
    done = run(tmp_path, name, FILES[name].replace(right, wrong))
    assert done.returncode == 1
    assert "AssertionError: Gradient check: FAIL" in done.stdout
    assert "worst coordinates" in done.stdout


def test_a_torch_loss_that_is_still_a_tensor_serves():
    torch = pytest.importorskip("torch")
    weights = torch.ones(3, dtype=torch.float64, requires_grad=True)

    def value(x):
        return (weights * torch.tensor(x) ** 2).sum()

    assert check_gradient(value, lambda x: 2 * x, [1.0, -2.0, 3.0]).passed
