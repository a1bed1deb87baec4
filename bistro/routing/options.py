"""What can be said about a route beside its methods and path; one list for every decorator."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypedDict

from bistro.routing.predicates import Predicate


# Any in hooks and extra: the app layer looks at a hook's signature, plugins know their own keys.
class RouteOptions(TypedDict, total=False):
    """Keyword options of `route`, `get`, `post` …; routing reads the first four, the app the others."""

    name: str
    """Stands for the handler's own name in `url()`; prefixed by the names of the groups around it."""
    host: str
    """The host that it answers, e.g. `api.example.com` or `{tenant}.example.com`."""
    when: Sequence[Predicate]
    """Predicates that must all be true."""
    override: bool
    """Take the place of a route that answers the same requests, e.g. one of a plugin."""

    blocking: bool
    """Whether a `def` handler may block, and so runs in a thread (the default)."""
    timeout_seconds: float | None
    body_size_max: int
    """In bytes."""
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


class HookOptions(TypedDict, total=False):
    """Keyword options of `before`, `after` and `around`."""

    only_if_used: type
    """Leave the hook out where the route asks for no value of this type."""
