"""A throw-away build of gdfast: a copy of its sources that may be changed, compiled for two instruction sets, with one
of gcc's sanitizers or none, and programs that import it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
COPIED = ("src", "gdfast", "meson.build", "meson.options", "gdfast_command.py")
SANITIZERS = {"none": "none", "address": "address,undefined", "thread": "thread"}
LIBRARIES = {"none": (), "address": ("asan", "ubsan"), "thread": ("tsan",)}
OPTIONS = {
    "PYTHONMALLOC": "malloc",
    "ASAN_OPTIONS": "detect_leaks=0:max_malloc_fill_size=1000000000:malloc_fill_byte=255",  # NaN
    "UBSAN_OPTIONS": "halt_on_error=1:print_stacktrace=1",
    "TSAN_OPTIONS": "halt_on_error=0:exitcode=66:die_after_fork=0",
}


class Build:
    """The copy, its build and what it runs."""

    def __init__(self, folder: Path, sanitizer: str) -> None:
        self.folder, self.sanitizer = folder, sanitizer
        self._build = folder / "build"
        for name in COPIED:
            source = ROOT / name
            if source.is_dir():
                shutil.copytree(source, folder / name, ignore=shutil.ignore_patterns("__pycache__", "*.so"))
            else:
                shutil.copy(source, folder / name)
        options = ["-Doptimization=1", "-Ddebug=true", "-Db_lundef=false", "-Dinstruction_sets=avx2"]
        command = ["meson", "setup", *options, f"-Db_sanitize={SANITIZERS[sanitizer]}", str(self._build)]
        self._run_tool(command)

    def change(self, path: str, old: str, new: str) -> None:
        """Replaces a text that must stand in the file exactly once."""
        target = self.folder / path
        text = target.read_text(encoding="utf-8")
        assert text.count(old) == 1, f"{path} holds this {text.count(old)} times:\n{old}"
        target.write_text(text.replace(old, new), encoding="utf-8")

    def compile(self) -> None:
        """What has changed since the last time; the package then has it."""
        self._run_tool(["ninja", "-C", str(self._build)])
        for made in (self._build / "src").glob("_kernels*.so"):
            shutil.copy(made, self.folder / "gdfast")

    def run(self, *arguments: str, instruction_set: str = "", seconds: float = 300) -> subprocess.CompletedProcess[str]:
        """A Python program with this package: without site's hooks, among them those of an editable install."""
        places = [str(self.folder), str(ROOT / "tests"), *(path for path in sys.path if path.endswith("-packages"))]
        code = (
            f"import runpy, sys; sys.path[:0] = {places!r}; sys.argv = sys.argv[1:]; "
            "import gdfast._kernels as made; assert made.__file__.startswith(sys.path[0]); "
            "runpy.run_path(sys.argv[0], run_name='__main__')"
        )
        environment = {**os.environ, "GDFAST_ISA": instruction_set, "OPENBLAS_NUM_THREADS": "1"}
        environment.pop("PYTHONPATH", None)
        if self.sanitizer != "none":
            environment |= OPTIONS | {"LD_PRELOAD": " ".join(map(library, LIBRARIES[self.sanitizer]))}
        # Its shadow memory wants addresses that are not drawn at random.
        before = ["setarch", "-R"] if self.sanitizer == "thread" else []
        return subprocess.run(
            [*before, sys.executable, "-S", "-P", "-c", code, *arguments],
            env=environment, cwd=self.folder, capture_output=True, text=True, check=False, timeout=seconds,
        )  # fmt: skip

    def _run_tool(self, command: list[str]) -> None:
        path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
        environment = {**os.environ, "PATH": path}
        environment.pop("LD_PRELOAD", None)
        done = subprocess.run(command, cwd=self.folder, env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-4000:]


def library(name: str) -> str:
    """The path of a sanitizer's library."""
    command = ["gcc", f"-print-file-name=lib{name}.so"]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
