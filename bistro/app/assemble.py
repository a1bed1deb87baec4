"""Make one plan for each route: its hooks in order, its values, its errors."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache

# Any: handlers, their type hints and what JSON becomes are of any kind.
from typing import Any, Literal, get_type_hints

from msgspec import Struct
from msgspec.structs import replace

from bistro.app.background import BackgroundKeeper
from bistro.app.built_in import follow, time_limit
from bistro.app.errors import HookError, SetupErrors
from bistro.app.failures import FailureGate
from bistro.app.hooks import Hook, HookKind, Provider
from bistro.app.inject import Binder, is_async, signature_of
from bistro.app.interpret import InterpretedPlan
from bistro.app.plan import Plan, write_plan
from bistro.app.quick import find_narrowing
from bistro.app.reply import response_maker
from bistro.app.setup import Registered
from bistro.app.steps import Layer, Spec
from bistro.app.threads import AppThreads
from bistro.ground.errors import SetupError
from bistro.ground.registry import find_origin
from bistro.ground.types import UrlBuilder
from bistro.http import DefaultHeaders, FormLimits, Request, RequestTools
from bistro.routing import DeclaredRedirect, HookRecord, Route
from bistro.validation import json_decoder

Plans = Literal["written", "interpreted"]


class PlanMaker(Struct):
    """Makes the plans of all routes of one app; collects every fault before it raises."""

    registered: Registered
    providers: Mapping[type, Provider]
    defaults: DefaultHeaders
    url_for: UrlBuilder
    plans: Plans
    keeper: BackgroundKeeper
    threads: AppThreads
    new_id: Callable[[], str]
    app_hooks: Sequence[HookRecord]
    """The hooks on the app itself; they hold for the routes of plugins too."""

    def make_all(self, routes: Sequence[Route]) -> list[Plan]:
        """One plan for each route, in order. Raises the `SetupError`s of all of them together."""
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
        return InterpretedPlan(spec) if self.plans == "interpreted" else write_plan(spec)

    def spec_of(self, route: Route) -> Spec:
        """What happens to a request of `route`."""
        options = route.options
        origin = route.origin if route.origin.name else find_origin(route.handler, route.origin.by)
        function, in_thread = _handler_of(route)
        types = {name: converter.python_type for name, converter in route.parameters.items()}
        binder = Binder(self.providers, types)
        handler = binder.bind(function, "handler", origin, in_thread=in_thread)
        hooks = self._hooks_of(route)
        flat = [hook for hook in hooks if hook.kind != "on_error"]
        # First those that always stand, since they may ask for what the others wait for.
        layers = {id(hook): self._layer(hook, binder) for hook in flat if hook.only_if_used is None}
        layers |= {id(hook): self._layer(hook, binder) for hook in flat if hook.only_if_used in binder.used}
        gate = FailureGate([prepare_error_hook(hook) for hook in reversed(hooks) if hook.kind == "on_error"])
        status = options.get("status", 200)
        returns = _return_hint(function)
        narrow = find_narrowing(returns)
        return Spec(
            title=f"{route} -> {origin.name}",
            handler=handler,
            layers=tuple(layers[id(hook)] for hook in flat if id(hook) in layers),
            fail=gate.answer,
            fail_is_async=gate.is_async,
            observers=tuple(function for function, _ in self.registered.observers),
            defaults=self.defaults,
            tools=self._tools_for(route),
            path_parameters=tuple(types),
            make_response=response_maker(status, narrow),
            keeper=self.keeper,
            run_in_thread=self.threads.run,
            narrow=narrow,
            returns=returns,
            status=status,
        )

    def _tools_for(self, route: Route) -> RequestTools:
        tools = RequestTools(self.url_for, decode_json, FormLimits(), self.new_id)
        size_max = route.options.get("body_size_max")
        if size_max is not None:
            return replace(tools, body_size_max=size_max, upload_size_max=size_max)
        return tools

    def _hooks_of(self, route: Route) -> list[Hook]:
        """Every hook around the route, the outermost first."""
        hooks = list(self.registered.hooks)
        if not route.options.get("without_app_hooks"):
            hooks += [_from_record(record) for record in self.app_hooks]
        for group in route.groups[1:]:
            hooks += [_from_record(record) for record in group.hooks]
        kinds: tuple[HookKind, ...] = ("before", "after", "around")
        for kind in kinds:
            for function in route.options.get(kind, ()):
                hooks.append(Hook(kind, function, find_origin(function, route.origin.by)))
        seconds = route.options.get("timeout_seconds")
        if seconds is not None:
            hooks.append(Hook("around", time_limit(seconds), route.origin))
        return hooks

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


def _handler_of(route: Route) -> tuple[Callable[..., Any], bool]:
    """The function to call, and whether it may block and so runs in a thread."""
    handler = route.handler
    if isinstance(handler, DeclaredRedirect):
        return follow(handler), False
    may_block = not is_async(handler) and not is_generator(handler)
    return handler, may_block and route.options.get("blocking", True)


def _from_record(record: HookRecord) -> Hook:
    options = record.options
    return Hook(
        record.kind, record.function, record.origin, options.get("only_if_used"), options.get("exception")
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
