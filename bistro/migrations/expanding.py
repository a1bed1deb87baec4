"""Renames and changes of kind in two steps, between which old and new code run side by side.

How it works. The first step adds the new column, and a link that keeps both alike (`LinkColumns`). As
long as the link is there, the models are read as if they still had the old column: nothing more is
asked of the database. The second step, which is only made when it is asked for, takes link and old
column away.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from msgspec import Struct
from msgspec.structs import replace

from bistro.db.lowering.tables import name_of
from bistro.migrations.diff import columns_of
from bistro.migrations.errors import MigrationError
from bistro.migrations.operations.columns import RenameColumn
from bistro.migrations.renames import parse_rename
from bistro.migrations.schema import Column, Link, State, Table
from bistro.migrations.sql.links import forward_value
from bistro.migrations.sql_text import SQL


class OpenLink(Struct, frozen=True):
    """Two columns that are kept alike until no code uses the old one."""

    table: str
    old: str
    new: str


def find_open_links(state: State) -> list[OpenLink]:
    """All links of a state."""
    return [
        OpenLink(label, link.old, link.new) for label, table in state.tables.items() for link in table.links
    ]


def with_links(before: State, after: State, expand: Sequence[str] = ()) -> State:
    """What the models ask for, and the old columns of all links, those there are and those to be made.

    `expand` are pairs such as "note.title=heading". Raises MigrationError where one can't be.
    """
    links = list(find_open_links(before)) + [_parse(text, before, after) for text in expand]
    for each in links:
        here, wanted = before.tables[each.table], after.tables.get(each.table)
        # Where the models have gone back to the old column, the link goes.
        if wanted is not None and wanted.find_column(each.old) is None and wanted.find_column(each.new):
            after = after.with_table(_held(here, wanted, each))
    return after


def values_by_links(before: State) -> Iterator[tuple[tuple[str, str], SQL]]:
    """What a new column has where it must have a value now."""
    for label, table in before.tables.items():
        for link in table.links:
            yield (label, link.new), forward_value(table, link)


def _parse(text: str, before: State, after: State) -> OpenLink:
    rename = parse_rename(text, before, after)
    if not isinstance(rename, RenameColumn):
        raise MigrationError(
            f"{text}: a table can't have two names",
            fix='Keep its name, whatever the model is called: class Memo(Model, table="note").',
        )
    return OpenLink(rename.table, rename.old, rename.new)


def _held(here: Table, wanted: Table, link: OpenLink) -> Table:
    """The wanted table with the old column and its rules; in both columns nothing may stand, too."""
    old = replace(here.get_column(link.old), nullable=True)
    columns = tuple(_open(column) if column.name == link.new else column for column in wanted.columns)
    kept = [
        rule for name, rule in here.rules.items() if link.old in columns_of(rule) and name not in wanted.rules
    ]
    name = next(
        (each.name for each in here.links if (each.old, each.new) == (link.old, link.new)),
        name_of("bistro_link", here.name, link.old, link.new),
    )
    links = (*wanted.links, Link(name, link.old, link.new))
    held = replace(wanted, columns=(*columns, old), links=links)
    for rule in kept:
        held = held.with_rule(rule)
    return held


def _open(column: Column) -> Column:
    """A new column as long as old code adds rows without it; a default would hide that it has no value."""
    return replace(column, nullable=True, default="")
