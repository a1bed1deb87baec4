"""How every command speaks: data on standard output, messages on standard error, colour where it is seen."""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import TextIO

import click

import bistro
from bistro.cli.errors import AppImportFailed
from bistro.ground.errors import BistroError

EXIT_FINE = 0
EXIT_PROBLEMS = 1
EXIT_USAGE = 2
EXIT_CONFIGURATION = 78
"""EX_CONFIG of sysexits.h."""
EXIT_INTERRUPTED = 130

_PACKAGE = str(Path(bistro.__file__).parent) + os.sep


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


def show(data: str) -> None:
    """Print data on standard output; escape sequences in it are removed where nobody sees colour."""
    click.echo(data, color=wants_colour(sys.stdout))


def show_table(titles: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print rows in columns of even width; the last column is as long as it is."""
    widths = [max(len(row[i]) for row in (titles, *rows)) for i in range(len(titles) - 1)]
    heading = _line(titles, widths)
    show(click.style(heading, bold=True))
    for row in rows:
        show(_line(row, widths))


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    padded = [cell.ljust(width) for cell, width in zip(cells, widths, strict=False)]
    return "  ".join([*padded, cells[-1]]).rstrip()


def report_error(error: BistroError) -> int:
    """Print what `error` says, with the user's own traceback where it has one; the exit code for it."""
    if isinstance(error, AppImportFailed) and error.__cause__ is not None:
        say(_own_traceback(error.__cause__).rstrip())
    say(str(error), colour="red")
    return exit_code_of(error)


def exit_code_of(error: BaseException) -> int:
    """78 for a configuration that can't be used, else 1 (or what the error itself says)."""
    own = getattr(error, "exit_code", None)
    if own is None and error.__cause__ is not None:
        own = getattr(error.__cause__, "exit_code", None)
    return own if isinstance(own, int) else EXIT_PROBLEMS


def short_path(path: str, folder: Path | None = None) -> str:
    """`path` from the folder in which the command runs, where it lies in it."""
    here = str(folder or Path.cwd()) + os.sep
    return path.removeprefix(here)


def _own_traceback(error: BaseException) -> str:
    """The traceback from the user's first frame on; how Bistro came there says nothing to them."""
    if isinstance(error, BistroError):
        return str(error)
    return "".join(traceback.format_exception(error.with_traceback(_from_user(error.__traceback__))))


def _from_user(trace: TracebackType | None) -> TracebackType | None:
    while trace is not None and _is_ours(trace.tb_frame.f_code.co_filename):
        trace = trace.tb_next
    return trace


def _is_ours(file: str) -> bool:
    return file.startswith((_PACKAGE, "<frozen importlib")) or file == importlib_file


importlib_file = sys.modules["importlib"].__file__
