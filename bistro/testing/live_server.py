"""The application behind a real socket, for browsers and other programs in a test."""

from __future__ import annotations

from types import TracebackType

from bistro.ground.environment import assume_testing
from bistro.ground.portal import Portal
from bistro.ground.types import Application
from bistro.serving import Server
from bistro.testing.stage import SharedApp, borrow_portal, give_back_portal


class LiveServer:
    """Serves `app` with Bistro's own server on a free port of 127.0.0.1, in a thread.

    As a test client does, it lets the process be a test unless the environment says what it is.

    >>> with LiveServer(app) as server:
    ...     browser.goto(server.url + "/notes")
    """

    def __init__(self, app: Application, *, host: str = "127.0.0.1", grace_seconds: float = 1.0) -> None:
        assume_testing()
        self._app = app
        self._host = host
        self._grace_seconds = grace_seconds
        self._portal: Portal | None = None
        self._server: Server | None = None

    @property
    def port(self) -> int:
        """The port; 0 while the server is not running."""
        return self._server.port if self._server is not None else 0

    @property
    def url(self) -> str:
        """`http://127.0.0.1:<port>`, without a slash at its end."""
        return f"http://{self._host}:{self.port}"

    def start(self) -> None:
        """Start the application and listen."""
        self._portal = borrow_portal(self._app)
        try:
            self._portal.run(self._start())
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """Finish what is being answered, for `grace_seconds` at most.

        Stops the application unless a client uses it.
        """
        portal, self._portal = self._portal, None
        if portal is not None:
            give_back_portal(self._app, self._stop())

    def __enter__(self) -> LiveServer:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    async def _start(self) -> None:
        server = Server(SharedApp(self._app), host=self._host, port=0)
        await server.start()
        self._server = server

    async def _stop(self) -> None:
        server, self._server = self._server, None
        if server is not None:
            await server.stop(grace_seconds=self._grace_seconds)
