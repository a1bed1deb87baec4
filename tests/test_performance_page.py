"""The page on performance says what was measured, not what was measured once."""

from __future__ import annotations

from pathlib import Path

CASES = ("json", "plaintext", "params", "items")
RESULT_OF = {
    "raw protocol, by hand": "raw protocol",
    "Bistro, `def` in place": "bistro, def in place",
    "Bistro, `async def`": "bistro",
    "Bistro, all default plugins": "bistro, default plugins",
}


def read_rows(text: str, head: str) -> dict[str, list[str]]:
    """The first columns of the table whose head begins so, by the name of the row, without brackets."""
    lines = text[text.index(head) :].split("\n\n")[0].splitlines()[2:]
    cells = ([cell.strip() for cell in line.strip("|").split("|")] for line in lines)
    return {name: [value.partition(" ")[0] for value in values[: len(CASES)]] for name, *values in cells}


def test_what_is_said_of_others_stands_in_the_results(root: Path) -> None:
    page = (root / "docs" / "explanation" / "performance.md").read_text(encoding="utf-8")
    results = (root / "benchmarks" / "RESULTS.md").read_text(encoding="utf-8")
    measured = read_rows(
        results[results.index("### Server CPU, µs per request") :], f"| | {' | '.join(CASES)} |"
    )

    told = read_rows(page, "| CPU, µs per request |")

    assert len(told) > len(RESULT_OF)
    assert told == {name: measured[RESULT_OF.get(name, name.lower())] for name in told}
