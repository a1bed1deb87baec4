"""The app as other servers call it: by ASGI, by RSGI, by WSGI.

Each adapter is loaded and made when a server first asks for it: a process is served by one server, most
often by Bistro's own, and has no use for the others.
"""

from __future__ import annotations

from threading import Lock
from typing import TYPE_CHECKING

from bistro.app.mounting import AsgiApplication
from bistro.ground.types import Application

if TYPE_CHECKING:
    from bistro.serving.rsgi import RsgiAdapter
    from bistro.serving.wsgi import WsgiAdapter


class Faces:
    """The adapters of `app`, each made once, whichever of a server's threads asks first."""

    def __init__(self, app: Application) -> None:
        self._app = app
        self._lock = Lock()
        self._asgi: AsgiApplication | None = None
        self._rsgi: RsgiAdapter | None = None
        self._wsgi: WsgiAdapter | None = None

    @property
    def asgi(self) -> AsgiApplication:
        """The ASGI 3 callable: a coroutine function, without one more around it."""
        if self._asgi is None:
            from bistro.serving.asgi import AsgiAdapter

            with self._lock:
                self._asgi = self._asgi or AsgiAdapter(self._app).__call__
        return self._asgi

    @property
    def rsgi(self) -> RsgiAdapter:
        """The RSGI functions."""
        if self._rsgi is None:
            from bistro.serving.rsgi import RsgiAdapter

            with self._lock:
                self._rsgi = self._rsgi or RsgiAdapter(self._app)
        return self._rsgi

    @property
    def wsgi(self) -> WsgiAdapter:
        """The WSGI callable (PEP 3333)."""
        if self._wsgi is None:
            from bistro.serving.wsgi import WsgiAdapter

            with self._lock:
                self._wsgi = self._wsgi or WsgiAdapter(self._app)
        return self._wsgi
