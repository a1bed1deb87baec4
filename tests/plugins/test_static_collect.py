from __future__ import annotations

import gzip
import json
import os
from pathlib import Path
from typing import Any

import brotli
import pytest

from bistro.app import BaseApp, Setup
from bistro.ground import BistroError
from bistro.plugins.static import ManifestError, Static
from bistro.plugins.static.collect import Collected, collect, is_current, prepare
from bistro.plugins.static.manifest import MANIFEST_NAME, find_manifest
from bistro.plugins.static.site import StaticSite


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "static"
    for name, content in {
        "css/site.css": '@import "base.css"; a { background: url(../img/a.svg) }',
        "css/base.css": "b {}",
        "img/a.svg": "<svg>" + "a" * 2000 + "</svg>",
        "js/a.js": 'import "./b.js"; ' + "// a" * 200,
        "js/b.js": 'import "./a.js"; b',
        "noise.bin": "",
        ".hidden": "x",
    }.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    (folder / "noise.bin").write_bytes(os.urandom(5000))
    return folder


def site_of(folder: Path, *plugins: Any, **options: Any) -> StaticSite:
    static = Static(folder, **options)
    return static.site(BaseApp(static, *plugins).freeze().registered.static_folders)


def run(folder: Path, **options: Any) -> Collected:
    site = site_of(folder)
    return collect(site.sources, site.at, site.collected, **options)


def output(folder: Path) -> dict[str, bytes]:
    collected = folder.with_name("static-collected")
    return {
        path.relative_to(collected).as_posix(): path.read_bytes()
        for path in sorted(collected.rglob("*"))
        if path.is_file()
    }


def hashed(folder: Path, name: str) -> str:
    manifest = find_manifest(folder.with_name("static-collected"))
    assert manifest is not None
    return manifest.files[name].hashed


def test_every_file_is_there_under_a_name_with_a_hash(folder: Path) -> None:
    done = run(folder)
    assert done.files == 6
    assert output(folder)[hashed(folder, "noise.bin")] == (folder / "noise.bin").read_bytes()
    assert sorted(done.written) == sorted(
        hashed(folder, name)
        for name in ("css/site.css", "css/base.css", "img/a.svg", "js/a.js", "js/b.js", "noise.bin")
    )


def test_style_sheets_name_the_hashed_files(folder: Path) -> None:
    run(folder)
    text = output(folder)[hashed(folder, "css/site.css")].decode()
    assert f'@import "{Path(hashed(folder, "css/base.css")).name}"' in text
    assert f"url(../{hashed(folder, 'img/a.svg')})" in text


def test_modules_that_import_each_other_name_each_other(folder: Path) -> None:
    run(folder)
    files = output(folder)
    assert Path(hashed(folder, "js/b.js")).name.encode() in files[hashed(folder, "js/a.js")]
    assert Path(hashed(folder, "js/a.js")).name.encode() in files[hashed(folder, "js/b.js")]


@pytest.mark.parametrize(
    ("changed", "others"),
    [
        ("img/a.svg", {"css/site.css"}),
        ("js/b.js", {"js/a.js"}),
        ("css/site.css", set()),
        ("noise.bin", set()),
    ],
)
def test_a_change_renames_the_file_and_whatever_leads_to_it(
    folder: Path, changed: str, others: set[str]
) -> None:
    def names() -> dict[str, str]:
        site = site_of(folder)
        return {name: each.hashed for name, each in prepare(site.sources, site.at)[0].items()}

    before = names()
    (folder / changed).write_text("changed")
    after = names()
    assert {name for name in before if before[name] != after[name]} == {changed, *others}


def test_compressed_forms_are_there_only_where_they_are_smaller(folder: Path) -> None:
    run(folder)
    files = output(folder)
    picture = hashed(folder, "img/a.svg")
    plain = files[picture]
    assert gzip.decompress(files[picture + ".gz"]) == plain
    assert brotli.decompress(files[picture + ".br"]) == plain
    assert picture + ".zst" in files
    assert [
        name for name in files if name.startswith(("noise", "css/base")) and name[-3:] in (".gz", ".br")
    ] == []


def test_the_same_files_give_the_same_bytes_anywhere(folder: Path, tmp_path: Path) -> None:
    run(folder)
    first = output(folder)
    other = tmp_path / "elsewhere"
    other.mkdir()
    folder.rename(other / "static")
    os.utime(other / "static" / "css" / "base.css", (1, 1))
    run(other / "static")
    assert output(other / "static") == first


def test_second_run_writes_nothing(folder: Path) -> None:
    run(folder)
    before = {path: path.stat().st_mtime_ns for path in folder.with_name("static-collected").rglob("*")}
    done = run(folder)
    assert (done.written, done.is_new) == ([], False)
    after = {path: path.stat().st_mtime_ns for path in folder.with_name("static-collected").rglob("*")}
    assert after == before


def test_what_was_removed_by_hand_is_written_again(folder: Path) -> None:
    run(folder)
    gone = hashed(folder, "img/a.svg")
    (folder.with_name("static-collected") / f"{gone}.br").unlink()
    assert run(folder).written == [gone]


def test_files_of_earlier_runs_stay_until_they_are_to_be_removed(folder: Path) -> None:
    run(folder)
    old = hashed(folder, "img/a.svg")
    (folder / "img" / "a.svg").unlink()
    assert old in run(folder).stale
    assert old in output(folder)
    done = run(folder, prune=True)
    assert {old, f"{old}.br", f"{old}.gz", f"{old}.zst"} <= set(done.removed)
    assert old not in output(folder)


