"""Count the rows of the feature table that work, by tier.

    python -m tools.features [--missing] [--json] [TABLE]

A row works when a test named after it exists (and passes, which `./run test` sees to):
`tests/features/test_f087_access_log.py`, or a function `test_f087_…` in any file there.
Conventions are counted in the same way: `test_c02_…`. The table itself is kept outside the
repository; without it there is nothing to count against, which is no error.
"""

from __future__ import annotations

import json
import re
import sys
from dataclasses import dataclass
from pathlib import Path

TIERS = {"D": "first day", "W": "first week", "P": "production", "C": "conventions"}
ROW = re.compile(r"^\|\s*(\d+)\s*\|\s*([DWP])\s*\|\s*(.*?)\s*\|", re.MULTILINE)
CONVENTION = re.compile(r"^\|\s*C(\d+)\s*\|\s*(.*?)\s*\|", re.MULTILINE)
TEST_NAME = re.compile(r"(?:\A|def\s)test_([fc])(\d{2,3})(?=[_.(])", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table; `id` is `F87` or `C2`."""

    id: str
    tier: str
    statement: str


def main(arguments: list[str]) -> int:
    table = Path(next((word for word in arguments if not word.startswith("-")), "../shared/features.md"))
    if not table.exists():
        print(f"The feature table ({table}) is not at hand, so there is nothing to count against.")
        return 0
    rows = read_rows(table.read_text(encoding="utf-8"))
    working = find_working(Path("tests/features"))
    if "--json" in arguments:
        print(json.dumps(summarize(rows, working), indent=2))
        return 0
    for tier, (count, total) in summarize(rows, working).items():
        print(f"{tier:12} {count:4} of {total:4}")
    if "--missing" in arguments:
        for row in rows:
            if row.id not in working:
                print(f"{row.id:5} {row.tier}  {row.statement}")
    for stray in sorted(working - {row.id for row in rows}):
        print(f"A test is named after {stray}, which is no row of the table.")
    return 0


def read_rows(text: str) -> list[Row]:
    """The rows of the feature table, then the conventions."""
    rows = [Row(f"F{number}", tier, statement) for number, tier, statement in ROW.findall(text)]
    return rows + [Row(f"C{number}", "C", statement) for number, statement in CONVENTION.findall(text)]


def find_working(folder: Path) -> set[str]:
    """The ids that a test is named after, by its file's or its function's name."""
    found: set[str] = set()
    for file in folder.glob("test_*.py"):
        for text in (file.name, file.read_text(encoding="utf-8")):
            found |= {f"{letter.upper()}{int(number)}" for letter, number in TEST_NAME.findall(text)}
    return found


def summarize(rows: list[Row], working: set[str]) -> dict[str, tuple[int, int]]:
    """For each tier how many of its rows work, and how many there are; features in all at the end."""
    counts = {}
    for tier, name in TIERS.items():
        ids = [row.id for row in rows if row.tier == tier]
        counts[name] = (sum(each in working for each in ids), len(ids))
    features = [row.id for row in rows if row.id.startswith("F")]
    counts["features"] = (sum(each in working for each in features), len(features))
    return counts


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
