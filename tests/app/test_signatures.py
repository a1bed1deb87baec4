"""What functions take: read once while an app is planned, however many routes ask."""

from __future__ import annotations

import gc
import inspect
import weakref

from bistro import App
from bistro.http import Request
from bistro.testing import Client


class Counted:
    """A hook that counts how often somebody asks what it takes."""

    def __init__(self) -> None:
        self.count = 0

    @property
    def __signature__(self) -> inspect.Signature:
        self.count += 1
        return inspect.signature(Counted.__call__).replace(parameters=[])

    def __call__(self) -> None:
        """Let every request pass."""


def app_with(hook: Counted, routes: int) -> App:
    app = App()
    app.before(hook)
    for number in range(routes):
        app.get(f"/{number}")(lambda: "hello")
    return app


def count_of(routes: int) -> int:
    hook = Counted()
    assert Client(app_with(hook, routes)).get("/0").text == "hello"
    return hook.count


def test_signature_of_a_hook_is_read_as_often_for_many_routes_as_for_one() -> None:
    assert count_of(1) == count_of(20) > 0


def test_each_app_reads_signatures_for_itself() -> None:
    hook = Counted()
    app_with(hook, 1).freeze()
    before = hook.count
    app_with(hook, 1).freeze()
    assert hook.count == 2 * before


def test_functions_are_free_once_their_app_is() -> None:
    class Mark: ...

    def make() -> weakref.ref[Mark]:
        mark = Mark()
        app = App()

        @app.get("/")
        def show(request: Request) -> str:
            return f"{mark} {request}"

        app.freeze()
        return weakref.ref(mark)

    made = make()
    gc.collect()
    assert made() is None
