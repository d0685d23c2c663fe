"""The end of tools/coverage.sh: C's lines that nobody reached, two totals, and whether they are enough."""

from __future__ import annotations

import io
import json
import sys
from collections import Counter
from pathlib import Path
from typing import Any

LEAST = {"C": 98.0, "Python": 95.0}


def lines_of(report: dict[str, Any]) -> dict[str, Counter[int]]:
    """How often each line of each file ran, over all instruction sets and types that it was compiled for."""
    files: dict[str, Counter[int]] = {}
    for file in report["files"]:
        counts = files.setdefault(file["file"], Counter())
        for line in file["lines"]:
            if not line.get("gcovr/noncode", False):
                counts[line["line_number"]] += line["count"]
    return files


def main(c_report: str, python_counts: str) -> int:
    """Prints; 1 where a total is too low."""
    from coverage import Coverage

    files = lines_of(json.loads(Path(c_report).read_text()))
    for name, counts in sorted(files.items()):
        missing = sorted(line for line, count in counts.items() if count == 0)
        if missing:
            print(f"{name}: {', '.join(map(str, missing))}")
    all_lines = sum(map(len, files.values()))
    reached = sum(count > 0 for counts in files.values() for count in counts.values())
    python = Coverage(data_file=python_counts, config_file="tools/coverage.ini")
    python.load()
    shares = {"C": 100 * reached / all_lines, "Python": python.report(file=io.StringIO())}
    for language, share in shares.items():
        print(f"coverage: {share:.2f} % of the lines of {language} (at least {LEAST[language]:g} %)")
    return int(any(share < LEAST[language] for language, share in shares.items()))


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
