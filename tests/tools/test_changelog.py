from __future__ import annotations

from pathlib import Path

import pytest

from tools.changelog import MARK, add_release, main, read_fragments

ROOT = Path(__file__).resolve().parent.parent.parent


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "changes").mkdir()
    (tmp_path / "changes" / "README.md").write_text("how to\n")
    (tmp_path / "CHANGELOG.md").write_text(f"# Changelog\n\n{MARK}\n## 0.1.0 (2026-01-01)\n")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_fragments_become_a_version_above_the_older_ones(folder: Path) -> None:
    (folder / "changes" / "b.fixed.md").write_text("B works.\n")
    (folder / "changes" / "a.added.md").write_text("A is new,\nand good.\n")

    assert main(["0.2.0", "2026-02-02"]) == 0

    assert (folder / "CHANGELOG.md").read_text() == (
        f"# Changelog\n\n{MARK}\n## 0.2.0 (2026-02-02)\n\n### Added\n\n- A is new, and good.\n"
        "\n### Fixed\n\n- B works.\n\n## 0.1.0 (2026-01-01)\n"
    )
    assert [file.name for file in (folder / "changes").iterdir()] == ["README.md"]


def test_fragment_of_an_unknown_kind_is_refused_and_nothing_moves(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "changes" / "a.misc.md").write_text("Various.\n")
    assert main(["0.2.0", "2026-02-02"]) == 1
    assert "changes/a.misc.md:1" in capsys.readouterr().out
    assert (folder / "changes" / "a.misc.md").exists()


def test_empty_fragment_is_refused(folder: Path) -> None:
    (folder / "changes" / "a.added.md").write_text("\n")
    assert main(["--check"]) == 1


def test_command_without_version_is_wrong_usage(folder: Path) -> None:
    assert main([]) == 2


def test_security_comes_first_for_the_one_who_upgrades(folder: Path) -> None:
    for kind in ("added", "security"):
        (folder / "changes" / f"a.{kind}.md").write_text("x\n")
    fragments, _ = read_fragments(folder / "changes")
    page = add_release(MARK, "1.0.0", "2027-01-01", fragments)
    assert page.index("### Security") < page.index("### Added")


def test_fragments_of_this_checkout_are_in_order() -> None:
    assert read_fragments(ROOT / "changes")[1] == []


def test_page_of_this_checkout_has_the_mark_for_releases() -> None:
    assert MARK in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
