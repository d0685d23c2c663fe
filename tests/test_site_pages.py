"""The pages of docs/ as a site: links to sections, a section for each item of the lecture, a place for each name."""

from __future__ import annotations

import re
from importlib import import_module
from pathlib import Path
from types import ModuleType

import pytest

from test_docs import DOCS, PAGES, name_of, numbers_in

MODULES = (
    "gdfast",
    "gdfast.checks",
    "gdfast.datasets",
    "gdfast.differences",
    "gdfast.distributed",
    "gdfast.estimators",
    "gdfast.landscape",
    "gdfast.pictures",
    "gdfast.pictures.page",
    "gdfast.plots",
    "gdfast.protocols",
    "gdfast.test_functions",
    "gdfast.testing",
)
LINK = re.compile(r"\]\(([^)#:]*)(?:#([^)]*))?\)")


def slug(heading: str) -> str:
    """The anchor that GitHub gives a heading: its letters, digits, underscores and hyphens, spaces as hyphens."""
    text = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading).replace("`", "").strip().lower()
    return re.sub(r"[^\w\- ]", "", text).replace(" ", "-")


def sections(page: Path) -> dict[str, str]:
    """Anchor -> the section's text with its heading, up to the next heading that is no deeper."""
    text = re.sub(
        r"^```.*?^```", lambda code: re.sub("^#", " ", code[0], flags=re.M), page.read_text("utf-8"), flags=re.S | re.M
    )
    headings = list(re.finditer(r"^(#+) (.+)$", text, flags=re.MULTILINE))
    found: dict[str, str] = {}
    for i, heading in enumerate(headings):
        deeper = (next_one.start() for next_one in headings[i + 1 :] if len(next_one[1]) <= len(heading[1]))
        name, copies = slug(heading[2]), 0
        while name in found:
            copies += 1
            name = f"{slug(heading[2])}-{copies}"
        found[name] = text[heading.start() : next(deeper, len(text))]
    return found


ITEMS = re.findall(r"^\| (\d+) \| (.*) \|$", (DOCS / "lecture.md").read_text(encoding="utf-8"), flags=re.MULTILINE)


@pytest.mark.parametrize("number", range(1, 43))
def test_an_item_of_the_lecture_is_two_clicks_from_the_readme(number):
    """README -> docs/lecture.md -> a section that cites the item."""
    readme = (DOCS.parent / "README.md").read_text(encoding="utf-8")
    assert "](docs/lecture.md)" in readme
    (row,) = [text for n, text in ITEMS if int(n) == number]
    places = [(sections(DOCS / path), anchor) for path, anchor in LINK.findall(row)]
    lost = [anchor for found, anchor in places if anchor and anchor not in found]
    assert not lost
    assert any(anchor and number in numbers_in(found[anchor]) for found, anchor in places), "no section cites it"


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_links_to_sections_lead_somewhere(page):
    links = LINK.findall(page.read_text(encoding="utf-8"))
    wanted = [(page.parent / path if path else page, anchor) for path, anchor in links if anchor]
    assert [(path.name, anchor) for path, anchor in wanted if anchor not in sections(path)] == []


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_no_line_is_a_comment_of_the_site(page):
    """MyST leaves out what begins with %, which a forge shows."""
    text = re.sub(r"^```.*?^```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL | re.MULTILINE)
    assert [line for line in text.splitlines() if line.lstrip().startswith("%")] == []


def test_a_section_ends_where_the_next_one_begins(tmp_path):
    page = tmp_path / "page.md"
    page.write_text(
        "# The `h` (LECTURE 9, 10)\none\n## Two: a_b\n```python\n# no heading\n```\n### Two: a_b\nlast\n# End\n"
    )
    found = sections(page)
    assert list(found) == ["the-h-lecture-9-10", "two-a_b", "two-a_b-1", "end"]
    assert "last" in found["two-a_b"]
    assert "End" not in found["the-h-lecture-9-10"]


def test_every_public_name_stands_in_the_reference():
    pages = "".join(page.read_text(encoding="utf-8") for page in (DOCS / "reference" / "names").glob("*.md"))
    named = set(re.findall(r"`(gdfast[\w.]*)`", pages))
    for module, table in re.findall(r"currentmodule:: (\S+)\n(.*?)```", pages, flags=re.DOTALL):
        named |= {f"{module}.{name}" for name in re.findall(r"^   (\w+)$", table, flags=re.MULTILINE)}
    public = {
        f"{name}.{part}" for name in MODULES for part in getattr(named_object(name), "__all__", ["assert_gradient"])
    }
    public = {name for name in public if not isinstance(named_object(name), ModuleType)} - {"gdfast.__version__"}
    home = {
        name.rpartition(".")[2] for name in named if name.count(".") == 1
    }  # gdfast.Scheme is gdfast.differences.Scheme
    lost = sorted(name for name in public - named if name.rpartition(".")[2] not in home)
    assert lost == []
    assert sorted(named - public - set(MODULES)) == []


def named_object(name: str) -> object:
    """What a dotted name names; a folder of gdfast may have a shorter name than its place."""
    try:
        return import_module(name)
    except ModuleNotFoundError:
        holder, _, part = name.rpartition(".")
        return getattr(named_object(holder), part)


def test_blocks_become_cells_unless_they_are_files():
    from code_cells import as_notebook

    page = '# A\n\n```python\nx = 1\n```\n\n```python\n# test_file.py\n```\n\n```python\n"""A module."""\n```\n'
    shown = as_notebook(page)
    assert shown.startswith("---\nfile_format: mystnb\n")
    assert re.findall(r"^```(\S+)$", shown, flags=re.MULTILINE) == ["{code-cell}", "python", "python"]
    assert as_notebook("# Words\n") == "# Words\n"


@pytest.mark.parametrize("page", [page for page in PAGES if page.name == "index.md"], ids=name_of)
def test_the_menus_hold_the_pages_that_an_index_links_to(page):
    from index_pages import pages_linked_from

    linked = pages_linked_from(page.read_text(encoding="utf-8"))
    assert all((page.parent / f"{name}.md").exists() and words for name, words in linked.items())
    own = {path.stem for path in page.parent.glob("*.md")} - {"index"}
    assert own <= linked.keys()


def test_signs_of_mathematics_in_a_docstring_are_escaped():
    from docstrings import escaped_lines

    lines = ["of ||w|| and (m, *shape), ``|w| *a``; *emphasis*", ">>> f(|w|)", "|w|", "", "|w|"]
    assert list(escaped_lines(lines)) == [r"of \|\|w|| and (m, \*shape), ``|w| *a``; *emphasis*", *lines[1:4], r"\|w|"]
