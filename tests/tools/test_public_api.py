from __future__ import annotations

import json
from pathlib import Path

import pytest

from tools.imports import Module, read_package
from tools.public_api import list_public_names, main

FILES = {
    "bistro/__init__.py": (
        "from typing import TYPE_CHECKING\n"
        "if TYPE_CHECKING:\n    from bistro.http import Request\n"
        "HOMES = {'Request': 'bistro.http'}\n__all__ = [*HOMES]\n"
    ),
    "bistro/http/__init__.py": (
        "from bistro.http.request import LIMIT, Request, lost, read\n"
        "__all__ = ['LIMIT', 'Request', 'lost', 'read']\n"
    ),
    "bistro/http/request.py": 'LIMIT = 3\n\nclass Request:\n    """What was asked.\n\n    More."""\n\ndef read(): ...\n',
    "bistro/http/deep/__init__.py": "__all__ = ['inner']\n",
}


@pytest.fixture
def modules(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Module]:
    for name, text in FILES.items():
        file = tmp_path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    monkeypatch.chdir(tmp_path)
    return read_package(Path("bistro"))


def test_names_of_a_face_are_told_with_kind_place_and_first_line(modules: dict[str, Module]) -> None:
    found = {each.name: each for each in list_public_names(modules) if each.face == "bistro.http"}
    assert {name: (each.kind, each.line, each.summary) for name, each in found.items()} == {
        "LIMIT": ("value", 1, ""),
        "Request": ("class", 3, "What was asked."),
        "read": ("function", 8, ""),
        "lost": ("unknown", 1, ""),
    }


def test_lazy_front_door_is_followed_through_its_imports_for_type_checkers(
    modules: dict[str, Module],
) -> None:
    (request,) = [each for each in list_public_names(modules) if each.face == "bistro"]
    assert (request.kind, request.file) == ("class", "bistro/http/request.py")


def test_folders_inside_a_room_are_no_faces(modules: dict[str, Module]) -> None:
    assert "inner" not in {each.name for each in list_public_names(modules)}


def test_names_are_printed_below_their_face(
    modules: dict[str, Module], capsys: pytest.CaptureFixture[str]
) -> None:
    main([])
    faces = capsys.readouterr().out.split("\n\n")
    assert [face.split()[0] for face in faces] == ["bistro", "bistro.http"]
    assert "What was asked." in faces[1]


def test_json_is_for_machines(modules: dict[str, Module], capsys: pytest.CaptureFixture[str]) -> None:
    main(["--json"])
    assert len(json.loads(capsys.readouterr().out)) == 5
