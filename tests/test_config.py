"""The frame: what importing gdfast does, threads, instruction sets and the public names."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import threadpoolctl

import gdfast as gd
from gdfast._config import config, usable_cpus

SOURCE = Path(__file__).parent.parent / "gdfast"


def python(code: str, *options: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run code in a fresh interpreter, with those GDFAST variables only; -P keeps the source tree off its path."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("GDFAST_")}
    return subprocess.run(
        [sys.executable, "-P", *options, "-c", code],
        env=environment | variables,
        capture_output=True,
        text=True,
        check=False,
    )


def last_line(text: str) -> str:
    return text.strip().splitlines()[-1]


# Public names


@pytest.mark.parametrize("name", gd.__all__)
def test_every_public_name_is_there(name):
    assert getattr(gd, name) is not None
    assert name in dir(gd)


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="'gdfast' has no attribute 'minimise'"):
        gd.minimise  # noqa: B018


def test_the_version_is_that_of_the_build():
    text = (SOURCE.parent / "meson.build").read_text()
    assert f"version: '{gd.__version__}'" in text


def test_import_loads_only_the_frame():
    code = """
import sys, numpy, threadpoolctl
before = set(sys.modules)
import gdfast
print(sorted(name for name in set(sys.modules) - before))
"""
    loaded = python(code)
    assert loaded.returncode == 0, loaded.stderr
    names = eval(loaded.stdout)
    assert {name for name in names if name.startswith("gdfast")} == {
        "gdfast",
        "gdfast._arrays",
        "gdfast._config",
        "gdfast._kernels",
        "gdfast.describe",
        "gdfast.protocols",
        "gdfast.protocols.arrays",
        "gdfast.protocols.chunks",
        "gdfast.protocols.line_search",
        "gdfast.protocols.objective",
        "gdfast.protocols.objective_capabilities",
        "gdfast.protocols.optimizer",
        "gdfast.protocols.run_batches",
    }
    heavy = {"scipy", "sklearn", "matplotlib", "plotly", "dask", "distributed", "pooch", "click", "tqdm"}
    assert heavy.isdisjoint(name.partition(".")[0] for name in names)


def test_the_uncompiled_source_tree_says_what_to_do(tmp_path):
    (tmp_path / "gdfast").mkdir()
    shutil.copy(SOURCE / "__init__.py", tmp_path / "gdfast")
    # -S: without site-packages, so that no installed gdfast is found first.
    tried = python(f"import sys; sys.path.insert(0, {str(tmp_path)!r}); import gdfast", "-S")
    assert tried.returncode == 1
    assert last_line(tried.stderr).startswith("ImportError: gdfast is not compiled in this folder")
    assert "pip install ." in tried.stderr


# Threads


def test_threads_are_what_was_set():
    for n in (1, 2, usable_cpus() + 3):
        gd.set_num_threads(n)
        assert gd.get_num_threads() == n == config()["threads"]


@pytest.mark.parametrize(("n", "error"), [(0, ValueError), (-1, ValueError), (1.5, TypeError), (True, TypeError)])
def test_a_wrong_thread_count_is_refused_and_changes_nothing(n, error):
    before = gd.get_num_threads()
    with pytest.raises(error, match=r"^n must be"):
        gd.set_num_threads(n)
    assert gd.get_num_threads() == before


def test_threads_start_at_the_cpus_this_process_may_use():
    shown = python("import gdfast; print(gdfast.get_num_threads())")
    assert int(shown.stdout) == usable_cpus()


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="this system has no affinity")
def test_threads_start_at_the_affinity():
    code = "import os; os.sched_setaffinity(0, {min(os.sched_getaffinity(0))}); import gdfast"
    shown = python(f"{code}; print(gdfast.get_num_threads())")
    assert int(shown.stdout) == 1


def test_the_environment_sets_threads():
    assert python("import gdfast; print(gdfast.get_num_threads())", GDFAST_NUM_THREADS="7").stdout == "7\n"


@pytest.mark.parametrize("text", ["0", "-2", "many", "1.5", "²"])
def test_a_wrong_environment_is_one_sentence(text):
    tried = python("import gdfast", GDFAST_NUM_THREADS=text, PYTHONIOENCODING="utf-8")
    assert tried.returncode == 1
    assert last_line(tried.stderr) == f"ImportError: GDFAST_NUM_THREADS must be an integer >= 1; it is {text!r}"


def test_threadpoolctl_limits_gdfast():
    gd.set_num_threads(5)
    with threadpoolctl.threadpool_limits(1):
        assert gd.get_num_threads() == 1
    assert gd.get_num_threads() == 5
    with threadpoolctl.threadpool_limits(1, user_api="blas"):
        assert gd.get_num_threads() == 5
    with threadpoolctl.threadpool_limits({"gdfast": 3}):
        assert gd.get_num_threads() == 3


def test_threadpoolctl_knows_gdfast():
    (found,) = (pool for pool in threadpoolctl.threadpool_info() if pool["user_api"] == "gdfast")
    assert found["num_threads"] == gd.get_num_threads()
    assert found["version"] == gd.__version__


# Instruction sets


@pytest.mark.parametrize("name", config()["instruction sets available"])
def test_the_environment_picks_the_instruction_set(name):
    shown = python("from gdfast._config import config; print(config()['instruction set'])", GDFAST_ISA=name)
    assert shown.stdout == f"{name}\n"


def test_the_best_instruction_set_is_the_default():
    shown = python("from gdfast._config import config; print(config()['instruction set'])")
    assert shown.stdout.strip() == config()["instruction sets available"][0]
    assert config()["instruction sets available"][-1] == "baseline"


def test_an_instruction_set_that_is_not_there_is_one_sentence():
    tried = python("import gdfast", GDFAST_ISA="avx1024")
    assert tried.returncode == 1
    sentence = last_line(tried.stderr)
    assert sentence.startswith("ImportError: GDFAST_ISA must be one of ")
    assert sentence.endswith("; it is 'avx1024'")
    assert all(name in sentence for name in config()["instruction sets available"])


@pytest.mark.skipif(sys.platform == "win32", reason="the environment is text there")
def test_an_instruction_set_that_is_no_text_is_the_same_sentence():
    tried = python("import gdfast", GDFAST_ISA="\udcff")
    assert tried.returncode == 1
    assert last_line(tried.stderr).startswith("ImportError: GDFAST_ISA must be one of ")


def test_show_config_names_everything(capsys):
    gd.show_config()
    shown = dict(line.split(": ", 1) for line in capsys.readouterr().out.splitlines())
    assert list(shown) == list(config())
    assert shown["gdfast"] == gd.__version__
    assert "Cython 3" in shown["built with"]
