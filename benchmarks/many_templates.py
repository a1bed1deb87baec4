"""How long 500 templates take: compiled and checked cold, and at the next start from what was kept."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks.template_cases import SHOP

COUNT = 500
PROGRAM = """
import gc, sys, time
gc.disable()  # as bistro check does
import bistro.templates.engine, bistro.templates.checker
from bistro.templates import Checker, Engine
began = time.perf_counter()
engine = Engine([sys.argv[1] + "/templates"], keep_beside=sys.argv[1])
for name in engine.names():
    engine.get(name)
print(time.perf_counter() - began)
began = time.perf_counter()
checker = Checker(engine.library, {})
for name in engine.names():
    checker.check(name)
print(time.perf_counter() - began)
"""
STOCK = """
import sys, time, jinja2
began = time.perf_counter()
environment = jinja2.Environment(loader=jinja2.FileSystemLoader(sys.argv[1] + "/templates"), autoescape=True)
for name in environment.list_templates():
    environment.get_template(name)
print(time.perf_counter() - began)
"""


def measure(rounds: int) -> dict[str, float]:
    """The least seconds of some rounds, each in processes of their own."""
    best: dict[str, float] = {}
    with tempfile.TemporaryDirectory() as folder:
        site = Path(folder)
        write(site / "templates")
        for _ in range(rounds):
            for file in (site / ".bistro").glob("*"):
                file.unlink()
            cold, check = run(PROGRAM, site)
            warm, _ = run(PROGRAM, site)
            (stock,) = run(STOCK, site)
            found = {
                "compiled and kept": cold,
                "checked": check,
                "both": cold + check,
                "next start": warm,
                "compiled by Jinja2": stock,
            }
            best = {name: min(seconds, best.get(name, seconds)) for name, seconds in found.items()}
    return best


def write(folder: Path) -> None:
    folder.mkdir()
    for name in ("base.html", "nav.html", "macros.html"):
        (folder / name).write_text(SHOP[name])
    for number in range(COUNT - 3):
        (folder / f"page{number}.html").write_text(SHOP["main.html"].replace("<h1>", f"<h1>{number} "))


def run(program: str, site: Path) -> list[float]:
    env = {name: value for name, value in os.environ.items() if name != "BISTRO_CACHE"}
    command = [sys.executable, "-c", program, str(site)]
    done = subprocess.run(command, capture_output=True, text=True, env=env, check=True)
    return [float(line) for line in done.stdout.split()]
