"""What is typed into the terminal of `bistro run`."""

from __future__ import annotations

import os
import pty
import re
import subprocess
import sys
import threading
from pathlib import Path

from bistro.cli.keys import HELP, obey
from tests.features.migration_support import Site

PATIENCE_SECONDS = 60.0


def test_another_word_is_answered_with_what_can_be_typed() -> None:
    told: list[str] = []

    obey(["\n", "what\n"], None, told.append)

    assert told == [HELP]


class Terminal:
    """A terminal in which `bistro run` runs; all that it prints is read on the way."""

    def __init__(self, folder: Path) -> None:
        self._own, theirs = pty.openpty()
        self.text = ""
        self._changed = threading.Condition()
        self.process = subprocess.Popen(
            [sys.executable, "-m", "bistro", "run", "--port", "0"],
            cwd=folder,
            env={**os.environ, "ENV": "development", "NO_COLOR": "1"},
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            start_new_session=True,
        )
        os.close(theirs)
        threading.Thread(target=self._read, daemon=True).start()

    def type(self, text: str) -> None:
        os.write(self._own, text.encode())

    def wait_for(self, pattern: str) -> None:
        with self._changed:
            found = self._changed.wait_for(lambda: re.search(pattern, self.text), PATIENCE_SECONDS)
        assert found, self.text

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(PATIENCE_SECONDS)

    def _read(self) -> None:
        while True:
            try:
                piece = os.read(self._own, 4096)
            except OSError:
                return
            with self._changed:
                self.text += piece.decode(errors="replace")
                self._changed.notify_all()


def test_m_applies_what_the_terminal_says_is_to_be_applied(tmp_path: Path) -> None:
    site = Site(tmp_path)
    site.write("title: Field[str]")
    site.run("make")
    terminal = Terminal(tmp_path)
    try:
        terminal.wait_for("migrations to apply")
        terminal.wait_for("Bistro serves")
        terminal.type("m\n")
        terminal.wait_for("Applied 0001_first")
    finally:
        terminal.stop()

    assert site.ask("status")["migrations"][0]["standing"] == "applied"
