"""`bistro completion`: the script that completes commands and options in a shell."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class

from bistro.cli.output import show

EPILOG = """\b
Examples:
  bistro completion bash >> ~/.bashrc
  bistro completion zsh >> ~/.zshrc
  bistro completion fish > ~/.config/fish/completions/bistro.fish
"""


@click.command(epilog=EPILOG)
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.pass_context
def command(ctx: click.Context, shell: str) -> int:
    """Print the completion script for SHELL; what it completes is asked of `bistro` itself."""
    kind = get_completion_class(shell)
    assert kind is not None
    show(kind(ctx.find_root().command, {}, "bistro", "_BISTRO_COMPLETE").source())
    return 0
