"""The command `gdfast` itself: help, version, info."""

from __future__ import annotations

from click.testing import CliRunner

import gdfast as gd
from gdfast._config import config
from gdfast.cli import main


def test_the_version_is_the_packages():
    result = CliRunner().invoke(main, ["--version"], prog_name="gdfast")
    assert (result.exit_code, result.output) == (0, f"gdfast {gd.__version__}\n")


def test_info_prints_the_configuration():
    result = CliRunner().invoke(main, ["info"])
    assert result.exit_code == 0
    for name in config():
        assert f"{name}: " in result.output


def test_every_command_has_help_in_one_line():
    result = CliRunner().invoke(main, ["-h"])
    assert result.exit_code == 0
    for name, command in main.commands.items():
        assert command.get_short_help_str()
        assert name in result.output
        assert f"gdfast {name}" in (command.help or "").partition("Example:")[2]


def test_an_unknown_command_is_wrong_usage():
    result = CliRunner().invoke(main, ["dance"])
    assert result.exit_code == 2
    assert "No such command 'dance'" in result.output
