"""F52: finding the route of a request costs as much among thousands of routes as among fifty."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from types import FrameType
from typing import Any

import pytest

from bistro import App
from bistro.ground import Exchange

KEY = "0190f1c2-7b1e-7c3d-8e4f-5a6b7c8d9e0f"
SHAPES = (
    "/section-{}",
    "/section-{}/items/{{id:int}}",
    "/section-{}/items/{{id:int}}/notes/{{key:uuid}}",
    "/section-{}/files/{{rest:path}}",
    "/{{language:slug}}/section-{}/{{title}}",
)
ASKED = (
    "/section-{}",
    "/section-{}/items/42",
    f"/section-{{}}/items/42/notes/{KEY}",
    "/section-{}/files/a/b/c.txt",
    "/de/section-{}/hello",
    "/section-{}/nothing/here",
)
Find = Callable[[str, str, Exchange], Any]


class Asked:
    """All that finding a route wants of a request here."""

    def find_header(self, name: bytes) -> bytes | None:
        return None


def make_find(sections: int) -> Find:
    app = App(defaults=False)
    for section in range(sections):
        for shape, pattern in enumerate(SHAPES):
            app.get(pattern.format(section), name=f"{shape}-{section}")(lambda: "")
    return app.freeze().table.find


def paths_of(sections: int) -> list[str]:
    """Of the first, the middle and the last section, so that the order of writing would show."""
    return [path.format(section) for path in ASKED for section in (0, sections // 2, sections - 1)]


def count_lines(find: Find, path: str) -> int:
    """How many lines of Python run to find `path`."""
    lines = 0
    exchange: Any = Asked()

    def trace(frame: FrameType, event: str, argument: object) -> Any:
        nonlocal lines
        lines += event == "line"
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        find("GET", path, exchange)
    finally:
        sys.settrace(before)
    return lines


def measure_seconds(find: Find, paths: list[str]) -> float:
    """The processor time of asking for all `paths` many times."""
    exchange: Any = Asked()
    start = time.thread_time()
    for _ in range(40):
        for path in paths:
            find("GET", path, exchange)
    return time.thread_time() - start


def test_the_same_number_of_lines_runs_among_50_and_among_2_000_routes() -> None:
    few, many = make_find(10), make_find(400)

    for path in ASKED:
        needed = {count_lines(many, path.format(section)) for section in (0, 200, 399)}
        assert needed == {count_lines(few, path.format(section)) for section in (0, 9)}, path


@pytest.mark.timed
@pytest.mark.slow
def test_time_does_not_grow_with_the_number_of_routes() -> None:
    few, many = make_find(10), make_find(1000)
    small, large = [], []
    # Whatever else the machine does only adds time: the best of some interleaved rounds counts.
    for _ in range(40):
        small.append(measure_seconds(few, paths_of(10)))
        large.append(measure_seconds(many, paths_of(1000)))

    assert min(large) / min(small) < 2
