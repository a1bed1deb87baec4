"""Options that several commands share."""

from __future__ import annotations

import click

app_option = click.option(
    "--app",
    metavar="APP",
    help="The app, as for `bistro run`: shop/app.py, or shop:app.  [that of this folder]",
)
json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON, for machines.")
