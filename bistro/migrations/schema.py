"""A schema as plain data: what a migration's file is written in, and what models are compared with.

All of it is resolved: names are those that the database has, a foreign key's column has a kind of its
own, and every rule has a name. `reading.py` makes it from models, `sql/tables.py` makes tables of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from msgspec import Struct, field
from msgspec.structs import replace

from bistro.db.field_options import OnDelete
from bistro.migrations.errors import MigrationFileError
from bistro.migrations.sql_text import with_names

Kind = Literal[
    "integer", "float", "decimal", "text", "bytes", "bool", "date", "time", "datetime", "duration",
    "uuid", "json", "array", "range", "inet", "encrypted", "vector",
]  # fmt: skip


class Column(Struct, frozen=True, omit_defaults=True):
    """One column. `default` is SQL, or "auto" for what the database makes by itself.

    `item` is the kind of an array's items or of a range's ends; `network` an inet without a host.
    """

    name: str
    kind: Kind
    nullable: bool = False
    default: str = ""
    computed: str = ""
    stored: bool = True
    bits: int = 64
    max_length: int = 0
    max_digits: int = 0
    decimal_places: int = 0
    item: Kind | Literal[""] = ""
    network: bool = False
    dimensions: int = 0


class PrimaryKey(Struct, frozen=True, tag=True):
    """The columns that tell the rows apart."""

    name: str
    columns: tuple[str, ...]


class Unique(Struct, frozen=True, tag=True, omit_defaults=True):
    """No two rows have the same values in these columns."""

    name: str
    columns: tuple[str, ...]
    deferrable: bool = False
    nulls_distinct: bool = True


class Check(Struct, frozen=True, tag=True):
    """A condition, in SQL, that every row fulfils."""

    name: str
    condition: str


class ForeignKey(Struct, frozen=True, tag=True, omit_defaults=True):
    """These columns name a row of another table; `table` has its schema before it, where it has one."""

    name: str
    columns: tuple[str, ...]
    table: str
    target: tuple[str, ...]
    on_delete: OnDelete = "no action"
    deferrable: bool = False


class Exclude(Struct, frozen=True, tag=True, omit_defaults=True):
    """No two rows agree in all of these ways; PostgreSQL only."""

    name: str
    parts: tuple[tuple[str, str], ...]
    using: str = "gist"
    where: str = ""
    deferrable: bool = False


class Index(Struct, frozen=True, tag=True, omit_defaults=True):
    """An index over columns (a minus sign: in descending order) or expressions."""

    name: str
    parts: tuple[str, ...]
    unique: bool = False
    where: str = ""
    including: tuple[str, ...] = ()
    using: str = ""
    operator_class: str = ""
    storage: tuple[tuple[str, int], ...] = ()


class Link(Struct, frozen=True):
    """Two columns that triggers of this name keep alike: old code uses one of them, new code the other."""

    name: str
    old: str
    new: str


Constraint = PrimaryKey | Unique | Check | ForeignKey | Exclude
Rule = Constraint | Index


class Table(Struct, frozen=True, omit_defaults=True):
    """One table: its columns, its rules, its indexes, and which columns are kept alike."""

    name: str
    columns: tuple[Column, ...] = ()
    constraints: tuple[Constraint, ...] = ()
    indexes: tuple[Index, ...] = ()
    schema: str = ""
    links: tuple[Link, ...] = ()

    @property
    def label(self) -> str:
        """The name with the schema before it, where it has one."""
        return label_of(self.name, self.schema)

    @property
    def key(self) -> tuple[str, ...]:
        """The columns of the primary key."""
        return next((each.columns for each in self.constraints if isinstance(each, PrimaryKey)), ())

    @property
    def foreign_keys(self) -> tuple[ForeignKey, ...]:
        """The foreign keys among the rules."""
        return tuple(each for each in self.constraints if isinstance(each, ForeignKey))

    @property
    def rules(self) -> dict[str, Rule]:
        """Constraints and indexes by name."""
        return {each.name: each for each in (*self.constraints, *self.indexes)}

    @property
    def column_names(self) -> tuple[str, ...]:
        """The names of the columns, in order."""
        return tuple(column.name for column in self.columns)

    def find_column(self, name: str) -> Column | None:
        """The column called `name`, or None."""
        return next((column for column in self.columns if column.name == name), None)

    def get_column(self, name: str) -> Column:
        """The column called `name`. Raises MigrationFileError."""
        column = self.find_column(name)
        if column is None:
            raise MigrationFileError(
                f"the table {self.label} has no column {name} at this place",
                fix=f"It has: {', '.join(self.column_names)}.",
            )
        return column

    def get_rule(self, name: str) -> Rule:
        """The constraint or index called `name`. Raises MigrationFileError."""
        if name not in self.rules:
            raise MigrationFileError(
                f"the table {self.label} has no constraint or index {name} at this place",
                fix=f"It has: {', '.join(self.rules) or 'none'}.",
            )
        return self.rules[name]

    def get_link(self, old: str, new: str) -> Link:
        """The link between two columns. Raises MigrationFileError."""
        for link in self.links:
            if (link.old, link.new) == (old, new):
                return link
        raise MigrationFileError(f"{self.label}.{old} and {new} are not kept alike at this place")

    def with_rule(self, rule: Rule) -> Table:
        """The table with one more rule."""
        if isinstance(rule, Index):
            return replace(self, indexes=(*self.indexes, rule))
        return replace(self, constraints=(*self.constraints, rule))

    def without_rule(self, name: str) -> Table:
        """The table without a rule."""
        return replace(
            self,
            constraints=tuple(each for each in self.constraints if each.name != name),
            indexes=tuple(each for each in self.indexes if each.name != name),
        )

    def with_column_names(self, names: Mapping[str, str]) -> Table:
        """The table with some columns called otherwise, also in its rules."""
        return replace(
            self,
            columns=tuple(
                replace(each, name=names.get(each.name, each.name), computed=with_names(each.computed, names))
                for each in self.columns
            ),
            constraints=tuple(_renamed(each, names) for each in self.constraints),
            indexes=tuple(_renamed_index(each, names) for each in self.indexes),
        )


class State(Struct, frozen=True):
    """The whole schema at one moment: its tables by label, and the extensions that they need."""

    tables: dict[str, Table] = field(default_factory=dict)
    extensions: frozenset[str] = frozenset()

    def get_table(self, label: str) -> Table:
        """The table called `label`. Raises MigrationFileError."""
        if label not in self.tables:
            raise MigrationFileError(f"there is no table {label} at this place")
        return self.tables[label]

    def with_table(self, table: Table) -> State:
        """The state in which the table of this label is `table`."""
        return replace(self, tables={**self.tables, table.label: table})

    def without_table(self, label: str) -> State:
        """The state without a table."""
        return replace(self, tables={name: each for name, each in self.tables.items() if name != label})


def label_of(name: str, schema: str = "") -> str:
    """How a table is called in a migration."""
    return f"{schema}.{name}" if schema else name


def _renamed(rule: Constraint, names: Mapping[str, str]) -> Constraint:
    if isinstance(rule, Check):
        return replace(rule, condition=with_names(rule.condition, names))
    if isinstance(rule, Exclude):
        parts = tuple((with_names(part, names), operator) for part, operator in rule.parts)
        return replace(rule, parts=parts, where=with_names(rule.where, names))
    return replace(rule, columns=tuple(names.get(each, each) for each in rule.columns))


def _renamed_index(index: Index, names: Mapping[str, str]) -> Index:
    return replace(
        index,
        parts=tuple(_renamed_part(part, names) for part in index.parts),
        where=with_names(index.where, names),
        including=tuple(names.get(each, each) for each in index.including),
    )


def _renamed_part(part: str, names: Mapping[str, str]) -> str:
    """A column of an index is its name, maybe behind a minus; anything else is SQL."""
    name = part.removeprefix("-")
    if name in names:
        return part.removesuffix(name) + names[name]
    return with_names(part, names)
