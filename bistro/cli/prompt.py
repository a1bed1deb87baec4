"""A prompt of Python at which `await` may be written; what is awaited runs in another thread's loop."""

from __future__ import annotations

import ast
import code
import contextlib
import inspect
import sys
from types import CodeType, FunctionType
from typing import Any  # Any: what is typed may be and give anything

from bistro.ground.portal import Portal


class AsyncConsole(code.InteractiveConsole):
    """Reads lines from standard input until it ends; the names live as long as the prompt."""

    def __init__(self, names: dict[str, Any], portal: Portal) -> None:
        super().__init__(names, filename="<shell>")
        self.compile.compiler.flags |= ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
        self._portal = portal

    def talk(self, banner: str) -> None:
        """Ask and answer; without a terminal, run what comes in and say only what it prints."""
        if sys.stdin.isatty():
            with contextlib.suppress(ImportError):
                # Imported late: it changes how every prompt of this process reads its lines.
                import readline
                import rlcompleter

                readline.set_completer(rlcompleter.Completer(self.locals).complete)
                readline.parse_and_bind("tab: complete")
            self.interact(banner, exitmsg="")
        else:
            self.run_whole(sys.stdin.read())

    def run_whole(self, text: str) -> None:
        """Run a program as it stands, not line by line. Raises what it raises."""
        whole = compile(text, "<stdin>", "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
        self._run(whole)

    def runcode(self, code: CodeType) -> None:
        """Run what was typed; what it raises is shown."""
        try:
            self._run(code)
        except SystemExit:
            raise
        except BaseException:  # noqa: BLE001 - a prompt goes on, also after Ctrl-C
            self.showtraceback()

    def _run(self, code: CodeType) -> None:
        result = FunctionType(code, self.locals)()
        if inspect.iscoroutine(result):
            self._portal.run(result)
