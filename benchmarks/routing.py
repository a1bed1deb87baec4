"""How long a lookup takes with 10 and with 1,000 routes: `python benchmarks/routing.py`.

Prints the best of several rounds in nanoseconds, and the ratio, which should be within 1.10.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from bistro.routing import Pattern, Route, RouteTable
from bistro.routing.explain import AskedExchange

ROUNDS, CALLS = 15, 20_000
ASKED = {
    "static": "/users",
    "one int": "/users/42",
    "int and slug": "/users/42/posts/hello",
    "path": "/files/css/site/main.css",
    "escaped": "/users/42/posts/caf%C3%A9",
    "miss": "/nothing/here",
}
SHAPES = ("/{thing}", "/{thing}/{{id:int}}", "/{thing}/{{id:int}}/posts/{{slug}}", "/{thing}/{{when:date}}/x")


def make_table(size: int) -> RouteTable[str]:
    texts = ["/users", "/users/{id:int}", "/users/{id:int}/posts/{slug}", "/files/{rest:path}", "/"]
    things = (f"thing{number}" for number in range(size))
    for thing in things:
        texts += [shape.format(thing=thing) for shape in SHAPES]
    routes = [Route(frozenset({"GET"}), Pattern.parse(text), print, text) for text in texts[:size]]
    return RouteTable([(route, route.name) for route in routes])


def measure(call: Callable[..., object], *arguments: object) -> float:
    """The best of the rounds, in nanoseconds a call, less the empty loop."""
    best, empty = float("inf"), float("inf")
    for _ in range(ROUNDS):
        start = time.perf_counter_ns()
        for _ in range(CALLS):
            call(*arguments)
        middle = time.perf_counter_ns()
        for _ in range(CALLS):
            pass
        end = time.perf_counter_ns()
        best, empty = min(best, (middle - start) / CALLS), min(empty, (end - middle) / CALLS)
    return best - empty


def main() -> None:
    started = time.perf_counter()
    small, large = make_table(10), make_table(1000)
    print(f"both tables compiled in {(time.perf_counter() - started) * 1000:.0f} ms")
    print(f"{'path':<30}{'10 routes':>12}{'1,000 routes':>14}{'ratio':>8}")
    for name, path in ASKED.items():
        exchange = AskedExchange("GET", path)
        few = measure(small.find, "GET", path, exchange)
        many = measure(large.find, "GET", path, exchange)
        print(f"{name:<30}{few:>9.0f} ns{many:>11.0f} ns{many / few:>8.2f}")


if __name__ == "__main__":
    main()
