"""Injection: what each parameter of a handler, hook or provider asks for, decided once at freeze."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from operator import itemgetter

# Any: type hints, defaults and what hints stand for are objects of every kind.
from typing import Annotated, Any, NamedTuple, get_args, get_origin

from msgspec.structs import replace

from bistro.app import readers
from bistro.app.background import Background
from bistro.app.errors import InjectionError, WebSocketRouteError
from bistro.app.hooks import Function, Provider
from bistro.app.markers import From, Proceed
from bistro.app.signatures import inner_function, is_async, is_generator, signature_of
from bistro.app.steps import Call, Value
from bistro.app.types import (
    is_list,
    is_scalar,
    is_struct,
    item_type,
    name_of_type,
    strip_annotated,
    strip_optional,
)
from bistro.app.unprovided import Role, is_plugin, nobody_provides
from bistro.forms import Form, FormView, Widgets
from bistro.forms.checks import find_checked, must_wait_for
from bistro.forms.reading import form_reader
from bistro.forms.receive import FormTaker
from bistro.ground.errors import SetupError
from bistro.ground.registry import Origin
from bistro.ground.types import Exchange
from bistro.http import FormData, Request, Response, Upload, WebSocket
from bistro.validation import UnsupportedType

EXCHANGE = Value("exchange", label="the exchange")
REQUEST = Value("request", label="the request")
RESPONSE = Value("response", label="the response so far")
PROCEED = Value("proceed", label="everything inside")
BACKGROUND = Value("background", label="work for after the answer")
BODY = Value("body", label="the body")
FORM = Value(
    function=readers.open_form, arguments=(REQUEST,), is_async=True, is_generator=True, label="the form"
)


class Input(NamedTuple):
    """A value that the client sent: what reads it, and from what."""

    function: Function
    arguments: tuple[Value, ...]
    is_async: bool = False


class Binder:
    """Makes the values of one plan; each provided type is made once, however many ask for it."""

    def __init__(
        self,
        providers: Mapping[Any, Provider],
        path_parameters: Mapping[str, Any],
        socket: Value | None = None,
    ) -> None:
        """`path_parameters`: names in captured order, each with the type that its converter gives.

        `socket`: what a parameter of type `WebSocket` gets, where the route is one for them.
        """
        self._providers = providers
        self._socket = socket
        self._path = dict(path_parameters)
        self._made: dict[Any, Value] = {}
        self._making: list[Any] = []
        self._has_upload = False
        self.form_kinds: list[Any] = []
        """The types of the forms that the handler takes."""

    @property
    def used(self) -> frozenset[Any]:
        """The provided types that something in the plan asks for."""
        return frozenset(self._made)

    def bind(self, function: Function, role: Role, origin: Origin, *, in_thread: bool = False) -> Call:
        """The call of `function` with a value for each of its parameters. Raises `InjectionError`."""
        inputs: dict[str, Input] = {}
        keywords: dict[str, Value] = {}
        parameters = signature_of(function, origin)
        has_upload = any(_is_upload(strip_annotated(hint)[0]) for _, hint, _ in parameters)
        for name, hint, default in parameters:
            self._has_upload = has_upload  # each time, since providers are bound in between
            try:
                found = self._find_value(name, hint, default, role, origin)
            except UnsupportedType as error:
                what = f"the parameter {name!r} of {origin.name} can't be read: {error.what}"
                raise InjectionError(what, where=(origin,), fix=error.fix) from error
            if isinstance(found, Value):
                keywords[name] = found
            elif isinstance(found, Input):
                inputs[name] = found
        keywords.update(_join_inputs(inputs))
        return Call(function, keywords, is_async(function), origin, in_thread)

    def bind_maker(self, function: Function, origin: Origin, label: str) -> Value:
        """The value that `function` makes of values of its own. Raises `InjectionError`."""
        call = self.bind(function, "provider", origin)
        return Value(
            function=function,
            keywords=call.keywords,
            is_async=call.is_async or inspect.isasyncgenfunction(inner_function(function)),
            is_generator=is_generator(function),
            label=label,
        )

    def find_made(self, kind: type | None) -> Value | None:
        """The value of a provided type, if something asks for it."""
        return self._made.get(kind)

    def _find_value(
        self, name: str, hint: Any, default: Any, role: Role, origin: Origin
    ) -> Value | Input | None:
        kind, notes = strip_annotated(hint)
        source = next((note for note in notes if isinstance(note, From)), None)
        if source is not None:
            marked: Value | Input = self._from_marker(source, name, hint, default, origin)
            return marked
        for note in notes:
            found = self._from_note(kind, note)
            if found is not None:
                return found
        for rule in (self._base_value, self._provided, self._from_path, self._from_form, self._plain):
            value = rule(name, kind if rule != self._plain else hint, default, role, origin)
            if value is not None:
                return value
        if default is not readers.MISSING:
            return None  # nobody provides it, and the function has a value of its own
        raise nobody_provides(name, hint, role, origin, self._providers)

    def _from_note(self, kind: Any, note: Any) -> Value | None:
        provider = self._providers.get(type(note))
        if provider is None or not provider.for_marks:
            return None
        made: Value | None = self._made.get((kind, note))
        if made is None:
            try:
                function = provider.function(kind, note, tuple(self._path))
            except SetupError as error:
                error.where = error.where or (provider.origin,)
                raise
            made = self.bind_maker(function, provider.origin, f"{name_of_type(kind)} marked {note}")
            self._made[kind, note] = made
        return made

    def _base_value(self, name: str, kind: Any, default: Any, role: Role, origin: Origin) -> Value | None:
        if kind is Request:
            return REQUEST
        if kind is Exchange:
            return EXCHANGE
        if kind is Background:
            return BACKGROUND
        if kind is WebSocket:
            return self._socket_for(name, origin)
        if kind is Response and role == "after":
            return RESPONSE
        if kind == Proceed and role == "around":
            return PROCEED
        return None

    def _socket_for(self, name: str, origin: Origin) -> Value:
        if self._socket is None:
            what = f"{origin.name} takes the WebSocket {name}, but answers ordinary requests"
            fix = 'Declare the route with @app.websocket("/path").'
            raise WebSocketRouteError(what, where=(origin,), fix=fix)
        return self._socket

    def _provided(self, name: str, kind: Any, default: Any, role: Role, origin: Origin) -> Value | None:
        kind = kind if kind in self._providers else strip_optional(kind)
        provider = self._find_provider(kind) if _is_hashable(kind) else None
        if provider is None:
            return None
        if kind in self._made:
            made: Value = self._made[kind]
            return made
        if kind in self._making:
            chain = " -> ".join(name_of_type(each) for each in (*self._making, kind))
            raise InjectionError(f"providers that need each other: {chain}", where=(provider.origin,))
        self._making.append(kind)
        label = f"{name_of_type(kind)} ({provider.origin.by or provider.origin.name})"
        value = self._made[kind] = self.bind_maker(provider.function, provider.origin, label)
        self._making.pop()
        return value

    def _find_provider(self, kind: Any) -> Provider | None:
        own = self._providers.get(kind)
        if own is not None and not (own.for_subclasses or own.for_marks):
            return own
        for base in kind.__mro__[1:] if isinstance(kind, type) else ():
            shared = self._providers.get(base)
            if shared is not None and shared.for_subclasses:
                return replace(shared, type=kind, function=shared.function(kind), for_subclasses=False)
        return None

    def _from_path(self, name: str, kind: Any, default: Any, role: Role, origin: Origin) -> Value | None:
        if name not in self._path:
            return None
        captured = Value("captured", index=list(self._path).index(name), label=f"{{{name}}}")
        given = self._path[name]
        wanted = strip_optional(kind)
        if given is wanted or wanted in (inspect.Parameter.empty, Any) or not is_scalar(wanted):
            return captured
        if given is not str:
            raise InjectionError(
                f"{origin.name} takes {name} as {name_of_type(kind)}, the path gives {name_of_type(given)}",
                where=(origin,),
                fix=f"Annotate it as {name}: {name_of_type(given)}, or change the converter in the path.",
            )
        convert = readers.captured_converter(name, kind)
        return Value(function=convert, arguments=(captured,), label=f"{{{name}}} as {name_of_type(kind)}")

    def _from_form(self, name: str, kind: Any, default: Any, role: Role, origin: Origin) -> Any:
        if kind is Form or kind is FormView:
            what = f"the parameter {name}: {kind.__name__} of {origin.name} doesn't say of what"
            fix = f"Give the class whose fields it has: {name}: {kind.__name__}[NewNote]."
            raise InjectionError(what, where=(origin,), fix=fix)
        if get_origin(kind) is Form:
            return self._taken_form(get_args(kind)[0], origin)
        if get_origin(kind) is FormView:
            return self._form_view(get_args(kind)[0], origin)
        if kind is FormData:
            return Input(readers.whole_form, (FORM,))
        if _is_upload(kind):
            return Input(readers.upload_reader(name, is_list(kind), default), (FORM,))
        return None

    def _taken_form(self, kind: Any, origin: Origin) -> Input:
        taker = FormTaker(kind)
        self.form_kinds.append(kind)
        arguments = [FORM, REQUEST]
        if zone := self._zone(taker.takes_zone, origin):
            arguments.append(zone)
        function = taker.take_waiting if taker.must_wait else taker.take
        return Input(function, tuple(arguments), taker.must_wait)

    def _zone(self, is_taken: bool, origin: Origin) -> Value | None:
        """The time zone of whoever fills in a form, where the form has use for it and the site knows it."""
        if not is_taken:
            return None
        from zoneinfo import ZoneInfo  # late: few forms ask for a time

        return self._provided("zone", ZoneInfo, None, "provider", origin)

    def _form_view(self, kind: Any, origin: Origin) -> Value:
        reader = form_reader(kind)
        widgets = self._provided("widgets", Widgets, None, "provider", origin)
        keywords = {"zone": self._zone(reader.takes_zone, origin), "widgets": widgets}
        make = readers.waiting_view_maker if reader.has_sources else readers.view_maker
        return Value(
            function=make(kind),
            arguments=(REQUEST,),
            keywords={name: value for name, value in keywords.items() if value is not None},
            is_async=reader.has_sources,
            label=f"the form {name_of_type(kind)}",
        )

    def _plain(self, name: str, hint: Any, default: Any, role: Role, origin: Origin) -> Any:
        if hint is inspect.Parameter.empty:
            return None
        if is_scalar(hint) or (is_list(hint) and is_scalar(item_type(hint))):
            if self._has_upload:  # whoever sends a file sends a form, and its fields with it
                return Input(readers.text_reader("form", name, hint, default), (FORM,))
            return Input(readers.text_reader("query", name, hint, default), (REQUEST,))
        kind = strip_optional(strip_annotated(hint)[0])
        is_body = is_struct(kind) or is_list(kind) or (get_origin(kind) or kind) is dict
        # A plugin is often a dataclass, and would be made of what a client sends.
        if role == "handler" and is_body and not is_plugin(kind) and not _is_never_sent(kind):
            return self._body(hint, default)
        return None

    def _body(self, hint: Any, default: Any) -> Input:
        if must_wait_for(hint):
            return Input(readers.waiting_body_reader(hint, default), (EXCHANGE, BODY), is_async=True)
        if find_checked(hint):
            return Input(readers.checked_body_reader(hint, default), (EXCHANGE, BODY))
        return Input(readers.body_reader(hint, default), (EXCHANGE, BODY))

    def _from_marker(self, source: From, name: str, hint: Any, default: Any, origin: Origin) -> Any:
        kind, notes = strip_annotated(hint)
        rest = tuple(note for note in notes if not isinstance(note, From))
        if rest:
            kind = Annotated[kind, *rest]
        if source.place == "body":
            return self._body(kind, default)
        if source.place == "path":
            value = self._from_path(source.name or name, kind, default, "handler", origin)
            if value is None:
                raise InjectionError(f"the path has no {{{source.name or name}}}", where=(origin,))
            return value
        wire_name = source.name or (name.replace("_", "-") if source.place == "header" else name)
        return Input(readers.text_reader(source.place, wire_name, kind, default), (REQUEST,))


def _is_never_sent(kind: Any) -> bool:
    # What a site keeps about a client must not come from the body where its plugin is missing.
    return isinstance(kind, type) and getattr(kind, "__never_sent__", False) is True


def takes_form_of_texts(function: Function, origin: Origin) -> bool:
    """Whether it takes a form, and nothing that could be a file of it."""
    kinds = [strip_optional(strip_annotated(hint)[0]) for _, hint, _ in signature_of(function, origin)]
    forms = [get_args(kind)[0] for kind in kinds if get_origin(kind) is Form]
    has_files = any(kind is FormData or _is_upload(kind) for kind in kinds)
    return bool(forms) and not has_files and not any(FormTaker(each).has_files for each in forms)


def _is_upload(kind: Any) -> bool:
    return strip_optional(kind) is Upload or (is_list(kind) and item_type(kind) is Upload)


def _is_hashable(kind: Any) -> bool:
    try:
        hash(kind)
    except TypeError:
        return False
    return True


def _join_inputs(inputs: dict[str, Input]) -> dict[str, Value]:
    """One value for each input; several are read together, so that all their problems are told."""
    if len(inputs) == 1:
        ((name, single),) = inputs.items()
        value = Value(
            function=single.function, arguments=single.arguments, is_async=single.is_async, label=name
        )
        return {name: value}
    needed = list(dict.fromkeys(value for each in inputs.values() for value in each.arguments))
    readings = [
        (each.function, [needed.index(value) for value in each.arguments]) for each in inputs.values()
    ]
    waits = any(each.is_async for each in inputs.values())
    read = readers.read_all_waiting(readings) if waits else readers.read_all(readings)
    together = Value(function=read, arguments=tuple(needed), is_async=waits, label=", ".join(inputs))
    return {
        name: Value(function=itemgetter(index), arguments=(together,), label=name)
        for index, name in enumerate(inputs)
    }
