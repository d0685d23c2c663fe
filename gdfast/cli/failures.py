"""Error handling of the commands: one sentence and an exit code for a mistake, a full disk, a closed pipe, Ctrl-C."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator
from typing import Any

import click

from ..describe import one_line

MISTAKES = (OSError, ValueError, ImportError, MemoryError)
"""What a user can do wrong; a command answers it with one sentence."""


class Interrupted(click.ClickException):
    """Ctrl-C, with what is left behind."""

    exit_code = 130

    def show(self, file: Any = None) -> None:
        """The sentence alone: it is no error. A terminal has written ^C on its line."""
        click.echo(("\n" if sys.stderr.isatty() else "") + self.message, file=file, err=True)


def sentence(error: BaseException) -> str:
    """What an error says, without Python's own words."""
    if isinstance(error, FileNotFoundError) and error.filename is not None:
        return f"{os.fspath(error.filename)} does not exist"
    if isinstance(error, OSError) and error.strerror:
        where = "" if error.filename is None else f"{os.fspath(error.filename)}: "
        return f"{where}{error.strerror}"
    if isinstance(error, MemoryError):
        return f"there is not enough memory{f': {error}' if str(error) else ''}"
    return " ".join(str(error).split()) or type(error).__name__


@contextlib.contextmanager
def explain_mistakes() -> Iterator[None]:
    """A mistake within becomes its sentence, with exit code 1."""
    try:
        yield
    except BrokenPipeError:
        raise
    except MISTAKES as error:
        raise click.ClickException(sentence(error)) from error


@contextlib.contextmanager
def writing(name: str) -> Iterator[None]:
    """What can't be written is named, and why."""
    try:
        yield
    except BrokenPipeError:
        raise
    except OSError as error:
        reason = error.strerror or str(error)
        raise click.ClickException(f"{name} cannot be written: {reason}") from error


class Commands(click.Group):
    """The commands, whose output may end in a pipe that somebody closes, and which may be interrupted."""

    def make_context(self, *arguments: Any, **options: Any) -> click.Context:
        """As click's own, which calls a Ctrl-C "Aborted!"."""
        try:
            return super().make_context(*arguments, **options)
        except KeyboardInterrupt:
            raise Interrupted("Interrupted.") from None

    def invoke(self, context: click.Context) -> Any:
        """Run one. A reader that has enough (`| head`) is no failure: the command ends quietly, with code 0."""
        try:
            outcome = super().invoke(context)
            if sys.stdout is not None:  # a shell's >&-
                sys.stdout.flush()
            return outcome
        except BrokenPipeError:
            _leave_stdout()
            context.exit(0)
        except KeyboardInterrupt:
            raise Interrupted("Interrupted.") from None
        except OSError as error:  # of a file that was asked for, or of standard output, which has no name
            _leave_stdout()
            told = f"the output cannot be written: {error.strerror or error}"
            raise click.ClickException(one_line(told if error.filename is None else sentence(error))) from error
        except click.ClickException as error:
            vars(error)["message"] = one_line(error.message)  # a name from a file may be in it
            _leave_stdout()
            raise


def _leave_stdout() -> None:
    """What could not be written must not be tried again when Python ends."""
    if sys.stdout is None:
        return
    try:
        sys.stdout.flush()
    except OSError:
        with contextlib.suppress(OSError, ValueError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
