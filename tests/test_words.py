"""One glossary: the field's terms in names and texts, never an image or a word of our own for them.

Each row of the table is a pattern that must not occur, and what to write instead. Read from the source tree itself, C,
the documents and the page's script included, so that what no test runs is judged as well.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PLACES = ["gdfast", "src", "tests", "bench", "docs", "README.md", "CHANGELOG.md", "CONTRIBUTING.md"]
SUFFIXES = {".py", ".pyi", ".pyx", ".pxi", ".c", ".h", ".js", ".css", ".md"}

INSTEAD = {
    r"\bLOOKS?\b|\b[Ll]ook(s|ed|ing)?\b(?! up\b)": "evaluation, check, examine; a style of drawing",
    r"\bdef bound\(self|\boptimizer\.bound\(": "bind",
    r"\bdescend\(": "run_loop, compiled_steps",
    r"(?<!colour-)\bblind\b": "needs_gradient",
    r"\btakes step\b": "sets_own_step",
    r"\bhidden states?\b": "extra_state",
    r"\btruth\b": "y",
    r"\broads?\b": "generic implementation, compiled steps, arithmetic",
    r"\bdoors?\b": "the public functions, where arguments enter",
    r"\bby structure\b": "computed from the scores",
    r"\b(the|a|its|their|on the) way down\b|\bend of a way\b|\bon the way\b|\bthe way of (a|the|one|several) runs?\b": (
        "trajectory, optimization path, end point"
    ),
    r"\bcourses? of (a |the |several )?runs?\b": "training curves",
    r"\bone step, of many sizes\b|\bone step of many sizes\b": "effect of the learning rate",
    r"\bwhat (each class|a( linear)? classifier) looks for\b": "class weight templates",
    r"['\"](first|second) direction\b|% of the way\b": (
        "first principal component (62.5 % of the variance); w1 where the space has two weights"
    ),
    r"\bkinks? (taken )?out\b": "error after kink correction",
    r"\bleft out of account\b": "not judged",
    r"\bchang(e|es|ed|ing) sides?\b": "crosses the margin",
    r"\b[Gg]uessing\b": "chance level",
    r"['\"]found['\"]?:[>^<]|\bmost often taken for\b": "recall, precision, most often predicted as",
    r"\bwrong kinds?\b|\bof another kind\b|\bmistakes of kind\b": "wrong type, another type",
    r"\bwalk(s|ed)? (as|the)\b": "reproduce PyTorch's iterates",
    r"\bjoins? in by\b": "implements",
    r"\btakes? no part\b": "is ignored",
    r"\bflat cells?\b": "linear pieces",
    r"\bmax-terms?\b": "hinge terms",
    r"['\"](where it is)\b": "current value",
    r"['\"](before it)\b": "loss before the step",
}
FILES_INSTEAD = {
    "looks": "comparison, style",
    "structure": "capabilities",
    "lowest": "minimum",
    "ramps": "hinge_terms",
    "max_terms": "hinge_terms",
    "together": "subgradient_at_ties",
    "along": "directional",
    "dots": "float64_dots",
    "flat": "to_scipy",
    "units": "feature_statistics",
    "facts": "text_sections",
}


def texts() -> list[Path]:
    """Every file of the places above."""
    found = []
    for place in PLACES:
        path = ROOT / place
        found += [path] if path.is_file() else [file for file in sorted(path.rglob("*")) if file.suffix in SUFFIXES]
    return [file for file in found if file != Path(__file__)]  # which has to name the words


TEXTS = {file: file.read_text(encoding="utf-8") for file in texts()}


def occurrences(pattern: str) -> Iterator[str]:
    """Where a pattern occurs, with the line; the parts of a name are words too."""
    for file, text in TEXTS.items():
        for number, line in enumerate(text.split("\n"), 1):
            if re.search(pattern, line.replace("_", " ")):
                yield f"{file.relative_to(ROOT)}:{number}: {line.strip()}"


@pytest.mark.parametrize("pattern", INSTEAD)
def test_the_term_is_used(pattern):
    found = list(occurrences(pattern))
    assert not found, f"write instead: {INSTEAD[pattern]}\n" + "\n".join(found)


def test_files_have_the_names_of_their_terms():
    wrong = {file: FILES_INSTEAD[name] for file in TEXTS if (name := file.name.partition(".")[0]) in FILES_INSTEAD}
    assert not wrong, "\n".join(f"{file.relative_to(ROOT)}: {instead}" for file, instead in wrong.items())


def test_the_first_line_says_what_a_file_is_for():
    """A sentence, which is no question and no claim about the reader; in the words of the table, as all lines."""
    opening = re.compile(r"(\"\"\" ?|/\* |// |# )\S.{14,}")
    sources = [file for file in TEXTS if file.suffix != ".md"]
    silent = [file for file in sources if not opening.match(TEXTS[file]) or "?" in TEXTS[file].split("\n")[0]]
    assert not silent, "\n".join(f"{file.relative_to(ROOT)}: {TEXTS[file].split(chr(10))[0]}" for file in silent)


@pytest.mark.parametrize(
    ("line", "instead"),
    [
        ("# a look at the whole objective", "evaluation"),
        ("the compiled road", "compiled steps"),
        ("The best value on the way was", "trajectory"),
        ("with the kinks taken out 1e-9", "error after kink correction"),
        ('f"where it is: {x}"', "current value"),
        ("A class without samples takes no part.", "is ignored"),
        ("first direction (62.5 % of the way)", "principal component"),
        ("optimizers that walk as PyTorch's", "iterates"),
    ],
)
def test_a_word_of_our_own_is_found(line, instead):
    assert any(re.search(pattern, line) and instead in term for pattern, term in INSTEAD.items())


@pytest.mark.parametrize("line", ["names are looked up in a table", "a random walk", "read where it is", "a crossroad"])
def test_plain_english_is_not(line):
    assert not any(re.search(pattern, line) for pattern in INSTEAD)
