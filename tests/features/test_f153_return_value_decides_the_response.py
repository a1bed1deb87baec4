"""F153: a handler returns text, a dict, a list, a dataclass or a model, and the right response is made."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypedDict

import attrs
import pytest
from msgspec import Struct
from pydantic import BaseModel

from bistro import App, Html, Response
from bistro.ground import Markup
from bistro.testing import Client, ClientResponse

JSON, TEXT, HTML = "application/json", "text/plain; charset=utf-8", "text/html; charset=utf-8"


@dataclass
class NoteClass:
    id: int
    title: str


class NoteStruct(Struct):
    id: int
    title: str


@attrs.define
class NoteAttrs:
    id: int
    title: str


class NoteModel(BaseModel):
    id: int
    title: str


class NoteDict(TypedDict):
    id: int
    title: str


NOTE = '{"id":1,"title":"é"}'
RESULTS: list[tuple[Any, int, str | None, str]] = [
    ("é", 200, TEXT, "é"),
    ({"id": 1, "title": "é"}, 200, JSON, NOTE),
    ([1, "é", None, True], 200, JSON, '[1,"é",null,true]'),
    ((1, 2), 200, JSON, "[1,2]"),
    (NoteClass(1, "é"), 200, JSON, NOTE),
    (NoteStruct(1, "é"), 200, JSON, NOTE),
    (NoteAttrs(1, "é"), 200, JSON, NOTE),
    (NoteModel(id=1, title="é"), 200, JSON, NOTE),
    ([NoteClass(1, "é"), NoteModel(id=1, title="é")], 200, JSON, f"[{NOTE},{NOTE}]"),
    (42, 200, JSON, "42"),
    (None, 204, None, ""),
    (b"\x00\x01", 200, "application/octet-stream", "\x00\x01"),
    (Markup("<p>é</p>"), 200, HTML, "<p>é</p>"),
    (Html("<p>é</p>", status=201), 201, HTML, "<p>é</p>"),
    (Response("as it is", status=202, content_type="text/x-own"), 202, "text/x-own", "as it is"),
]


def ask(handler: Callable[..., Any], **options: Any) -> ClientResponse:
    app = App()
    app.get("/", **options)(handler)
    with Client(app) as client:
        return client.get("/")


@pytest.mark.parametrize(("result", "status", "content_type", "text"), RESULTS, ids=repr)
@pytest.mark.parametrize("is_declared", [False, True], ids=["not declared", "declared"])
def test_kind_of_the_result_gives_status_type_and_body(
    result: Any, status: int, content_type: str | None, text: str, is_declared: bool
) -> None:
    async def handle():
        return result

    handle.__annotations__ = {"return": type(result)} if is_declared else {}
    answer = ask(handle)

    assert (answer.status, answer.headers.get("content-type"), answer.text) == (status, content_type, text)


def test_typed_dict_and_list_of_models_are_json_as_declared() -> None:
    def one() -> NoteDict:
        return {"id": 1, "title": "é"}

    def several() -> list[NoteModel]:
        return [NoteModel(id=1, title="é")]

    assert (ask(one).text, ask(several).text) == (NOTE, f"[{NOTE}]")


def test_route_may_say_the_status_of_plain_results() -> None:
    def create() -> dict[str, int]:
        return {"id": 1}

    assert ask(create, status=201).status == 201
