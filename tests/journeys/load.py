"""Clients that ask again and again while something happens to the server."""

from __future__ import annotations

import http.client
import threading
import time
from types import TracebackType

KEPT_COUNT, FRESH_COUNT = 4, 2


class Load:
    """Some clients that keep their connection, some that make a new one each time.

    `bad` has the time and the reason of each request without a right answer. A client of the first
    kind makes a new connection only when its own was announced to end, or broke.
    """

    def __init__(self, port: int, path: str = "/", *, wanted: tuple[int, ...] = (200,)) -> None:
        self.bodies: list[str] = []
        self.bad: list[tuple[float, str]] = []
        self._port = port
        self._path = path
        self._wanted = wanted
        self._is_over = threading.Event()
        self._clients = [
            threading.Thread(target=self._ask_on, args=(number < KEPT_COUNT,))
            for number in range(KEPT_COUNT + FRESH_COUNT)
        ]

    def wait_for_more(self, count: int = 100) -> None:
        """Wait until so many more requests have been answered."""
        wanted = len(self.bodies) + count
        deadline = time.monotonic() + 30
        while len(self.bodies) < wanted:
            assert time.monotonic() < deadline, f"only {len(self.bodies)} answers, and {self.bad[-3:]}"
            time.sleep(0.01)

    def _ask_on(self, is_kept: bool) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=10)
        while not self._is_over.is_set():
            try:
                connection.request("GET", self._path, headers={} if is_kept else {"connection": "close"})
                answer = connection.getresponse()
                body = answer.read().decode()
                if answer.status in self._wanted:
                    self.bodies.append(body)
                else:
                    self.bad.append((time.monotonic(), f"{answer.status}: {body}"))
            except (OSError, http.client.HTTPException) as error:
                self.bad.append((time.monotonic(), repr(error)))
                connection.close()
            time.sleep(0.001)  # the load is not what is tested: leave the processors to the server
        connection.close()

    def __enter__(self) -> Load:
        for client in self._clients:
            client.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._is_over.set()
        for client in self._clients:
            client.join()
