"""How a model says what it has: the annotations and the functions beside them.

    class Note(Model):
        id: Field[int] = auto()                        # made by the database
        title: Field[str] = field(max_length=120)
        author: ForeignKey[User]                       # the column author_id, and the User it names
        tags: ManyToMany[Tag] = related()              # by a table of its own
        comments: Related[Comment] = related()         # the reverse side of Comment.note

The classes here are for type checkers: `Note.title` is a column to build queries from, `note.title`
a str. When the program runs, the model's own class has what each of them promises (`model.py`).
"""

from __future__ import annotations

from collections.abc import Callable

# Any: what a field specifier returns stands where a value of the field's type is declared.
from typing import Any, Generic, Literal, TypeVar, overload

from msgspec import UNSET

from bistro.db.expressions import Column
from bistro.db.field_options import AUTO, FieldOptions, OnDelete, RelatedOptions

T = TypeVar("T")
M = TypeVar("M")
N = TypeVar("N")


class Field(Generic[T]):
    """A column: `Note.title` is the column, `note.title` its value."""

    @overload
    def __get__(self, instance: None, owner: Any) -> Column[T]: ...
    @overload
    def __get__(self, instance: object, owner: Any) -> T: ...
    def __get__(self, instance: object, owner: Any) -> Any:
        raise NotImplementedError

    def __set__(self, instance: object, value: T) -> None:
        raise NotImplementedError


class _ToOne(Generic[M]):
    """`Note.author` is the model it leads to, whose columns a query may use; `note.author` the instance."""

    @overload
    def __get__(self: _ToOne[N | None], instance: None, owner: Any) -> type[N]: ...
    @overload
    def __get__(self, instance: None, owner: Any) -> type[M]: ...
    @overload
    def __get__(self, instance: object, owner: Any) -> M: ...
    def __get__(self, instance: object, owner: Any) -> Any:
        raise NotImplementedError

    def __set__(self, instance: object, value: M) -> None:
        raise NotImplementedError


class ForeignKey(_ToOne[M]):
    """The one row of another model that this row names; several rows may name the same."""


class OneToOne(_ToOne[M]):
    """The one row of another model that this row, and no other, names; with `related()` its reverse side."""


class _ToMany(Generic[M]):
    @overload
    def __get__(self, instance: None, owner: Any) -> type[M]: ...
    @overload
    def __get__(self, instance: object, owner: Any) -> list[M]: ...
    def __get__(self, instance: object, owner: Any) -> Any:
        raise NotImplementedError

    def __set__(self, instance: object, value: list[M]) -> None:
        raise NotImplementedError


class Related(_ToMany[M]):
    """The rows of another model that name this one by a foreign key."""


class ManyToMany(_ToMany[M]):
    """Rows of another model, joined by a table of pairs."""


def field(
    *,
    default: Any = UNSET,
    default_factory: Callable[[], Any] | None = None,
    primary_key: bool = False,
    unique: bool = False,
    index: bool = False,
    column: str = "",
    bits: int = 64,
    max_length: int | None = None,
    min_length: int | None = None,
    max_digits: int | None = None,
    decimal_places: int | None = None,
    dimensions: int | None = None,
    ge: float | None = None,
    gt: float | None = None,
    le: float | None = None,
    lt: float | None = None,
    pattern: str | None = None,
    on_delete: OnDelete = "cascade",
    deferrable: bool = False,
    private: bool = False,
    encrypted: bool | str = False,
    multiline: bool = False,
    label: str = "",
    help: str = "",
) -> Any:
    """Say more about a field than its type does.

    `default` and `default_factory` fill it where nobody gives a value. `column` is the name of the
    column where it is not the field's. `bits` is the size of an int: 16, 32 or 64;
    `dimensions` says how many numbers a Vector has.
    `ge`, `gt`, `le`, `lt`, `min_length` and `pattern` are checked where input is read
    (`Note.Create`), sizes by the database too. `on_delete` says what becomes of this row when the
    one it names is deleted; `deferrable` has the database check that at the end of a transaction.
    A `private` field is in none of `Note.Create`, `Note.Update` and `Note.Out`.
    An `encrypted` one is sealed with the site's secret key before it is stored, and can't be searched;
    a text instead of True is its purpose, which has to stay when the field is renamed.
    Forms show `label` and `help`, and a `multiline` text in a larger box.
    """
    return FieldOptions(**locals())  # the arguments, which have the names of the options


def auto(
    sql: str = AUTO,
    *,
    on_update: bool = False,
    primary_key: bool = False,
    unique: bool = False,
    index: bool = False,
    column: str = "",
    bits: int = 64,
    init: Literal[False] = False,  # noqa: ARG001 - for type checkers: no argument of the constructor
) -> Any:
    """A value that nobody has to give: the next number, the time now, a new UUID.

    An `id: Field[int] = auto()` is the primary key. `sql` is an expression of the database's own to
    make another value. `on_update` makes a datetime anew with every update.
    """
    return FieldOptions(
        db_default=sql,
        on_update=on_update,
        primary_key=primary_key,
        unique=unique,
        index=index,
        column=column,
        bits=bits,
    )


def generated(
    sql: str,
    *,
    stored: bool = True,
    index: bool = False,
    column: str = "",
    max_digits: int | None = None,
    decimal_places: int | None = None,
    init: Literal[False] = False,  # noqa: ARG001 - for type checkers: no argument of the constructor
) -> Any:
    """A column that the database computes from others: `total: Field[int] = generated("price * amount")`.

    One that is not `stored` is computed when it is read; PostgreSQL 18 and SQLite can do that.
    """
    return FieldOptions(
        computed=sql,
        computed_stored=stored,
        index=index,
        column=column,
        max_digits=max_digits,
        decimal_places=decimal_places,
    )


def related(
    back: str = "",
    *,
    through: Any = None,
    init: Literal[False] = False,  # noqa: ARG001 - for type checkers, as above
) -> Any:
    """The other side of a relation: what is not a column of this model's own table.

    `back` is the field of the other model that leads here, where there are several. `through` is a
    model of your own for the pairs of a `ManyToMany`; it has a foreign key to both sides.
    """
    return RelatedOptions(back=back, through=through)
