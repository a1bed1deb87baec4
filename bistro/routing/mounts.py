"""Other applications under a prefix: what is recorded of them, and how their kind is told."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any, Final, Literal, TypeAlias  # Any: ASGI and WSGI applications are open callables

from msgspec import Struct

from bistro.ground.registry import Origin
from bistro.routing.converters import NoMatch, PathConverter
from bistro.routing.errors import PatternError, RouteError
from bistro.routing.options import RouteOptions, WebSocketRouteOptions
from bistro.routing.records import RouteRecord, make_record, make_websocket_record

Interface: TypeAlias = Literal["asgi", "wsgi"]
SHARED_WITH_SOCKETS: Final = (
    RouteOptions.__annotations__.keys() & WebSocketRouteOptions.__annotations__.keys() - {"timeout_seconds"}
)
METHODS: Final = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")


class MountConverter(PathConverter, frozen=True):
    """All that is left of the path, also nothing: what it means is the mounted application's business."""

    name: str = "mounted"
    rank: int = 60

    def find_rest(self, segments: list[str], start: int) -> str | NoMatch:
        """The value of `segments[start:]`."""
        return "/".join(segments[start:])

    def format(self, value: object) -> str:
        """`value` as it is; raise TypeError if it is no text."""
        if not isinstance(value, str):
            raise TypeError(f"{value!r} is not a str")
        return value


class DeclaredMount(Struct, frozen=True, eq=False):
    """The handler of a mount: the app layer hands requests on to `application`.

    `depth` is how many segments of the path lead to it. `state` is what its lifespan left for its
    requests, one for each call of `mount`.
    """

    application: Callable[..., Any]
    interface: Interface
    depth: int = 0
    state: dict[str, Any] = {}

    def __call__(self) -> None:
        """Nothing; it makes a mount a handler like any other."""

    def __str__(self) -> str:
        """E.g. `flask.app.Flask (WSGI)`."""
        application = self.application
        kind = application if hasattr(application, "__qualname__") else type(application)
        return f"{kind.__module__}.{kind.__qualname__} ({self.interface.upper()})"


def make_mount(
    at: str,
    application: Callable[..., Any],
    interface: Interface | None,
    origin: Origin,
    options: RouteOptions,
) -> RouteRecord:
    """The record of `application` under `at`; raise PatternError or RouteError if it can't be one."""
    if not at.startswith("/"):
        fix = f'Write mount("/{at}", ...), or mount("/", ...) for everything that no route answers.'
        raise PatternError(f"the prefix {at!r} doesn't begin with a slash", where=(origin,), fix=fix)
    prefix = at.rstrip("/")
    handler = DeclaredMount(application, interface or find_interface(application, origin))
    options = {"name": f"mount {prefix or '/'}", **options}
    return make_record(METHODS, f"{prefix}/{{path:{MOUNTED.name}}}", handler, options, origin)


def find_socket_mount(mount: RouteRecord) -> RouteRecord | None:
    """The record for the WebSockets of a mounted application; None where its interface knows none."""
    if not isinstance(mount.handler, DeclaredMount) or mount.handler.interface != "asgi":
        return None
    # What bodies and statuses may be does not concern them, and what time a request may take neither.
    shared: WebSocketRouteOptions = {}
    for name in SHARED_WITH_SOCKETS & mount.options.keys():
        shared[name] = mount.options[name]  # type: ignore[literal-required]  # of one type in both
    return make_websocket_record(mount.path, mount.handler, shared, mount.origin)


def find_interface(application: Callable[..., Any], origin: Origin) -> Interface:
    """Whether `application` is called as ASGI 3 or WSGI asks; raise RouteError where that can't be seen."""
    call = application if inspect.isroutine(application) else getattr(application, "__call__", None)  # noqa: B004
    if inspect.iscoroutinefunction(call):
        return "asgi"
    try:
        parameters = inspect.signature(application).parameters.values()
    except (TypeError, ValueError):
        parameters = ()  # type: ignore[assignment]  # nothing to count
    taken = [each for each in parameters if each.kind in (each.POSITIONAL_ONLY, each.POSITIONAL_OR_KEYWORD)]
    if len(taken) == 2:
        return "wsgi"
    if len(taken) == 3:
        return "asgi"
    fix = 'Say which it is: mount(..., interface="asgi") or interface="wsgi".'
    raise RouteError(
        f"{application!r:.80} shows neither as ASGI nor as WSGI application", where=(origin,), fix=fix
    )


MOUNTED: Final = MountConverter()
