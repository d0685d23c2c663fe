"""docs/how_to/add_a_loss.md to the letter: its blocks on a copy of the tree, built, and the laws of a loss on it."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "how_to" / "add_a_loss.md"
# A block, and the file that the text before it names last: whole ("New file") or changed (a diff without numbers).
BLOCK = re.compile(r"^```(c|python|diff)\n(.*?)^```", re.DOTALL | re.MULTILINE)
LAWS = Path(__file__).with_name("max_hinge_laws.py")
NOT_COPIED = (".git", ".venv", "build", "dist", "__pycache__", ".*_cache", "images", "*.so")
BUILD_TOOLS = ("mesonpy", "Cython", "ninja")


def blocks() -> list[tuple[str, str, str]]:
    """(path, kind, content) in the order of the page."""
    text = PAGE.read_text(encoding="utf-8")
    found, path = [], ""
    for match in BLOCK.finditer(text):
        before = text[: match.start()]
        named = re.findall(r"^(?:New file|.*\bIn) `([\w./]+)`:$", before, re.MULTILINE)
        path = named[-1]
        found.append((path, match[1], match[2]))
    return found


def apply(root: Path, path: str, kind: str, content: str) -> None:
    target = root / path
    if kind != "diff":
        assert not target.exists(), f"{path} is new on the page"
        target.write_text(content, encoding="utf-8")
        return
    lines = content.splitlines()
    old = "\n".join(line[1:] for line in lines if line[0] != "+") + "\n"
    new = "\n".join(line[1:] for line in lines if line[0] != "-") + "\n"
    text = target.read_text(encoding="utf-8")
    assert text.count(old) == 1, f"{path} holds these lines {text.count(old)} times:\n{old}"
    target.write_text(text.replace(old, new), encoding="utf-8")


@pytest.fixture(scope="module")
def tree(tmp_path_factory) -> Path:
    """A copy of what is built and tested, with the page's blocks applied."""
    root = tmp_path_factory.mktemp("added") / "gdfast"
    shutil.copytree(ROOT, root, ignore=shutil.ignore_patterns(*NOT_COPIED))
    for block in blocks():
        apply(root, *block)
    return root


def test_the_page_touches_few_files():
    paths = [path for path, _, _ in blocks()]
    assert len(set(paths)) == 7
    assert sum(path.startswith("src/") for path in set(paths)) == 3


@pytest.mark.slow
def test_the_changed_sources_keep_their_promises(tree):
    kept = ("test_kernel_sources.py", "test_layers.py", "test_words.py")
    command = [
        sys.executable,
        "-P",  # the installed package, not the copy's sources, which are not compiled
        "-m",
        "pytest",
        "-q",
        "-x",
        *(f"tests/{name}" for name in kept),
        "-n0",
        "-p",
        "no:cacheprovider",
    ]
    run = subprocess.run(command, cwd=tree, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout + run.stderr


@pytest.fixture(scope="module")
def built(tree, tmp_path_factory) -> Path:
    """A folder that holds the changed package, compiled; gcc's first level of optimization builds it in less time."""
    for tool in BUILD_TOOLS:
        pytest.importorskip(tool, reason="the tools that build gdfast are not installed here")
    folder = tmp_path_factory.mktemp("built")
    code = "import sys, mesonpy; mesonpy.build_wheel(sys.argv[1], {'setup-args': ['-Doptimization=1', '--werror']})"
    environment = {**os.environ, "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])}
    run = subprocess.run(
        [sys.executable, "-c", code, str(folder)],
        cwd=tree,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stdout[-4000:] + run.stderr[-4000:]
    (wheel,) = folder.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder / "package")
    return folder / "package"


def in_the_built_package(built: Path, *arguments: str, instruction_set: str = "") -> subprocess.CompletedProcess[str]:
    """A test run that imports the built package: without site's hooks, among them those of an editable install."""
    places = [str(built), str(LAWS.parent), *(path for path in sys.path if path.endswith("-packages"))]
    code = f"import sys; sys.path[:0] = {places!r}; import pytest; sys.exit(pytest.main(sys.argv[1:]))"
    environment = {**os.environ, "GDFAST_ISA": instruction_set}
    environment.pop("PYTHONPATH", None)
    common = ["-q", "-x", "-n0", "-p", "no:cacheprovider", "--rootdir", str(LAWS.parents[1])]
    return subprocess.run(
        [sys.executable, "-S", "-P", "-c", code, *common, *arguments],
        env=environment, cwd=built, capture_output=True, text=True, check=False,
    )  # fmt: skip


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_the_built_loss_obeys_the_laws_of_a_loss(built):
    run = in_the_built_package(built, str(LAWS))
    assert run.returncode == 0, run.stdout[-6000:] + run.stderr[-2000:]
    assert re.search(r"\d\d+ passed", run.stdout), run.stdout


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_so_it_does_on_every_instruction_set(built):
    from gdfast import _kernels

    for instruction_set in _kernels.available_instruction_sets()[1:]:
        run = in_the_built_package(built, str(LAWS), instruction_set=instruction_set)
        assert run.returncode == 0, run.stdout[-6000:] + run.stderr[-2000:]
