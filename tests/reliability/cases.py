"""The cases: every public callable x every argument x every wrong value of its kind."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

from reliability.arguments import ARGUMENTS, GIVEN, LEFT_OUT, Argument
from reliability.bad_values import EITHER, NONE, SAME, Bad, Unavailable
from reliability.calls import WITHOUT, Public, public_callables
from reliability.judge import answer, contents, fault
from reliability.special import SPECIAL

RIGHT = Bad("right", lambda value: value, SAME)
"""The example call itself, twice."""


RIGHTS: dict[tuple[str, str, str], Any] = {}
"""The answers of the example calls, in the process that makes them."""


class Unknown(LookupError):
    """A public callable has an argument of which nothing is known."""


def argument_of(public: Public, name: str) -> Argument:
    """What is known of an argument: of this callable's, of its class's, or of any of that name."""
    if name in public.known:
        return public.known[name]
    home = (public.owner or "").partition(".")[0]
    for key in (f"{public.name}.{name}", f"{public.owner}.*.{name}", f"{home}.*.{name}"):
        if key in SPECIAL:
            return SPECIAL[key]
    if name in ARGUMENTS:
        return ARGUMENTS[name]
    raise Unknown(
        f"{public.name} has an argument {name!r}: say in tests/reliability/arguments.py what a right value of it is, "
        "and which are wrong"
    )


def is_nullable(parameter: inspect.Parameter) -> bool:
    """Whether None is one of the argument's right values."""
    return parameter.default is None or parameter.name in ("rng", "x0") or "None" in str(parameter.annotation)


class Case:
    """One call with one wrong value."""

    def __init__(
        self, public: Public, label: str, make: Callable[[], Any], changes: dict[str, Any], name: str, bad: Bad
    ) -> None:
        self.public, self.label, self.make, self.changes, self.name, self.bad = public, label, make, changes, name, bad
        change = changes.get(name)
        self.argument = change if isinstance(change, Argument) else argument_of(public, name)

    def __str__(self) -> str:
        return f"{self.public.name}({self.label}{': ' * bool(self.label)}{self.name} = {self.bad.name})"

    def _right(self) -> dict[str, Any]:
        """The arguments of the example call that has this argument."""
        known = {p.name: p for p in self.public.parameters()}
        given = {name: argument_of(self.public, name).right() for name, p in known.items() if p.default is p.empty}
        for changes in (self.changes, self.argument.extra):
            given |= {name: self._made(name, value) for name, value in changes.items()}
        if self.name not in given or given[self.name] is LEFT_OUT:
            given[self.name] = self.argument.right()
        return {name: value for name, value in given.items() if value is not LEFT_OUT}

    def _made(self, name: str, value: Any) -> Any:
        """The value of an argument from what a variant of the call says of it."""
        if value is GIVEN:
            value = argument_of(self.public, name)
        if isinstance(value, Argument):
            return value.right()
        return value() if callable(value) else value

    def run(self) -> str | None:
        """What is wrong with what came of it; None where nothing is."""
        given = self._right()
        try:
            given[self.name] = self.bad.make(given[self.name])
        except Unavailable:
            return None
        except Exception as error:
            return f"can't be made: {type(error).__name__}: {error}"
        right = None
        if self.bad.want in (SAME, EITHER):
            key = (self.public.name, self.label, self.name)
            if key not in RIGHTS:
                RIGHTS[key] = self._call(self._right())
            right = RIGHTS[key]
            if isinstance(right, BaseException):
                return f"the example call fails: {type(right).__name__}: {right}"
        before = {name: contents(value) for name, value in given.items()}
        outcome = self._call(given)
        changed = [name for name, value in given.items() if contents(value) != before[name]]
        if changed:
            return f"changes {', '.join(changed)}"
        error = outcome if isinstance(outcome, BaseException) else None
        return fault(self.bad.want, outcome, error, right, (self.name, *self.argument.called))

    def _call(self, given: dict[str, Any]) -> Any:
        try:
            return answer(self.make()(**given))
        except AssertionError as error:
            return "not passed" if self.public.name.startswith("testing.") else error
        except BaseException as error:
            return error


def cases_of(name: str) -> list[Case]:
    """All cases of one public callable."""
    return cases_of_public(public_callables()[name])


def cases_of_public(public: Public) -> list[Case]:
    """Each argument of each example call x the wrong values of its kind."""
    cases = []
    for parameter in public.parameters():
        for label, make, changes in public.variants():
            change = changes.get(parameter.name)
            if change is LEFT_OUT or label in WITHOUT.get(f"{public.name}.{parameter.name}", ()):
                continue
            argument = change if isinstance(change, Argument) else argument_of(public, parameter.name)
            bads = [RIGHT, *(bad for bad in argument.bad if bad is not NONE)]
            if not is_nullable(parameter):
                bads.append(NONE)
            cases += [Case(public, label, make, changes, parameter.name, bad) for bad in bads]
    return cases