def test_only_files_that_collecting_has_written_are_ever_removed(folder: Path) -> None:
    run(folder)
    collected = folder.with_name("static-collected")
    for name in ("README", "notes.txt", "css/mine-abc.css", "photo-2024.jpg"):
        (collected / name).write_text("mine")
    (collected / ".bistro-left-over").write_text("from a run that was killed")
    assert run(folder, prune=True).removed == [".bistro-left-over"]
    assert (collected / "notes.txt").exists()


def test_a_reference_that_leads_nowhere_is_told_with_its_line_and_left(folder: Path) -> None:
    (folder / "css" / "base.css").write_text("a {}\nb { background: url(nowhere.png) }")
    (missing,) = run(folder).missing
    assert (missing.file, missing.line, missing.reference) == (
        str(folder / "css" / "base.css"), 2, "nowhere.png",
    )  # fmt: skip
    assert b"url(nowhere.png)" in output(folder)[hashed(folder, "css/base.css")]


def test_a_missing_source_map_is_nothing_to_tell(folder: Path) -> None:
    (folder / "js" / "b.js").write_text("b\n//# sourceMappingURL=b.js.map")
    assert run(folder).missing == []


def test_text_that_is_no_utf_8_is_left_as_it_is(folder: Path) -> None:
    (folder / "css" / "latin.css").write_bytes(b"/* \xe9 */ a { background: url(../img/a.svg) }")
    run(folder)
    assert b"url(../img/a.svg)" in output(folder)[hashed(folder, "css/latin.css")]


def test_ends_of_lines_stay(folder: Path) -> None:
    (folder / "css" / "dos.css").write_bytes(b"a { background: url(../img/a.svg) }\r\nb {}\r\n")
    run(folder)
    assert b"}\r\nb {}\r\n" in output(folder)[hashed(folder, "css/dos.css")]


def test_whether_it_is_current_is_known_without_writing(folder: Path) -> None:
    site = site_of(folder)
    assert not is_current(None, prepare(site.sources, site.at)[0])
    run(folder)
    site = site_of(folder)
    assert is_current(site.manifest, prepare(site.sources, site.at)[0])
    (folder / "new.txt").write_text("new")
    site = site_of(folder)
    assert not is_current(site.manifest, prepare(site.sources, site.at)[0])


def test_what_is_served_is_readable_for_everybody(folder: Path) -> None:
    run(folder)
    modes = {path.stat().st_mode & 0o777 for path in folder.with_name("static-collected").rglob("*.*")}
    assert modes <= {0o644, 0o755}


# --- a manifest that can't be trusted -------------------------------------------------------------------


@pytest.mark.parametrize("content", [b"", b"{}", b"\xff", b'{"files":{},"codings":[],"version":99}', b"[]"])
def test_a_broken_manifest_is_told(folder: Path, content: bytes) -> None:
    collected = folder.with_name("static-collected")
    collected.mkdir()
    (collected / MANIFEST_NAME).write_bytes(content)
    with pytest.raises(ManifestError, match=r"bistro-static\.json"):
        _ = site_of(folder).manifest


def test_a_collected_file_that_is_gone_keeps_the_site_from_starting(folder: Path) -> None:
    run(folder)
    (folder.with_name("static-collected") / hashed(folder, "noise.bin")).unlink()
    with pytest.raises(ManifestError, match=r"noise\.bin"):
        _ = site_of(folder).table


# --- folders of plugins -----------------------------------------------------------------------------------


class Widgets:
    """A plugin with static files of its own."""

    requires = ()

    def __init__(self, folder: Path, prefix: str = "", *, override: bool = False) -> None:
        self._options = (folder, prefix, override)

    def install(self, setup: Setup) -> None:
        folder, prefix, override = self._options
        setup.static(folder, prefix, override=override)


@pytest.fixture
def widgets(tmp_path: Path) -> Path:
    path = tmp_path / "widgets"
    (path / "css").mkdir(parents=True)
    (path / "css" / "site.css").write_text("widgets {}")
    return path


def test_files_of_plugins_stand_behind_their_prefix(folder: Path, widgets: Path) -> None:
    sources = site_of(folder, Widgets(widgets, "/widgets/")).sources
    assert sources["widgets/css/site.css"].path == widgets / "css" / "site.css"
    assert sources["css/site.css"].path == folder / "css" / "site.css"


def test_two_files_of_one_name_are_told_with_both_places(folder: Path, widgets: Path) -> None:
    with pytest.raises(BistroError) as caught:
        _ = site_of(folder, Widgets(widgets)).sources
    text = str(caught.value)
    assert "static file 'css/site.css'" in text
    assert str(widgets) in text
    assert str(folder) in text
    assert len(caught.value.where) == 2


def test_override_settles_which_of_them_is_served(folder: Path, widgets: Path) -> None:
    name = "css/site.css"
    assert site_of(folder, Widgets(widgets, override=True)).sources[name].folder == widgets
    assert site_of(folder, Widgets(widgets), override=True).sources[name].folder == folder


def test_links_that_lead_in_a_circle_end(folder: Path) -> None:
    (folder / "css" / "again").symlink_to(folder)
    (folder / "self").symlink_to(folder / "self")
    assert "css/site.css" in site_of(folder).sources


def test_manifest_is_json_that_others_can_read(folder: Path) -> None:
    run(folder)
    manifest = json.loads((folder.with_name("static-collected") / MANIFEST_NAME).read_text())
    assert manifest["files"]["css/base.css"]["hashed"] == hashed(folder, "css/base.css")
