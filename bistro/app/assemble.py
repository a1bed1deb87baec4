"""Make one plan for each route: its hooks in order, its values, its errors."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache

# Any: handlers, their type hints and what JSON becomes are of any kind.
from typing import Any, get_type_hints

from msgspec import Struct
from msgspec.structs import replace

from bistro.app.answers import Answers
from bistro.app.background import BackgroundKeeper
from bistro.app.built_in import follow, time_limit, time_limit_of_thread
from bistro.app.errors import HookError, SetupErrors
from bistro.app.failures import FailureGate
from bistro.app.form_pages import find_form_page, sender_of
from bistro.app.guest_socket import hand_on_socket
from bistro.app.hooks import Hook, HookKind, Provider
from bistro.app.inject import REQUEST, Binder, takes_form_of_texts
from bistro.app.interpret import InterpretedPlan
from bistro.app.late import late_plan_of, layer_for_late
from bistro.app.mounting import hand_on
from bistro.app.options import AppOptions
from bistro.app.plan import Plan, write_plan
from bistro.app.quick import find_item_narrowing, find_narrowing
from bistro.app.reply import response_maker, send
from bistro.app.setup import Registered
from bistro.app.signatures import is_async, signature_of
from bistro.app.steps import Call, LatePlan, Layer, Send, Spec, values_of
from bistro.app.template_parts import TemplateName
from bistro.app.websocket import as_conversation, options_of, origin_hook, socket_value
from bistro.ground.errors import SetupError
from bistro.ground.registry import find_origin
from bistro.ground.types import UrlBuilder
from bistro.http import (
    DefaultHeaders,
    FormLimits,
    Request,
    RequestTools,
    Response,
)
from bistro.routing import DeclaredMount, DeclaredRedirect, HookRecord, Route
from bistro.validation import json_decoder


class PlanMaker(Struct):
    """Makes the plans of all routes of one app; collects every fault before it raises."""

    registered: Registered
    providers: Mapping[type, Provider]
    defaults: DefaultHeaders
    answers: Answers
    url_for: UrlBuilder
    options: AppOptions
    keeper: BackgroundKeeper
    new_id: Callable[[], str]
    app_hooks: Sequence[HookRecord]
    """The hooks on the app itself; they hold for the routes of plugins too."""
    globals: Mapping[str, TemplateName] = {}
    """The template globals that are made of injected values."""
    routes: Sequence[Route] = ()

    def make_all(self, routes: Sequence[Route]) -> list[Plan]:
        """One plan for each route, in order. Raises the `SetupError`s of all of them together."""
        self.routes = routes
        made: list[Plan] = []
        errors: dict[str, SetupError] = {}
        for route in routes:
            try:
                made.append(self.make(route))
            except SetupErrors as several:
                errors.update({str(error): error for error in several.errors})
            except SetupError as error:
                errors[str(error)] = error
        if errors:
            raise next(iter(errors.values())) if len(errors) == 1 else SetupErrors(errors.values())
        return made

    def make(self, route: Route) -> Plan:
        """The plan of one route."""
        spec = self.spec_of(route)
        return InterpretedPlan(spec) if self.options.plans == "interpreted" else write_plan(spec)

    def spec_of(self, route: Route) -> Spec:
        """What happens to a request of `route`."""
        options = route.options
        origin = route.origin if route.origin.name else find_origin(route.handler, route.origin.by)
        function, in_thread = self._handler_of(route)
        types = {name: converter.python_type for name, converter in route.parameters.items()}
        sockets = options_of(route, self.options.websockets) if route.is_websocket else None
        socket = None if sockets is None else socket_value(REQUEST, sockets, self.defaults, decode_json)
        binder = Binder(self.providers, types, socket)
        handler = binder.bind(function, "handler", origin, in_thread=in_thread)
        hooks = self._hooks_of(route, () if sockets is None else (origin_hook(route, sockets),))
        flat = [hook for hook in hooks if hook.kind != "on_error"]
        # First those that always stand, since they may ask for what the others wait for.
        layers = {id(hook): self._layer(hook, binder) for hook in flat if hook.only_if_used is None}
        layers |= {id(hook): self._layer(hook, binder) for hook in flat if hook.only_if_used in binder.used}
        tools = self._tools_for(route)
        late = self._late_of(binder, flat, layers, tools)
        ordered = [layers[id(hook)] for hook in flat if id(hook) in layers]
        limit = self._time_limit_of(route, [layer.call for layer in ordered], handler)
        if limit is not None:
            ordered.append(self._layer(limit, binder))
        error_hooks = [prepare_error_hook(hook) for hook in reversed(hooks) if hook.kind == "on_error"]
        send_page = self._find_form_page(route, binder.form_kinds)
        waits = late is not None and bool(late.waiting)
        gate = FailureGate(error_hooks, self.answers, waits=waits, has_page=send_page is not None)
        status = options.get("status", 200)
        returns = _return_hint(function)
        if self.answers.covers(returns):
            returns = Response  # made by whoever answers this type, so nothing is to be encoded here
        narrow = find_narrowing(returns)
        spec = Spec(
            title=f"{route} -> {origin.name}",
            handler=handler,
            layers=tuple(ordered),
            fail=gate.answer,
            fail_is_async=gate.is_async,
            observers=tuple(function for function, _ in self.registered.observers),
            defaults=self.defaults,
            tools=tools,
            path_parameters=tuple(types),
            make_response=response_maker(status, narrow, find_item_narrowing(returns), origin),
            keeper=self.keeper,
            run_in_thread=self.options.threads.run,
            answers=self.answers,
            narrow=narrow,
            returns=returns,
            status=status,
            cancel_on_disconnect=options.get("cancel_on_disconnect", True),
            late=late,
            send=send_page or send,
        )
        return spec if socket is None else as_conversation(spec, socket)

    def _find_form_page(self, route: Route, kinds: Sequence[Any]) -> Send | None:
        """What sends answers of `route` where the page of its form can be shown again."""
        page = find_form_page(route, self.routes, kinds) if kinds else None
        # One request is one line in the log, whatever it takes to answer it.
        return None if page is None else sender_of(write_plan(replace(self.spec_of(page), observers=())))

    def _late_of(
        self, binder: Binder, hooks: Sequence[Hook], layers: dict[int, Layer], tools: RequestTools
    ) -> LatePlan | None:
        """What templates may ask for beside the plan; the hooks for such values are added to `layers`."""
        if not self.globals:
            return None
        known = binder.used
        values = {
            name: binder.bind_maker(each.function, each.origin, f"the template global {name}")
            for name, each in self.globals.items()
        }
        for hook in hooks:
            # A before or around hook comes too late for what is made behind the handler.
            kind = hook.only_if_used
            if hook.kind == "after" and kind in binder.used - known and id(hook) not in layers:
                layer = self._layer(hook, binder)
                value = binder.find_made(kind)
                assert value is not None
                layers[id(hook)] = layer_for_late(layer.call, value)
        return late_plan_of(values, tools.body_size_max)

    def _handler_of(self, route: Route) -> tuple[Callable[..., Any], bool]:
        """The function to call, and whether it may block and so runs in a thread."""
        handler = route.handler
        if isinstance(handler, DeclaredRedirect):
            return follow(handler, self.options.root_path), False
        if isinstance(handler, DeclaredMount) and route.is_websocket:
            return hand_on_socket(handler), False
        if isinstance(handler, DeclaredMount):
            return hand_on(handler, self.keeper, route.origin), False
        may_block = not is_async(handler) and not is_generator(handler)
        return handler, may_block and route.options.get("blocking", True)

    def _tools_for(self, route: Route) -> RequestTools:
        limits = route.options.get("form_limits") or FormLimits()
        tools = RequestTools(self.url_for, decode_json, limits, self.new_id)
        size_max = route.options.get("body_size_max")
        if size_max is not None:
            return replace(tools, body_size_max=size_max, upload_size_max=size_max)
        if not isinstance(route.handler, DeclaredRedirect | DeclaredMount) and takes_form_of_texts(
            route.handler, route.origin
        ):
            # The larger limit is for files; a page without any has no use for 20 MiB.
            return replace(tools, upload_size_max=tools.body_size_max)
        return tools

    def _hooks_of(self, route: Route, of_kind: Sequence[Hook]) -> list[Hook]:
        """Every hook around the route, the outermost first; `of_kind` are for all routes of its kind."""
        hooks = [*self.registered.hooks, *of_kind]
        if not route.options.get("without_app_hooks"):
            hooks += [_from_record(record) for record in self.app_hooks]
        for group in route.groups[1:]:
            hooks += [_from_record(record) for record in group.hooks]
        kinds: tuple[HookKind, ...] = ("before", "after", "around")
        for kind in kinds:
            functions = route.options.get(kind, ())
            if callable(functions):
                fix = f"Give a list of them, also of one: {kind}=[hook]."
                raise HookError(f"{kind}= of the route is a single hook", where=(route.origin,), fix=fix)
            for function in functions:
                hooks.append(Hook(kind, function, find_origin(function, route.origin.by)))
        return [hook for hook in hooks if hook.only_for is None or hook.only_for(route)]

    def _time_limit_of(self, route: Route, outside: Sequence[Call], handler: Call) -> Hook | None:
        """The innermost hook where the route's time is limited; `outside` are the calls around it."""
        seconds = route.options.get("timeout_seconds")
        if seconds is None:
            return None
        # A thread can't be stopped, and must not be left with what others close when the answer is sent.
        shared = {value for value in values_of(outside) if value.is_generator}
        if handler.in_thread and shared.isdisjoint(values_of([handler])):
            return Hook("around", time_limit_of_thread(seconds, self.keeper), route.origin)
        return Hook("around", time_limit(seconds), route.origin)

    def _layer(self, hook: Hook, binder: Binder) -> Layer:
        kind = hook.kind
        assert kind != "on_error"
        if kind == "around" and not is_async(hook.function):
            fix = "Write `async def`, take a parameter of type Proceed, and return what awaiting it gives."
            raise HookError(f"the around hook {hook.origin.name} is not async", where=(hook.origin,), fix=fix)
        if is_generator(hook.function):
            fix = "Use an around hook to do something before and after, or a provider to clean up."
            raise HookError(
                f"the {kind} hook {hook.origin.name} is a generator", where=(hook.origin,), fix=fix
            )
        call = binder.bind(hook.function, kind, hook.origin)
        if kind == "around" and not any(value.base == "proceed" for value in call.keywords.values()):
            fix = "Add a parameter of type Proceed and await it: `response = await proceed()`."
            raise HookError(
                f"the around hook {hook.origin.name} never goes on", where=(hook.origin,), fix=fix
            )
        return Layer(kind, call)


