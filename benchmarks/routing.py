"""How long a lookup takes with 10 and with 1,000 routes: `python benchmarks/routing.py`.

Prints the best of several rounds in nanoseconds, and the ratio, which should be within 1.10.
"""

from __future__ import annotations

import time
import timeit
from collections.abc import Callable

from bistro.ground.types import Exchange
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


def measure(find: Callable[[str, str, Exchange], object], path: str) -> float:
    """The best of the rounds, in nanoseconds a call."""
    names = {"find": find, "path": path, "exchange": AskedExchange("GET", path)}
    rounds = timeit.repeat("find('GET', path, exchange)", number=CALLS, repeat=ROUNDS, globals=names)
    return min(rounds) / CALLS * 1e9


def main() -> None:
    started = time.perf_counter()
    small, large = make_table(10), make_table(1000)
    print(f"both tables compiled in {(time.perf_counter() - started) * 1000:.0f} ms")
    print(f"{'path':<20}{'10 routes':>14}{'1,000 routes':>16}{'ratio':>8}{'without static':>18}")
    for name, path in ASKED.items():
        few, many = measure(small.find, path), measure(large.find, path)
        # The app looks into `static` itself, and calls only for other paths.
        rest = measure(large.find_dynamic, path)
        print(f"{name:<20}{few:>11.0f} ns{many:>13.0f} ns{many / few:>8.2f}{rest:>15.0f} ns")


if __name__ == "__main__":
    main()
