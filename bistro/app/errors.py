"""What stops an app from being built: wrong hooks, parameters that nobody provides, plugins."""

from __future__ import annotations

from collections.abc import Iterable

from bistro.ground.errors import BistroError, SetupError


class HookError(SetupError):
    """A hook of the wrong shape.

    If you see this: a before, after, around, on_error or observe function has parameters or a
    kind that its place in the request can't give it; the message says which.
    """

    code = "B301"


class InjectionError(SetupError):
    """A parameter that nobody can provide.

    If you see this: a handler, hook or provider asks for a type that no plugin provides and that
    is no value of the request. Install the plugin, or say where the value comes from.
    """

    code = "B302"


class PluginError(SetupError):
    """A plugin that can't be installed as it is.

    If you see this: it requires another plugin that is not among those given to `App`, two of the
    same kind were given, or `App` was given a class, or something else that has no `install`.
    """

    code = "B303"


class MountError(SetupError):
    """A mounted application that can't be used as it is.

    If you see this: it failed to start, it gave no answer to a request, or it is a WSGI application
    and the bridge to it is not installed.
    """

    code = "B307"


class SetupErrors(SetupError):
    """Everything that is wrong with an app, told at once; `errors` holds one for each fault."""

    code = "B305"

    def __init__(self, errors: Iterable[SetupError]) -> None:
        self.errors = tuple(errors)
        super().__init__(f"{len(self.errors)} things keep this app from starting")

    @property
    def exit_code(self) -> int:  # type: ignore[override]  # that of the worst among them
        """The greatest of theirs: 78 where one is about a setting."""
        return max(each.exit_code for each in self.errors)

    def __str__(self) -> str:
        return "\n\n".join([*map(str, self.errors), self.what])


class WebSocketRouteError(SetupError):
    """A route for WebSockets that can't be one.

    If you see this: the handler of a `websocket` route is not `async`, takes no `WebSocket` or asks
    for a body, an ordinary one asks for a `WebSocket`, or an allowed origin is no origin.
    """

    code = "B306"


class LateValueError(BistroError):
    """A template global that has to be awaited was asked for where nothing can be.

    If you see this: what makes the global is async, or needs something that is, and the template does
    not mention its name: a function that is given the whole context asked for it. Write the name in
    the template, or give the value from the handler.
    """

    code = "B655"
