"""Libraries of compiled kernels with one source changed: what includes it is compiled anew, once."""

from __future__ import annotations

import json
import shlex
import subprocess
from functools import cached_property
from pathlib import Path


class Kernels:
    """A build of src/ in a folder of its own, and variants of it."""

    def __init__(self, root: Path, folder: Path) -> None:
        self._root, self.folder = root, folder
        self._build, self._changed = folder / "kernels", folder / "changed"

    def with_change(self, file: str, source: str) -> Path | None:
        """The library in which `file` (src/...) reads `source`; None where that does not compile."""
        place = self._changed / file.removeprefix("src/")
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(source)
        try:
            objects = dict.fromkeys(self._commands)
            for name, command in self._commands.items():
                if file in self._included[name]:
                    changed = self.folder / f"changed-{name.replace('/', '-')}"
                    first = next(i for i, word in enumerate(command) if word.startswith("-I"))
                    at = command.index("-o")
                    before, after = [f"-I{self._changed}", *command[first:at]], command[at + 2 :]
                    asked = [*command[:first], *before, "-w", "-o", str(changed), *after]
                    if subprocess.run(asked, cwd=self._build, capture_output=True).returncode:
                        return None
                    objects[name] = str(changed)
            return self._linked([changed or name for name, changed in objects.items()])
        finally:
            place.unlink()

    def _linked(self, objects: list[str]) -> Path:
        library = self.folder / "changed" / "_kernels.so"
        library.unlink(missing_ok=True)
        command = self._link[:]
        command[command.index("-o") + 1] = str(library)
        at = command.index("src/libkernels_baseline.a")
        subprocess.run([*command[:at], *objects, *command[at + 1 :]], cwd=self._build, check=True, capture_output=True)
        return library

    @cached_property
    def _ready(self) -> Path:
        if not (self._build / "build.ninja").exists():
            subprocess.run(["meson", "setup", str(self._build), str(self._root), "-Doptimization=1"], check=True)
        subprocess.run(["ninja", "-C", str(self._build)], check=True, capture_output=True)
        return self._build

    def _ninja(self, *arguments: str) -> str:
        command = ["ninja", "-C", str(self._ready), "-t", *arguments]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout

    @cached_property
    def _commands(self) -> dict[str, list[str]]:
        """How each unit for the instruction set is compiled, by its output."""
        found = json.loads(self._ninja("compdb"))
        return {one["output"]: shlex.split(one["command"]) for one in found
                if one["output"].startswith("src/libkernels_baseline.a.p/")}  # fmt: skip

    @cached_property
    def _included(self) -> dict[str, set[str]]:
        """The files of src/ that each unit reads."""
        found = {}
        for name in self._commands:
            paths = [Path(line.strip()) for line in self._ninja("deps", name).splitlines() if line.startswith("    ")]
            inside = [(self._build / path).resolve() for path in paths]
            found[name] = {
                path.relative_to(self._root).as_posix() for path in inside if path.is_relative_to(self._root)
            }
        return found

    @cached_property
    def _link(self) -> list[str]:
        target = next(
            line.split(":")[0]
            for line in self._ninja("targets", "all").splitlines()
            if "/_kernels." in line and ".p/" not in line
        )
        return shlex.split(self._ninja("commands", target).strip().splitlines()[-1])
