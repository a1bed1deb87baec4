"""The command `bistro`: its own commands, those of the app in the current folder, and how they end."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

import click

from bistro import __version__
from bistro.cli.commands import BUILT_IN, find_built_in
from bistro.cli.output import EXIT_INTERRUPTED, EXIT_PROBLEMS, report_error, report_failure
from bistro.cli.own_commands import OwnCommands, find_own_commands
from bistro.ground.errors import BistroError
from bistro.ground.text import did_you_mean

EPILOG = """\b
Example:
  bistro new shop && cd shop && bistro run
Every command tells more, with an example: bistro run --help
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return the exit code.

    0 fine, 1 found problems, 2 wrong usage, 78 bad configuration, 130 interrupted.
    """
    try:
        result = bistro.main(args=arguments, prog_name="bistro", standalone_mode=False)
    except click.exceptions.Exit as end:
        return end.exit_code
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except (click.Abort, KeyboardInterrupt):
        return EXIT_INTERRUPTED
    except BistroError as error:
        return report_error(error)
    except BrokenPipeError:
        return _end_of_pipe()
    except Exception as error:  # noqa: BLE001 - a command of the site failed, or one of ours has a bug
        return report_failure(error)
    return result if isinstance(result, int) and not isinstance(result, bool) else 0


class BistroGroup(click.Group):
    """Built-in commands, loaded when used, and the app's own, looked for only when needed."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Names of the built-in commands, then of the app's."""
        return [*BUILT_IN, *self._own(ctx).commands]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command called `cmd_name`."""
        return find_built_in(cmd_name) or self._own(ctx).commands.get(cmd_name)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """The command that the first argument names; says what may have been meant where there is none."""
        name = args[0]
        if name.startswith("-") or self.get_command(ctx, name) is not None:
            return super().resolve_command(ctx, args)
        near = did_you_mean(name, self.list_commands(ctx))
        hint = f" Did you mean {near}?" if near else ""
        own = self._own(ctx)
        if own.problem:
            hint += f"\n{own.problem}"
        raise click.UsageError(f"There is no command {name!r}.{hint}", ctx)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the lists of commands; a broken app costs only its own part of them."""
        rows = [(name, help_text) for name, (_, help_text) in BUILT_IN.items()]
        own = self._own(ctx)
        with formatter.section("Commands"):
            formatter.write_dl(rows)
        if own.commands:
            with formatter.section("Commands of this app"):
                formatter.write_dl(
                    [(name, command.get_short_help_str()) for name, command in own.commands.items()]
                )
        if own.problem:
            formatter.write_paragraph()
            formatter.write_text(own.problem)

    def _own(self, ctx: click.Context) -> OwnCommands:
        root = ctx.find_root()
        found = root.obj
        if not isinstance(found, OwnCommands):
            found = root.obj = find_own_commands(BUILT_IN)
        return found


@click.command(cls=BistroGroup, epilog=EPILOG, context_settings={"help_option_names": ["--help", "-h"]})
@click.version_option(__version__, "--version", "-V", prog_name="bistro", message="%(prog)s %(version)s")
def bistro() -> None:
    """Make, look at and serve sites written with Bistro."""


def _end_of_pipe() -> int:
    """Whoever read our output, `head` perhaps, has seen enough."""
    # Python would complain once more, when it flushes at its end.
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return EXIT_PROBLEMS
