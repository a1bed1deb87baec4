"""The benchmark of the peers works: what it asks for, what it prints, and one short run of Bistro itself."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from benchmarks.peers.__main__ import run
from benchmarks.peers.cases import ALL_CASES, CASES, write_files
from benchmarks.peers.measure import Sample
from benchmarks.peers.report import put_into_results, write_report
from benchmarks.peers.table import PEERS
from benchmarks.peers.world import make_worlds

PINNED = Path("benchmarks/peers")


def test_every_peer_lacks_only_what_there_is_and_is_held_to_one_that_there_is() -> None:
    for peer in PEERS.values():
        assert peer.lacks <= set(ALL_CASES), peer.name
        assert peer.wanted.keys() <= set(CASES), peer.name
        assert PEERS[peer.against].kind == "bistro", peer.name


def test_versions_are_pinned_without_an_address(root: Path) -> None:
    for path in (root / PINNED).glob("requirements*.txt"):
        lines = [line for line in path.read_text().splitlines() if line and not line.startswith("#")]
        assert lines
        assert all("==" in line for line in lines)
        assert "://" not in path.read_text()


def test_a_wrong_answer_is_told_from_a_right_one() -> None:
    assert CASES["json"].is_right(b'{ "message": "Hello, World!" }')
    assert not CASES["json"].is_right(b"<html>")
    assert CASES["1 KiB"].is_right(b"f" * 1024)
    assert not CASES["1 KiB"].is_right(b"f" * 1023)


def test_twenty_rows_have_to_be_twenty_different_ones() -> None:
    rows = [{"id": number, "randomnumber": 7} for number in range(1, 21)]
    assert CASES["queries"].is_right(json.dumps(rows).encode())
    assert not CASES["queries"].is_right(json.dumps(rows[:19]).encode())
    assert not CASES["queries"].is_right(json.dumps([*rows[:19], rows[0]]).encode())
    assert CASES["db"].is_right(b'{"id":1,"randomnumber":10000}')
    assert not CASES["db"].is_right(b'{"id":1,"randomnumber":"1"}')
    assert not CASES["db"].is_right(b"[1]")


def test_a_request_for_wrk_holds_every_byte_of_its_body() -> None:
    assert 'wrk.body = "\\123\\034' in CASES["items"].to_lua()


def test_the_section_tells_ratios_and_takes_the_place_of_the_last_one(tmp_path: Path) -> None:
    figures = {
        "bistro": {"json": [Sample(10.0, 100_000, 0.5, 1.0), Sample(12.0, 90_000, 0.5, 1.0)]},
        "flask on granian": {"json": [Sample(110.0, 9_000, 6.0, 12.0)]},
    }
    section = write_report(figures, {"bistro": [200.0]}, {"bistro": 30.0}, "Two rounds.")
    results = tmp_path / "RESULTS.md"
    results.write_text("# Results\n\nBefore.\n")
    put_into_results("old", results)
    results.write_text(results.read_text() + "\n## Behind\n")
    put_into_results(section, results)

    text = results.read_text()
    assert "| bistro | 11.0 |" in text
    assert "| flask on granian | 110.0 (10.0 ×) |" in text
    assert "| flask on granian | bistro | json | 10.00 × | ≥ 9 × | met |" in text
    assert "old" not in text
    assert text.startswith("# Results\n\nBefore.\n")
    assert text.endswith("\n## Behind\n")


@pytest.mark.slow
@pytest.mark.skipif(
    shutil.which("wrk") is None or shutil.which("taskset") is None, reason="needs wrk, taskset"
)
def test_a_short_run_measures_bistro_and_the_limit(tmp_path: Path) -> None:
    write_files(tmp_path / "files")
    chosen = [PEERS["bistro"], PEERS["raw protocol"]]
    cases = ["json", "items", "upload", "1 KiB", "websocket", "idle"]
    section = run(chosen, cases, rounds=1, seconds=1, folder=tmp_path)

    row = next(line for line in section.splitlines() if line.startswith("| bistro |"))
    cells = [cell.strip() for cell in row.split("|")[2:-1]]
    assert len(cells) == len(cases)
    assert all(cells)  # each was answered rightly, and measured


@pytest.mark.slow
@pytest.mark.skipif(
    shutil.which("wrk") is None or shutil.which("taskset") is None, reason="needs wrk, taskset"
)
def test_a_short_run_measures_a_database_as_well(tmp_path: Path) -> None:
    with make_worlds(tmp_path) as databases:
        section = run([PEERS["bistro, SQLite"]], ["json", "db", "updates"], 1, 1, tmp_path, databases)

    rows = [line.split("|")[2:-1] for line in section.splitlines() if line.startswith("| bistro, SQLite |")]
    assert [[bool(cell.strip()) for cell in row] for row in rows if len(row) == 3] == [
        [True, False, True]
    ] * 2