def _from_record(record: HookRecord) -> Hook:
    options = record.options
    return Hook(
        record.kind,
        record.function,
        record.origin,
        only_if_used=options.get("only_if_used"),
        only_for=options.get("only_for"),
        exception=options.get("exception"),
    )


def prepare_error_hook(hook: Hook) -> Hook:
    """The hook with the function that gives it error and request. Raises `HookError` for other parameters."""
    names: dict[str, bool] = {}
    for name, hint, default in signature_of(hook.function, hook.origin):
        if hint is Request:
            names[name] = True
        elif hint is inspect.Parameter.empty or (isinstance(hint, type) and issubclass(hint, BaseException)):
            names[name] = False
        elif default is inspect.Parameter.empty:
            raise HookError(
                f"the on_error hook {hook.origin.name} can't have the parameter {name}",
                where=(hook.origin,),
                fix="It may take the error and the request: (error: NotFound, request: Request).",
            )

    def give(request: Request, error: BaseException) -> dict[str, Any]:
        return {name: request if wants_request else error for name, wants_request in names.items()}

    return replace(hook, options={"give": give})


def is_generator(function: Callable[..., Any]) -> bool:
    """Whether calling it makes a generator."""
    return inspect.isgeneratorfunction(function) or inspect.isasyncgenfunction(function)


@lru_cache(maxsize=256)
def _decoder(kind: Any) -> Callable[[bytes], Any]:
    return json_decoder(kind)


def decode_json(body: bytes, kind: Any) -> Any:
    """`body` as JSON of type `kind`; decoders are kept, since types are few and written in code."""
    return _decoder(kind)(body)


def _return_hint(handler: Callable[..., Any]) -> Any:
    try:
        return get_type_hints(handler).get("return", inspect.Signature.empty)
    except (NameError, TypeError):
        return inspect.Signature.empty
