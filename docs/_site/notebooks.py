"""The chapters of Learn as Jupyter notebooks, made of the same Markdown: `python docs/_site/notebooks.py FOLDER`.

A notebook stands alone: pictures are inside, links to other pages are left as text. The answer to an exercise is
folded: its text in an element that opens on a click, its code in cells whose source is hidden.
"""

from __future__ import annotations

import base64
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat
from nbformat import v4

LEARN = Path(__file__).parent.parent / "learn"
# What a page is made of: blocks that run (one that is a file or a module does not), and Markdown between them.
BLOCK = re.compile(r"^```python\n(?!# test_|\"\"\")(.*?)^```\n?", re.DOTALL | re.MULTILINE)
PICTURE = re.compile(r"!\[([^\]]*)\]\(([^):]+\.png)\)")
LINK = re.compile(r"(?<!!)\[([^\]]+)\]\((?!\w+:|#)[^)]+\)")
OPENS, CLOSES = "<details><summary>Answer</summary>", "</details>"


def chapters() -> list[Path]:
    """Every chapter, in the order of the alphabet; the folder's index is none."""
    return sorted(page for page in LEARN.glob("*.md") if page.name != "index.md")


def notebook_of(page: Path) -> nbformat.NotebookNode:
    """The page as a notebook without outputs."""
    cells, in_answer = [], False
    for kind, text in pieces(page.read_text(encoding="utf-8")):
        if kind == "code":
            hidden = {"jupyter": {"source_hidden": True}, "tags": ["answer"]} if in_answer else {}
            cells.append(v4.new_code_cell(text.rstrip(), metadata=hidden))
            continue
        for part in re.split(f"({re.escape(OPENS)}|{re.escape(CLOSES)})", text):
            if part in (OPENS, CLOSES):
                in_answer = part == OPENS
            elif part.strip():
                folded = f"{OPENS}\n\n{part.strip()}\n\n{CLOSES}" if in_answer else part.strip()
                cells.append(with_pictures(LINK.sub(r"\1", folded), page.parent))
    for number, cell in enumerate(cells):
        cell["id"] = f"cell-{number}"  # the same file every time
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    return v4.new_notebook(cells=cells, metadata={"kernelspec": kernel})


def pieces(page: str) -> Iterator[tuple[str, str]]:
    """Its Markdown and its blocks of code, in their order."""
    end = 0
    for block in BLOCK.finditer(page):
        yield "text", page[end : block.start()]
        yield "code", block[1]
        end = block.end()
    yield "text", page[end:]


def with_pictures(text: str, folder: Path) -> nbformat.NotebookNode:
    """A Markdown cell that holds the pictures it shows."""
    cell, attached = v4.new_markdown_cell(PICTURE.sub(_attachment, text)), {}
    for _, path in PICTURE.findall(text):
        content = base64.b64encode((folder / path).read_bytes()).decode()
        attached[Path(path).name] = {"image/png": content}
    if attached:
        cell["attachments"] = attached
    return cell


def _attachment(picture: re.Match[str]) -> str:
    return f"![{picture[1]}](attachment:{Path(picture[2]).name})"


def write_all(folder: Path) -> list[Path]:
    """A file for each chapter in that folder, which is made where there is none."""
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for page in chapters():
        written.append(folder / f"{page.stem}.ipynb")
        nbformat.write(notebook_of(page), written[-1])
    return written


def offer(app: Any, name: str, source: list[str]) -> None:
    """A link to the notebook beneath the title of each chapter on the site."""
    if name in {f"learn/{page.stem}" for page in chapters()}:
        title, end, rest = source[0].partition("\n")
        link = f'<a class="notebook" href="../notebooks/{name.rpartition("/")[2]}.ipynb" download>As a notebook</a>'
        source[0] = f"{title}{end}\n{link}\n{rest}"


def write_with_the_site(app: Any, exception: Exception | None) -> None:
    if exception is None and app.builder.format == "html":
        write_all(Path(app.outdir) / "notebooks")


def setup(app: Any) -> dict[str, bool]:
    app.connect("source-read", offer)
    app.connect("build-finished", write_with_the_site)
    return {"parallel_read_safe": True, "parallel_write_safe": True}


if __name__ == "__main__":
    for path in write_all(Path(sys.argv[1])):
        print(path)
