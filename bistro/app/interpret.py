"""The specification of a plan: what happens to a request, one step after the other, as a plain loop.

`plan.py` writes the same as straight code. A property test holds the two to the same answers.
"""

from __future__ import annotations

import inspect
import time
from collections.abc import Awaitable, Callable
from typing import Any  # Any: values are of whatever types the parameters have.

from bistro.app import cleanup
from bistro.app.background import Background
from bistro.app.late import LateValues
from bistro.app.steps import Call, LatePlan, Spec, Value
from bistro.ground.types import Exchange
from bistro.http import Request, Response


class InterpretedPlan:
    """Answers an exchange by walking the layers of its spec."""

    def __init__(self, spec: Spec) -> None:
        self.spec = spec
        self.source = "\n".join(f"{layer.kind}: {layer.call.origin}" for layer in spec.layers)

    async def __call__(self, exchange: Exchange, captured: tuple[Any, ...]) -> None:
        """Answer `exchange`; `captured` are the values that the path gave."""
        spec = self.spec
        if not spec.cancel_on_disconnect:
            exchange.shield()
        started = time.perf_counter()
        request = Request(exchange, spec.tools, dict(zip(spec.path_parameters, captured, strict=False)))
        run = _Run(spec, exchange, captured, request)
        try:
            response = await run.layer(0)
        except Exception as error:  # noqa: BLE001 - the gate answers everything
            response = await run.fail(error)
        except BaseException as error:
            await cleanup.close_deferred(run.deferred, error)
            run.observe(499, started)
            raise
        waiting = spec.send(exchange, response, spec.defaults, request)
        await cleanup.finish(waiting, run.deferred, run.failure)
        run.background.start(spec.keeper)
        run.observe(response.status, started)


class _Run:
    """One request on its way through the layers."""

    def __init__(self, spec: Spec, exchange: Exchange, captured: tuple[Any, ...], request: Request) -> None:
        self._spec = spec
        self._exchange = exchange
        self._captured = captured
        self._request = request
        self._values: dict[Value, Any] = {}
        self.failure: BaseException | None = None
        self.background = Background()
        self.deferred: list[Any] = []  # Any: sync and async generators share no base
        self.late = None if spec.late is None else self._late_values(spec.late)

    def _late_values(self, plan: LatePlan) -> LateValues:
        return LateValues(plan, self._exchange, self._captured, self._request, self.deferred, self.background)

    async def layer(self, index: int) -> Response:
        """The answer of layer `index` and everything inside it."""
        if index == len(self._spec.layers):
            return await self._entered(self._spec.handler, lambda: self._handle(self._spec.handler))
        layer = self._spec.layers[index]
        call = layer.call
        if layer.kind == "before":
            return await self._entered(call, lambda: self._before(call, index))
        if layer.kind == "after":
            return await self._entered(call, lambda: self._after(call, index))
        return await self._entered(call, lambda: self._around(call, index))

    async def _handle(self, call: Call) -> Response:
        return await self._respond_first(await self._call(call))

    async def _before(self, call: Call, index: int) -> Response:
        result = await self._call(call)
        if result is not None:
            return await self._respond_first(result)
        return await self.layer(index + 1)

    async def _after(self, call: Call, index: int) -> Response:
        try:
            response = await self.layer(index + 1)
        except Exception as error:  # noqa: BLE001 - the hook sees every answer, also to an error
            response = await self.fail(error)
        changed = await self._call(call, response=response)
        return response if changed is None else await self._respond(changed)

    async def _around(self, call: Call, index: int) -> Response:
        async def proceed() -> Response:
            return await self.layer(index + 1)

        return await self._respond(await self._call(call, proceed=proceed))

    async def _entered(self, call: Call, inside: Callable[[], Awaitable[Response]]) -> Response:
        """Make the values that `call` needs, go `inside`, then clean up what was opened here."""
        opened: list[Any] = []  # sync and async generators share no base
        try:
            for value in call.keywords.values():
                await self._make(value, opened)
            response = await inside()
            while opened:
                generator = opened.pop()
                if self.failure is not None or not cleanup.defer(response, generator, self.deferred):
                    await _leave(generator, self.failure)
        except BaseException as error:
            await _unwind(opened, error)
            raise
        return response

    async def _make(self, value: Value, opened: list[Any]) -> None:
        if value in self._values or value.base in ("response", "proceed"):
            return
        for needed in value.needs():
            await self._make(needed, opened)
        if value.base is not None:
            self._values[value] = await self._base(value)
            return
        assert value.function is not None
        made = value.function(
            *(self._values[each] for each in value.arguments),
            **{name: self._values[each] for name, each in value.keywords.items()},
        )
        if value.is_generator:
            generator = made
            made = await anext(generator) if value.is_async else next(generator)
            opened.append(generator)
        elif value.is_async:
            made = await made
        self._values[value] = made
        if self.late is not None:
            self.late.made[value] = made

    async def _base(self, value: Value) -> Any:
        if value.base == "exchange":
            return self._exchange
        if value.base == "request":
            return self._request
        if value.base == "background":
            return self.background
        if value.base == "late":
            return self.late
        if value.base == "captured":
            return self._captured[value.index]
        return await self._exchange.read_body(self._spec.tools.body_size_max)

    async def _call(self, call: Call, **bases: Any) -> Any:
        keywords = {
            name: bases[value.base] if value.base in bases else self._values[value]
            for name, value in call.keywords.items()
        }
        if call.in_thread:
            return await self._spec.run_in_thread(call.function, **keywords)
        result = call.function(**keywords)
        return await result if call.is_async else result

    async def _respond_first(self, result: Any) -> Response:
        """The response of a result that no hook has seen, and that the site may have kept."""
        response = await self._respond(result)
        return response if response is not result else response.for_this_answer()

    async def _respond(self, result: Any) -> Response:
        answer = self._spec.answers[type(result)]
        if answer is not None:
            result = answer(result, self._request, self.late)
            if inspect.iscoroutine(result):
                result = await result
        return self._spec.make_response(result)

    async def fail(self, error: BaseException) -> Response:
        """The answer to `error`; what was opened for this request will hear of it."""
        self.failure = error
        self.background.drop()
        answer = self._spec.fail(self._request, error, self.late)
        response: Response = await answer if inspect.isawaitable(answer) else answer
        return response

    def observe(self, status: int, started: float) -> None:
        """Tell the observers how it ended."""
        seconds = time.perf_counter() - started
        for observer in self._spec.observers:
            observer(self._request, status, seconds)


async def _leave(generator: Any, failure: BaseException | None) -> None:
    if inspect.isasyncgen(generator):
        await cleanup.leave_async(generator, failure)
    else:
        cleanup.leave(generator, failure)


async def _unwind(opened: list[Any], error: BaseException) -> None:
    """Clean up with `error`; what a clean-up raises instead goes on to the next, and out."""
    first = error
    for generator in reversed(opened):
        try:
            await _leave(generator, error)
        except BaseException as second:  # noqa: BLE001 - it takes the place of the first
            error = second
    if error is not first:
        raise error
