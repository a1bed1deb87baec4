"""Functions that take one parameter's value from the request; made at freeze, called per request.

Each raises `ValidationFailed` whose problems say place and name. Where a handler has several
such parameters, `read_all` asks every one, so that the client hears of all problems at once.
"""

from __future__ import annotations

import inspect
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from datetime import UTC, tzinfo
from typing import Any, TypeAlias  # Any: readers give values of whatever type the parameter has.

from msgspec.structs import replace

from bistro.app.types import is_list, is_struct
from bistro.forms import FormRefused, FormView, Widgets
from bistro.forms.checks import check_value, check_value_now
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


def checked_body_reader(kind: Any, default: Any) -> Callable[[Exchange, bytes], Any]:
    """Read a JSON body, and run the checks of its type."""
    read_body = body_reader(kind, default)

    def read_checked(exchange: Exchange, body: bytes) -> Any:
        value = read_body(exchange, body)
        if problems := check_value_now(value):
            raise ValidationFailed(problems).with_place("body")
        return value

    return read_checked


def waiting_body_reader(kind: Any, default: Any) -> Callable[[Exchange, bytes], Awaitable[Any]]:
    """The same where some check has to be awaited."""
    read_body = body_reader(kind, default)

    async def read_checked(exchange: Exchange, body: bytes) -> Any:
        value = read_body(exchange, body)
        if problems := await check_value(value):
            raise ValidationFailed(problems).with_place("body")
        return value

    return read_checked


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


def view_maker(kind: Any) -> Callable[..., FormView[Any]]:
    """Make the view of a form: as it was refused, where its page is shown again, else as it begins."""

    def make_view(request: Request, zone: tzinfo = UTC, widgets: Widgets | None = None) -> FormView[Any]:
        view: FormView[Any] = FormView(kind, zone=zone, widgets=widgets)
        refused = getattr(request.exchange, "refused_form", None)
        if isinstance(refused, FormRefused) and refused.kind == kind:
            view.take_refused(refused)
        return view

    return make_view


def waiting_view_maker(kind: Any) -> Callable[..., Awaitable[FormView[Any]]]:
    """The same for a form whose choices have to be looked up."""
    make = view_maker(kind)

    async def make_view(
        request: Request, zone: tzinfo = UTC, widgets: Widgets | None = None
    ) -> FormView[Any]:
        view = make(request, zone, widgets)
        await view.prepare()
        return view

    return make_view


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
        values, gathered = [], _Gathered()
        for reader, positions in readers:
            try:
                values.append(reader(*(arguments[position] for position in positions)))
            except ValidationFailed as failed:
                gathered.add(failed, len(positions))
        gathered.raise_all()
        return values

    return read


def read_all_waiting(
    readers: Sequence[tuple[Callable[..., Any], Sequence[int]]],
) -> Callable[..., Awaitable[list[Any]]]:
    """The same where some of the readers have to be awaited."""

    async def read(*arguments: Any) -> list[Any]:
        values, gathered = [], _Gathered()
        for reader, positions in readers:
            try:
                value = reader(*(arguments[position] for position in positions))
                values.append(await value if inspect.isawaitable(value) else value)
            except ValidationFailed as failed:
                gathered.add(failed, len(positions))
        gathered.raise_all()
        return values

    return read


class _Gathered:
    """The problems of several readers; a form that is refused stays one, so that it can be shown again."""

    def __init__(self) -> None:
        self._problems: list[Problem] = []
        self._refused: FormRefused | None = None
        self._has_failed = False

    def add(self, failed: ValidationFailed, argument_count: int) -> None:
        place = "body" if argument_count > 1 else ""
        self._has_failed = True
        self._problems += [each if each.place else replace(each, place=place) for each in failed.problems]
        if isinstance(failed, FormRefused):
            self._refused = failed

    def raise_all(self) -> None:
        if self._refused is not None:
            if not (self._refused.is_live or not self._refused.problems):
                self._refused.problems = self._problems
            raise self._refused
        if self._has_failed:
            raise ValidationFailed(self._problems)


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
