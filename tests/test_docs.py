"""The pages under docs/ keep their promises: their examples run, and their links lead somewhere."""

from __future__ import annotations

import contextlib
import inspect
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import gdfast as gd
from console import agrees, run, sessions
from gdfast.descent import schedules

DOCS = Path(__file__).parent.parent / "docs"
PAGES = sorted(DOCS.rglob("*.md"))
# An example that is a test file, by its first line, is run by pytest: in tests/checks/gradient/test_adapters.py.
# One that is a module, by its docstring, is what test_add_a_loss.py builds.
EXAMPLE = re.compile(r"^```python\n(?!# test_|\"\"\")(.*?)^```", re.DOTALL | re.MULTILINE)


def name_of(page):
    return page.relative_to(DOCS).as_posix().removesuffix(".md")


@pytest.fixture(autouse=True)
def _no_figure_stays_open():
    yield
    if "matplotlib.pyplot" in sys.modules:
        sys.modules["matplotlib.pyplot"].close("all")


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    """The folder in which each page is tried: its commands need the files that its examples write, and docs/ beside
    them, as in a clone."""
    found = {page: tmp_path_factory.mktemp(page.stem) for page in PAGES}
    for folder in found.values():
        (folder / "docs").symlink_to(DOCS, target_is_directory=True)
    return found


def run_examples(page, folder):
    names: dict[str, object] = {}
    with contextlib.chdir(folder):
        for example in EXAMPLE.findall(page.read_text(encoding="utf-8")):
            exec(compile(example, page.name, "exec"), names)
    (folder / "examples ran").touch()


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_the_examples_run(page, folders):
    run_examples(page, folders[page])
    assert page.stat().st_size > 0


@pytest.mark.skipif(shutil.which("bash") is None, reason="there is no bash")
@pytest.mark.slow  # the README's commands are run by the quick suite
@pytest.mark.parametrize("page", [p for p in PAGES if sessions(p.read_text(encoding="utf-8"))], ids=name_of)
def test_the_commands_say_what_is_shown(page, folders):
    folder = folders[page]
    if not (folder / "examples ran").exists():
        run_examples(page, folder)
    for command, shown in sessions(page.read_text(encoding="utf-8")):
        written = run(command, folder)
        assert agrees(shown, written), f"$ {command}{written}"


@pytest.mark.slow  # worker processes import the script anew
def test_the_tutorial_runs_as_a_script(tmp_path):
    """And ends on the cluster with the same bits as on one machine."""
    script = DOCS / "how_to" / "larger_than_memory.py"
    shown = subprocess.run(
        [sys.executable, "-P", str(script)], cwd=tmp_path, stdout=subprocess.PIPE, text=True, check=True
    )
    assert shown.stdout.splitlines()[-1] == "the same bits on the cluster: True"


def test_a_session_that_shows_something_else_is_found(tmp_path):
    (command, shown), second = sessions("```console\n$ echo 'one\n> two'\none\ntwo\n$ true\n```\n")
    assert agrees(shown, run(command, tmp_path))
    assert second == ("true\n", "")
    assert agrees("o...\n...o", "one\ntwo")
    assert not agrees("one\nthree", run(command, tmp_path))
    assert not agrees("", run(command, tmp_path))


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_links_to_files_lead_somewhere(page):
    links = [link for link in re.findall(r"\]\(([^)#]+)\)", page.read_text(encoding="utf-8")) if "://" not in link]
    assert [link for link in links if not (page.parent / link).exists()] == []


def test_every_page_is_reached_from_the_index():
    """Through the indexes of the folders; the site's menus are made of the same links."""
    reached, left = set(), [DOCS / "index.md"]
    while left:
        page = left.pop()
        reached.add(page)
        if page.name == "index.md":
            links = re.findall(r"\]\(([^)#]+\.md)", page.read_text(encoding="utf-8"))
            left += {(page.parent / link).resolve() for link in links} - reached
    assert [name_of(page) for page in PAGES if page not in reached] == []


def test_every_schedule_stands_in_the_table_with_its_defaults():
    written = re.findall(
        r"^\| `((\w+)\(.*?\))` \|",
        (DOCS / "reference" / "schedules.md").read_text(encoding="utf-8"),
        flags=re.MULTILINE,
    )
    assert {name for _, name in written} == {name for name in schedules.__all__ if name in gd.__all__}
    for call, name in written:
        parameters = inspect.signature(getattr(gd, name)).parameters.values()
        shown = ", ".join(p.name if p.default is p.empty else f"{p.name}={p.default}" for p in parameters)
        assert call == f"{name}({shown})"


def test_every_schedule_is_drawn():
    script = (DOCS / "draw" / "schedules.py").read_text(encoding="utf-8")
    assert [name for name in schedules.__all__ if name in gd.__all__ and f'"{name}(' not in script] == []


def test_every_test_function_stands_in_the_table():
    table = (DOCS / "reference" / "test_functions.md").read_text(encoding="utf-8")
    assert [name for name in gd.test_functions.__all__ if f"`{name}(" not in table] == ["KnownFunction"]


def test_every_picture_stands_in_the_gallery():
    page = (DOCS / "reference" / "gallery.md").read_text(encoding="utf-8")
    pictures = [name for name in gd.plots.__all__ if name.islower()]
    assert [name for name in pictures if f"gd.plots.{name}" not in page] == []
    drawn = {
        f"images/{file.name}"
        for file in (DOCS / "images").glob("*_*.png")
        if file.name.startswith(("gallery_", "figure_"))
    }
    assert drawn == set(re.findall(r"\]\(\.\./(images/[^)]+)\)", page))


def numbers_in(text):
    """The items that a text cites, as LECTURE 3, LECTURE 9-13 or test_lecture_14_15_..."""
    found = [int(n) for names in re.findall(r"lecture((?:_\d+)+)", text) for n in names.strip("_").split("_")]
    for several in re.findall(r"LECTURE ((?:\d+(?:-\d+)?(?:, | and )?)+)", text):
        for first, last in re.findall(r"(\d+)(?:-(\d+))?", several):
            found += range(int(first), int(last or first) + 1)
    return set(found)


def test_every_item_of_the_lecture_stands_in_the_table_and_on_the_page_it_names():
    table = (DOCS / "lecture.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (\d+) \| .*?((?:\[[^\]]+\]\([^)]+\)(?:, )?)+) \|$", table, flags=re.MULTILINE)
    assert [int(number) for number, _ in rows] == list(range(1, 43))
    cited = {f"{name_of(page)}.md": numbers_in(page.read_text(encoding="utf-8")) for page in PAGES}
    lost = [
        number
        for number, links in rows
        if not any(int(number) in cited[link] for link in re.findall(r"\(([^)#]+)[^)]*\)", links))
    ]
    assert lost == []


def test_every_item_of_the_lecture_is_tested():
    """(LECTURE 37 is a measurement: bench_sgd.py.)"""
    folder = Path(__file__).parent
    cited = set().union(*(numbers_in(file.read_text(encoding="utf-8")) for file in folder.rglob("test_*.py")))
    assert set(range(1, 43)) - cited == set()
