"""The command `bistro`."""

from __future__ import annotations

from collections.abc import Sequence

import click

from bistro import __version__
from bistro.cli.output import EXIT_INTERRUPTED, report_error
from bistro.cli.run import run
from bistro.ground.errors import BistroError


@click.group()
@click.version_option(__version__, prog_name="bistro", message="%(prog)s %(version)s")
def bistro() -> None:
    """Bistro, a web framework."""


bistro.add_command(run)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return the exit code."""
    try:
        result = bistro.main(args=arguments, prog_name="bistro", standalone_mode=False)
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except click.exceptions.Exit as end:
        return end.exit_code
    except (click.Abort, KeyboardInterrupt):
        return EXIT_INTERRUPTED
    except BistroError as error:
        return report_error(error)
    return result if isinstance(result, int) else 0
