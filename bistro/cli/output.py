"""How every command speaks: data on standard output, messages on standard error, colour where it is seen."""

from __future__ import annotations

import json
import os
import sys
import traceback
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import TextIO

import click

from bistro.cli.errors import AppImportFailed
from bistro.ground.errors import BistroError
from bistro.ground.registry import Origin
from bistro.ground.site_files import is_site_file

EXIT_FINE = 0
EXIT_PROBLEMS = 1
EXIT_USAGE = 2
EXIT_CONFIGURATION = 78
"""EX_CONFIG of sysexits.h."""
EXIT_INTERRUPTED = 130
"""128 + SIGINT, as shells say it."""


def wants_colour(stream: TextIO, env: Mapping[str, str] = os.environ) -> bool:
    """Whether to colour `stream`: in a terminal, unless `NO_COLOR`; elsewhere only with `FORCE_COLOR`."""
    if env.get("NO_COLOR"):
        return False
    if env.get("FORCE_COLOR"):
        return True
    return stream.isatty() and env.get("TERM") != "dumb"


def say(message: str, *, colour: str | None = None) -> None:
    """Tell the user something that is no data, on standard error."""
    text = click.style(message, fg=colour) if colour else message
    click.echo(text, err=True, color=wants_colour(sys.stderr))


def show(data: str = "") -> None:
    """Print data on standard output; colour in it is removed where nobody sees it."""
    click.echo(data, color=wants_colour(sys.stdout))


def show_json(data: object) -> None:
    """Print data for machines."""
    click.echo(json.dumps(data, indent=2, ensure_ascii=False))


def show_table(titles: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print rows in columns of even width."""
    widths = [max(map(len, column)) for column in zip(titles, *rows, strict=True)]
    show(click.style(_line(titles, widths), bold=True))
    for row in rows:
        show(_line(row, widths))


def report_error(error: BistroError) -> int:
    """Print what `error` says, below the user's own traceback where it has one; the exit code for it."""
    if isinstance(error, AppImportFailed) and error.__cause__ is not None:
        say(own_traceback(error.__cause__))
    say(str(error), colour="red")
    code = getattr(error, "exit_code", EXIT_PROBLEMS)
    return code if isinstance(code, int) else EXIT_PROBLEMS


def report_failure(error: Exception) -> int:
    """Print the traceback of an error that nobody foresaw."""
    say(own_traceback(error))
    return EXIT_PROBLEMS


def own_traceback(error: BaseException) -> str:
    """The traceback from the user's first frame on; how Bistro came there says nothing to them."""
    trace = _skip_to_site(error.__traceback__)
    if trace is None and not isinstance(error, SyntaxError):
        trace = error.__traceback__
    return "".join(traceback.format_exception(type(error), error, trace)).rstrip()


def origin_text(origin: Origin) -> str:
    """`file:line`, or `file:line:column`, from the current folder, where the file lies in it."""
    column = f":{origin.column}" if origin.column else ""
    return f"{short_path(origin.file)}:{origin.line}{column}"


def short_path(path: str) -> str:
    """`path` from the current folder, where it lies in it."""
    return path.removeprefix(str(Path.cwd()) + os.sep)


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    return "  ".join(cell.ljust(width) for cell, width in zip(cells, widths, strict=True)).rstrip()


def _skip_to_site(trace: TracebackType | None) -> TracebackType | None:
    while trace is not None and not is_site_file(trace.tb_frame.f_code.co_filename):
        trace = trace.tb_next
    return trace
