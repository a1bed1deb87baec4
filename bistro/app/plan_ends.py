"""How a plan ends: with the answer that is sent, with a failure, with a client that went away."""

from __future__ import annotations

import time
from collections.abc import Coroutine

# Any: generators that are left to be closed are of every kind.
from typing import Any

from bistro.app import cleanup
from bistro.app.hooks import Observer
from bistro.app.plan_lines import Lines
from bistro.http import Request, Response


async def finish_later(
    waiting: Coroutine[Any, Any, BaseException | None] | None,
    deferred: list[Any],
    failure: BaseException | None,
    observers: tuple[Observer, ...],
    request: Request,
    response: Response,
    started: float,
) -> None:
    """Go on with a stream, and what waits for its end, that a sync plan has begun."""
    await cleanup.finish(waiting, deferred, failure)
    for observe in observers:
        observe(request, response.status, time.perf_counter() - started)


class Ends(Lines):
    """Writes what stands behind the layers."""

    def _write_failure(self) -> None:
        self._add("except Exception as error:")
        if self._has_generators:
            self._add("    failure = error")
        if not self._has_request:
            self._add("    " + self._request_line())
        if self._spec.has_background():
            self._add("    background.drop()")
        self._indented(self._write_late)
        wait = "await " if self._spec.fail_is_async else ""
        self._add(f"    response = {wait}fail(request, error, {self._late_expression()})")

    def _write_lost(self) -> None:
        if not self._is_async or not (self._spec.observers or self._has_generators):
            return
        self._add("except BaseException as error:  # the client went away")
        if self._has_generators:
            self._add("    await cleanup.close_deferred(deferred, error)")
        self._indented(self._write_observers, "499")
        self._add("    raise")

    def _write_sending(self) -> None:
        if self._is_direct and self._quick is not None:
            self.names["block"] = self._quick.block + self._spec.defaults.block
            self._add("if response is None:")
            head = "head" if self._spec.defaults.are_made else "block"
            self._add(f"    exchange.send({self._spec.status}, {head}, content)")
            self._indented(self._write_observers, str(self._spec.status))
            self._add("    return None")
        elif self._quick is not None:
            self.names["block"] = self._quick.block
        request = "request" if self._has_request else "None"
        self._add(f"waiting = send(exchange, response, defaults, {request})")
        if self._is_async:
            self._write_waiting()
        else:
            self._write_finishing_later()

    def _write_waiting(self) -> None:
        if self._has_generators:
            self._add("await cleanup.finish(waiting, deferred, failure)")
        else:
            self._add("if waiting is not None:")
            self._add("    await waiting")
        if self._spec.has_background():
            self._add("background.start(keeper)")
        self._write_observers("response.status")

    def _write_finishing_later(self) -> None:
        kept = "deferred, failure" if self._has_generators else "[], None"
        if not self._spec.observers:
            if self._has_generators:
                self._add("if waiting is not None or deferred:")
                self._add(f"    return cleanup.finish(waiting, {kept})")
            else:
                self._add("return waiting")
            return
        # No function in here: what it named would be kept in cells, for requests that never need it.
        self._add(f"if waiting is not None{' or deferred' * self._has_generators}:")
        self._add(f"    return finish_later(waiting, {kept}, observers, request, response, started)")
        self._write_observers("response.status")

    def _write_observers(self, status: str) -> None:
        for observer in self._spec.observers:
            self._add(f"{self._name('observe', observer)}(request, {status}, clock() - started)")

    def _write_late(self) -> None:
        """Make what templates ask for values: only where there may be a template to ask."""
        if self._late is None:
            return
        deferred = "deferred" if self._has_generators else "()"
        background = "background" if self._spec.has_background() else "None"
        kept = ", kept" if self._keeps else ""
        made = f"LateValues(late_plan, exchange, captured, request, {deferred}, {background}{kept})"
        self._add(f"late = late or {made}")

    def _late_expression(self) -> str:
        return "None" if self._late is None else "late"
