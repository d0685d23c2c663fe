"""`gdfast play`: the page is written whole, or one sentence says why not."""

from __future__ import annotations

import pytest
from click.testing import CliRunner, Result

from gdfast.cli import main
from gdfast.cli import play as command
from gdfast.pictures.play import render


def play(*arguments: object) -> Result:
    return CliRunner().invoke(main, ["play", *map(str, arguments)])


@pytest.fixture
def opened(monkeypatch) -> list[str]:
    """Addresses that the browser was asked for; none is started."""
    addresses: list[str] = []
    monkeypatch.setattr(command.webbrowser, "open", lambda address: addresses.append(address) or True)
    return addresses


def test_the_page_is_written_where_one_stands_and_nothing_opens(tmp_path, monkeypatch, opened):
    monkeypatch.chdir(tmp_path)
    result = play()
    assert result.exit_code == 0, result.output
    assert result.output.startswith("Wrote gdfast-play.html\n")
    assert [path.name for path in tmp_path.iterdir()] == ["gdfast-play.html"]
    assert (tmp_path / "gdfast-play.html").read_text(encoding="utf-8") == render()
    assert opened == []


def test_out_and_open(tmp_path, opened):
    place = tmp_path / "my page.html"
    place.write_text("what was there is replaced")
    assert play("--out", place, "--open").exit_code == 0
    assert place.read_text(encoding="utf-8") == render()
    assert opened == [place.as_uri()]


def test_mistakes_are_one_sentence_and_nothing_is_written(tmp_path):
    for place, sentence in (
        (tmp_path / "none" / "page.html", "there is no folder"),
        (tmp_path, "it is a folder"),
    ):
        result = play("--out", place)
        assert result.exit_code == 1
        assert "Traceback" not in result.output
        assert sentence in result.stderr.strip().splitlines()[-1]
    assert not list(tmp_path.iterdir())
