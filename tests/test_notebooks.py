"""The notebooks of the chapters: made of the pages, whole by themselves, and each runs to its last cell."""

from __future__ import annotations

import re
import time

import pytest

nbformat = pytest.importorskip("nbformat", reason="nbformat is not installed: pip install 'gdfast[docs]'")
import notebooks  # noqa: E402

CHAPTERS = notebooks.chapters()
MOST = 60  # seconds of a chapter


def test_every_chapter_is_a_notebook(tmp_path):
    written = notebooks.write_all(tmp_path / "new")
    assert [path.stem for path in written] == [page.stem for page in CHAPTERS]
    assert len(written) == 14
    again = notebooks.write_all(tmp_path / "again")
    assert [path.read_bytes() for path in written] == [path.read_bytes() for path in again]


@pytest.mark.parametrize("page", CHAPTERS, ids=lambda page: page.stem)
def test_a_notebook_is_whole_by_itself(page):
    notebook = notebooks.notebook_of(page)
    nbformat.validate(notebook)
    text = page.read_text(encoding="utf-8")
    code = "\n".join(cell.source for cell in notebook.cells if cell.cell_type == "code")
    assert code == "\n".join(block[1].rstrip() for block in notebooks.BLOCK.finditer(text))
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            shown = re.findall(r"!\[[^\]]*\]\(([^)]+)\)", cell.source)
            assert shown == [f"attachment:{name}" for name in cell.get("attachments", {})]
            assert not re.search(r"\]\((?!https?:|attachment:|#)", cell.source)


def test_an_answer_is_folded(tmp_path):
    page = tmp_path / "page.md"
    page.write_text(
        "# A [page](other.md)\n\n```python\nx = 1\n```\n\n### Exercise 1: two\n\nWhat is x + 1?\n\n"
        "<details><summary>Answer</summary>\n\nTwo.\n\n"
        "```python\nassert x + 1 == 2\n```\n\nIndeed.\n\n</details>\n\nEnd.\n"
    )
    cells = notebooks.notebook_of(page).cells
    assert [cell.cell_type for cell in cells] == [
        "markdown",
        "code",
        "markdown",
        "markdown",
        "code",
        "markdown",
        "markdown",
    ]
    assert cells[0].source == "# A page"
    assert cells[3].source == "<details><summary>Answer</summary>\n\nTwo.\n\n</details>"
    assert [cell.metadata.get("jupyter") for cell in cells if cell.cell_type == "code"] == [
        None,
        {"source_hidden": True},
    ]
    assert cells[5].source == "<details><summary>Answer</summary>\n\nIndeed.\n\n</details>"
    assert cells[6].source == "End."


@pytest.mark.slow
@pytest.mark.parametrize("page", CHAPTERS, ids=lambda page: page.stem)
def test_a_notebook_runs(page, tmp_path, monkeypatch):
    nbclient = pytest.importorskip("nbclient", reason="nbclient is not installed: pip install 'gdfast[docs]'")
    pytest.importorskip("ipykernel", reason="ipykernel is not installed: pip install 'gdfast[docs]'")
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path))
    notebook, begin = notebooks.notebook_of(page), time.monotonic()
    nbclient.NotebookClient(
        notebook, timeout=MOST, kernel_name="python3", resources={"metadata": {"path": str(tmp_path)}}
    ).execute()
    assert time.monotonic() - begin < MOST
