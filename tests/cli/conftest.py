"""A site in a folder of its own, and the command run on it within this process."""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from bistro.cli.main import main

HELLO = """
from bistro import App

app = App()

@app.get("/")
async def hello() -> str:
    return "Hello from Bistro"
"""


@dataclass(frozen=True)
class Result:
    code: int
    out: str
    err: str


class Site:
    """A folder with a site; `run` runs `bistro` in it."""

    def __init__(self, folder: Path, capture: pytest.CaptureFixture[str]) -> None:
        self.folder = folder
        self._capture = capture

    def write(self, content: str, name: str = "app.py") -> Path:
        file = self.folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(content, encoding="utf-8")
        importlib.invalidate_caches()
        return file

    def run(self, *arguments: str) -> Result:
        self._capture.readouterr()
        code = main(arguments)
        captured = self._capture.readouterr()
        return Result(code, captured.out, captured.err)


@pytest.fixture
def site(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Iterator[Site]:
    monkeypatch.chdir(tmp_path)
    for name in ("BISTRO_APP", "LOG_FORMAT", "LOG_LEVELS", "ALLOWED_HOSTS"):
        monkeypatch.delenv(name, raising=False)
    environment = dict(os.environ)
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    before = set(sys.modules)
    yield Site(tmp_path, capsys)
    os.environ.clear()
    os.environ.update(environment)
    for name in set(sys.modules) - before:
        file = getattr(sys.modules[name], "__file__", None) or ""
        if file.startswith(str(tmp_path)):
            del sys.modules[name]


@pytest.fixture
def hello(site: Site) -> Site:
    site.write(HELLO)
    return site
