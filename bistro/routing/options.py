"""What can be said about a route beside its methods and path; one list for every decorator."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

# Any: hooks take what they ask for, and `extra` holds what plugins know.
from typing import Any, Final, TypedDict

from bistro.ground.text import did_you_mean
from bistro.ground.websocket import WhenBehind
from bistro.http import FormLimits
from bistro.routing.predicates import Predicate

FLAGS: Final = frozenset({"blocking", "cancel_on_disconnect", "atomic", "csrf"})
NUMBERS: Final[Mapping[str, Any]] = {
    "timeout_seconds": int | float,
    "body_size_max": int,
    "message_size_max": int,
    "ping_seconds": int | float,
    "pong_seconds": int | float,
    "send_queue_max": int,
    "status": int,
}


class GroupOptions(TypedDict, total=False):
    """What `Routes` and `App` take for all routes in them; an inner group, or a route, may say otherwise."""

    blocking: bool
    """Whether a `def` handler may block, and so runs in a thread (the default)."""
    timeout_seconds: float | None
    """A handler that takes longer is answered with 504; None for one that may take its time."""
    cancel_on_disconnect: bool
    """Whether a handler whose client has gone away is cancelled (the default)."""
    body_size_max: int
    """In bytes; instead of the limits for bodies and for uploads."""
    form_limits: FormLimits
    """What a form may hold."""
    atomic: bool
    """With a database: whether a request that may change something is one transaction (the default)."""
    public: bool
    """With accounts whose site is closed: whether visitors who are not logged in may come here."""
    csrf: bool
    """Whether requests that pages of other sites make are refused where they may change something (the
    default); False for what proves by other means who sent it, such as a signed webhook."""


def check_group_options(options: GroupOptions) -> GroupOptions:
    """`options` as they are. Raises TypeError, as every function does, for a wrong name or value."""
    known = sorted(GroupOptions.__annotations__)
    for name in options:
        if name not in known:
            near = did_you_mean(name, known)
            raise TypeError(f"there is no option {name}" + (f"; did you mean {near}?" if near else ""))
    wrong = find_wrong_value(options)
    if wrong:
        raise TypeError(wrong)
    return options


def find_wrong_value(options: Mapping[str, Any]) -> str:
    """What is wrong with the value of an option, so that requests would fail; empty where nothing is."""
    for name, value in options.items():
        if value is None:
            continue
        if name in FLAGS and not isinstance(value, bool):
            return f"{name}={value!r} is neither True nor False"
        if name in NUMBERS and (
            isinstance(value, bool) or not isinstance(value, NUMBERS[name]) or value <= 0
        ):
            return f"{name}={value!r} is no number over 0"
    return ""


# Any in hooks and extra: the app layer looks at a hook's signature, plugins know their own keys.
class RouteOptions(GroupOptions, total=False):
    """Keyword options of `route`, `get`, `post` …; routing reads the first four, the app the others."""

    name: str
    """Stands for the handler's own name in `url()`; prefixed by the names of the groups around it."""
    host: str
    """The host that it answers, e.g. `api.example.com` or `{tenant}.example.com`."""
    when: Sequence[Predicate]
    """Predicates that must all be true."""
    override: bool
    """Take the place of a route that answers the same requests, e.g. one of a plugin."""

    before: Sequence[Callable[..., Any]]
    after: Sequence[Callable[..., Any]]
    around: Sequence[Callable[..., Any]]
    without_app_hooks: bool
    """Leave the hooks on the app out, as a probe does that must answer whoever asks."""
    status: int
    """The status of an answer that doesn't say one itself."""
    tags: Sequence[str]
    summary: str
    description: str
    deprecated: bool
    include_in_schema: bool
    extra: Mapping[str, Any]
    """What plugins read, by keys of their own."""


# Any in hooks and extra: as above.
class WebSocketRouteOptions(TypedDict, total=False):
    """Keyword options of `websocket`; the last seven stand for those of `WebSocketOptions`."""

    name: str
    host: str
    when: Sequence[Predicate]
    override: bool
    public: bool
    timeout_seconds: float | None
    """Of the whole conversation; None, also where a group says otherwise."""
    cancel_on_disconnect: bool
    before: Sequence[Callable[..., Any]]
    after: Sequence[Callable[..., Any]]
    around: Sequence[Callable[..., Any]]
    without_app_hooks: bool
    tags: Sequence[str]
    summary: str
    description: str
    extra: Mapping[str, Any]
    message_size_max: int
    origins: Sequence[str]
    compress: bool
    ping_seconds: float | None
    pong_seconds: float
    send_queue_max: int
    when_behind: WhenBehind


class HookOptions(TypedDict, total=False):
    """Keyword options of `before`, `after` and `around`."""

    only_if_used: type
    """Leave the hook out where the route asks for no value of this type."""
    # Any: a `Route`, which is made of these options and so stands above them.
    only_for: Callable[[Any], bool]
    """Leave the hook out of each route of which this function, asked once at the start, says no."""
