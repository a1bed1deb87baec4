"""Templates: Bistro's compiler against stock Jinja2 and others, and against hand-written f-strings.

    ./run bench templates                 rounds are interleaved; the smallest time of each engine counts
    ./run bench templates --rounds 5

Every engine must give the same text, or it is left out. MiniJinja, Mako, Chameleon and Django are
installed for this alone, and left out where they can't be. The limit is what a person would write by
hand for exactly this page: an f-string with the quickest escape there is.
"""

from __future__ import annotations

import argparse
import gc
import re
import time
from collections.abc import Callable

import jinja2
from markupsafe import _escape_inner as quick_escape

from benchmarks import many_templates, template_peers
from benchmarks.template_cases import CASES, Case
from bistro.templates import Engine

Render = Callable[[], str]


def main() -> None:
    parser = argparse.ArgumentParser(description="Time templates.")
    parser.add_argument("--rounds", type=int, default=15)
    options = parser.parse_args()
    others = template_peers.ENGINES if template_peers.prepare() else {}
    for case in CASES:
        renders = {name: make(case) for name, make in {**ENGINES, **others}.items()}
        times = measure(renders, options.rounds)
        stock, limit = times["Jinja2"], times["f-string, the limit"]
        print(f"\n{case.name}")
        for name, seconds in sorted(times.items(), key=lambda pair: pair[1]):
            ratios = f"{stock / seconds:5.2f} x Jinja2  {seconds / limit:5.2f} x the limit's time"
            print(f"  {name:22} {seconds * 1e6:9.1f} us  {ratios}")
    print(f"\n{many_templates.COUNT} templates")
    for name, seconds in many_templates.measure(max(1, options.rounds // 5)).items():
        print(f"  {name:22} {seconds:9.3f} s")


def measure(renders: dict[str, Render], rounds: int) -> dict[str, float]:
    """The smallest time of one render of each, the rounds interleaved."""
    wanted = squeeze(renders["Jinja2"]())
    for name, render in list(renders.items()):
        if squeeze(render()) != wanted:
            print(f"  {name} gives another text, and is left out")
            del renders[name]
    counts = {name: count_for(render) for name, render in renders.items()}
    best = dict.fromkeys(renders, float("inf"))
    for turn in range(rounds):
        # Each begins once, and none pays for what another has left to the garbage collector.
        names = list(renders)
        for name in names[turn % len(names) :] + names[: turn % len(names)]:
            render = renders[name]
            gc.collect()
            best[name] = min(best[name], time_of(render, counts[name]))
    return best


def count_for(render: Render) -> int:
    return max(1, int(0.02 / time_of(render, 3)))


def time_of(render: Render, count: int) -> float:
    started = time.perf_counter()
    for _ in range(count):
        render()
    return (time.perf_counter() - started) / count


def squeeze(text: str) -> str:
    """The text without blanks, and with quotes written alike: in text they need not be escaped."""
    for written, plain in (("&quot;", '"'), ("&#34;", '"'), ("&#x27;", "'"), ("&#39;", "'"), ("&#x2f;", "/")):
        text = text.replace(written, plain)
    return re.sub(r"\s+", "", text).replace('required=""', "required").replace("/>", ">")


# --- the engines --------------------------------------------------------------------------------------


def typed(case: Case) -> Render:
    template = Engine(sources=case.templates).get("main.html", page=case.page)
    assert template.is_compiled, template.reason
    page = case.page(**case.context)
    return lambda: template.render(page)


def untyped(case: Case) -> Render:
    template = Engine(sources=case.templates).get("main.html")
    assert template.is_compiled, template.reason
    return lambda: template.render(case.context)


def stock(case: Case) -> Render:
    environment = jinja2.Environment(loader=jinja2.DictLoader(case.templates), autoescape=True)
    template = environment.get_template("main.html")
    return lambda: template.render(case.context)


def by_hand(case: Case) -> Render:
    return lambda: case.by_hand(quick_escape, **case.context)


ENGINES: dict[str, Callable[[Case], Render]] = {
    "Bistro, typed": typed,
    "Bistro, untyped": untyped,
    "Jinja2": stock,
    "f-string, the limit": by_hand,
}

if __name__ == "__main__":
    main()
