"""Functions that take one parameter's value from the request; made at freeze, called per request.

Each raises `ValidationFailed` whose problems say place and name. Where a handler has several
such parameters, `read_all` asks every one, so that the client hears of all problems at once.
"""

from __future__ import annotations

import inspect
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Any, TypeAlias  # Any: readers give values of whatever type the parameter has.

from msgspec.structs import replace

from bistro.app.types import is_list, is_struct
from bistro.forms import Form
from bistro.ground.problems import Problem
from bistro.ground.types import Exchange
from bistro.http import FormData, Request, UnsupportedMediaType
from bistro.http.content_coding import refuse_coded_body
from bistro.validation import (
    ValidationFailed,
    json_decoder,
    struct_converter,
    text_converter,
    values_converter,
)

Reader: TypeAlias = Callable[[Any], Any]
"""Takes the request, or the form."""
MISSING: Any = inspect.Parameter.empty


def text_reader(place: str, name: str, kind: Any, default: Any) -> Reader:
    """Read a query field, header, cookie or field of a form called `name` as a `kind`."""
    source = _SOURCES[place]
    if is_struct(kind):
        convert_struct = struct_converter(kind)
        return lambda request: _placed(convert_struct, source(request), place, "")
    if is_list(kind):
        convert_list = values_converter(kind)

        def read_list(request: Request) -> Any:
            texts = _get_all(source(request), name)
            if not texts and default is not MISSING:
                return default
            return _placed(convert_list, texts, place, name)

        return read_list
    convert = text_converter(kind)

    def read(request: Request) -> Any:
        text = source(request).get(name)
        if text is None:
            return _or_missing(default, place, name)
        return _placed(convert, text, place, name)

    return read


def captured_converter(name: str, kind: Any) -> Callable[[str], Any]:
    """Convert what an untyped `{name}` took from the path to the parameter's type."""
    convert = text_converter(kind)
    return lambda text: _placed(convert, text, "path", name)


def body_reader(kind: Any, default: Any) -> Callable[[Exchange, bytes], Any]:
    """Read a JSON body that the client declares as JSON.

    A body of another type is refused (415): a browser can send `text/plain` to other sites without
    asking them first, so accepting it as JSON would let forms through (CVE-2021-32677).
    """
    decode = json_decoder(kind)

    def read_body(exchange: Exchange, body: bytes) -> Any:
        if not body and default is not MISSING:
            return default
        if exchange.find_header(b"content-type") != b"application/json":
            check_is_json(exchange)
        if exchange.find_header(b"content-encoding") is not None:
            refuse_coded_body(exchange)
        return decode(body)

    return read_body


def check_is_json(exchange: Exchange) -> None:
    """Raise `UnsupportedMediaType` unless the body is declared as JSON, or is not there at all."""
    header = exchange.find_header(b"content-type")
    if header is None and exchange.body == b"":
        return
    media_type = (header or b"").partition(b";")[0].strip().lower()
    if media_type != b"application/json" and not media_type.endswith(b"+json"):
        raise UnsupportedMediaType("Send JSON, with the header content-type: application/json.")


async def open_form(request: Request) -> AsyncIterator[FormData]:
    """The form of a request; its uploads are closed when the request is through with it."""
    data = await request.form()
    try:
        yield data
    finally:
        data.close()


def form_reader(kind: Any) -> Callable[[FormData], Form[Any]]:
    """Read the fields of a form as a `kind`."""
    convert = struct_converter(kind)
    return lambda data: Form(_placed(convert, data.fields, "form", ""), data)


def whole_form(data: FormData) -> FormData:
    """All fields and files of a form."""
    return data


def upload_reader(name: str, many: bool, default: Any) -> Callable[[FormData], Any]:
    """Read the uploaded file, or list of files, of the field `name`."""

    def read(data: FormData) -> Any:
        if many:
            return data.files.get_all(name)
        found = data.files.get(name)
        return _or_missing(default, "form", name) if found is None else found

    return read


def read_all(readers: Sequence[tuple[Callable[..., Any], Sequence[int]]]) -> Callable[..., list[Any]]:
    """Call every reader with the arguments at its positions; the problems of all are raised together."""

    def read(*arguments: Any) -> list[Any]:
        values, problems = [], []
        for reader, positions in readers:
            try:
                values.append(reader(*(arguments[position] for position in positions)))
            except ValidationFailed as failed:
                place = "body" if len(positions) > 1 else ""
                problems += [each if each.place else replace(each, place=place) for each in failed.problems]
        if problems:
            raise ValidationFailed(problems)
        return values

    return read


def _placed(convert: Callable[[Any], Any], raw: Any, place: str, name: str) -> Any:
    try:
        return convert(raw)
    except ValidationFailed as failed:
        raise failed.with_place(place, name) from None


def _or_missing(default: Any, place: str, name: str) -> Any:
    if default is MISSING:
        raise ValidationFailed([Problem(place, name, "is missing", "missing")])
    return default


def _get_all(source: Any, name: str) -> list[str]:
    if hasattr(source, "get_all"):
        found: list[str] = source.get_all(name)
        return found
    return [source[name]] if name in source else []


_SOURCES: dict[str, Callable[[Any], Any]] = {
    "form": lambda data: data.fields,
    "query": lambda request: request.query,
    "header": lambda request: request.headers,
    "cookie": lambda request: request.cookies,
}
