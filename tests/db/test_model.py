"""Models: a row is an instance at the speed of a Struct, the class's attributes are the columns."""

from __future__ import annotations

import copy
import pickle
from datetime import datetime
from typing import Annotated, Any, ClassVar

import msgspec
import pytest

from bistro.db.constraints import Index, Unique
from bistro.db.expressions import Column
from bistro.db.fields import Field, ForeignKey, ManyToMany, OneToOne, Related, auto, field, related
from bistro.db.model import Model
from bistro.db.model_errors import ModelError, NotLoaded
from bistro.db.paths import UnknownField


class Stamped(Model, abstract=True, constraints=(Unique(("created_at",)),)):
    id: Field[int] = auto()
    created_at: Field[datetime] = auto()

    def age_in_days(self, now: datetime) -> int:
        return (now - self.created_at).days


class Author(Stamped):
    name: Field[str] = field(max_length=50)
    password: Field[str] = field(default="", private=True)
    books: Related[Book] = related("author")
    profile: OneToOne[Profile] = related()

    limit: ClassVar[int] = 3


class Profile(Model):
    author: OneToOne[Author] = field(primary_key=True)
    text: Field[str]


class Tag(Model):
    code: Field[str] = field(primary_key=True, max_length=20)


class Book(Stamped):
    author: ForeignKey[Author]
    editor: ForeignKey[Author | None] = field(on_delete="set null")
    sequel_of: ForeignKey[Book | None]
    title: Field[str] = field(max_length=100, min_length=1)
    pages: Field[int] = field(default=0, ge=0)
    subtitle: Field[str | None]
    tags: ManyToMany[Tag] = related()


class Seat(Model):
    row: Field[str] = field(primary_key=True)
    number: Field[int] = field(primary_key=True)


class Booking(Model):
    id: Field[int] = auto()
    seat: ForeignKey[Seat]


def test_class_has_the_column_and_the_instance_the_value() -> None:
    book = Book(title="Emma")

    assert isinstance(Book.title, Column)
    assert book.title == "Emma"


def test_instances_read_their_columns_without_any_python_code() -> None:
    assert type(vars(Book)["title"]).__name__ == "member_descriptor"


def test_foreign_key_makes_a_column_for_the_key_of_the_other_model() -> None:
    assert list(Book.__table_info__.columns) == [
        "id", "created_at", "author_id", "editor_id", "sequel_of_id", "title", "pages", "subtitle",
    ]  # fmt: skip


def test_foreign_key_to_a_composite_key_makes_a_column_for_each_part() -> None:
    assert list(Booking.__table_info__.columns) == ["id", "seat_row", "seat_number"]
    assert [column.type.kind for column in Booking.__table_info__.columns.values()] == [
        "integer",
        "text",
        "integer",
    ]


def test_defaults_fill_what_nobody_gives_and_the_rest_stays_unset() -> None:
    book = Book(title="Emma")

    assert book.pages == 0
    assert book.subtitle is None
    assert book.id is msgspec.UNSET


def test_relation_that_was_not_loaded_names_the_load_to_add() -> None:
    with pytest.raises(NotLoaded) as caught:
        _ = Book(title="Emma").author

    assert caught.value.what == "Book.author was not loaded"
    assert ".load(Book.author)" in caught.value.fix
    assert caught.value.where[0].file == __file__


def test_optional_relation_without_a_row_is_none_and_needs_no_query() -> None:
    assert Book(title="Emma").editor is None


def test_setting_a_relation_sets_its_column() -> None:
    author = Author(name="Jane")
    author.id = 7
    book = Book(title="Emma")

    book.author = author

    assert (book.author, msgspec.structs.asdict(book)["author_id"]) == (author, 7)


def test_json_has_the_columns_and_the_loaded_relations_and_nothing_unset() -> None:
    tag = Tag(code="classic")
    book = Book(title="Emma")
    book.tags = [tag]

    assert msgspec.json.decode(msgspec.json.encode(book)) == {
        "editor_id": None,
        "sequel_of_id": None,
        "title": "Emma",
        "pages": 0,
        "subtitle": None,
        "tags": [{"code": "classic"}],
    }


def test_instances_can_be_pickled_and_copied_with_their_relations() -> None:
    book = Book(title="Emma", author=Author(name="Jane"))

    assert pickle.loads(pickle.dumps(book)).author.name == "Jane"
    assert copy.copy(book).author is book.author


def test_instances_are_equal_by_model_and_key() -> None:
    first, same, other = Tag(code="a"), Tag(code="a"), Tag(code="b")

    assert first == same
    assert hash(first) == hash(same)
    assert first != other
    assert Book(title="x") != Book(title="x")
    assert first != Seat(row="a", number=1)


def test_private_field_is_a_plain_value_that_no_json_has() -> None:
    author = Author(name="Jane", password="secret")
    copied = pickle.loads(pickle.dumps(copy.copy(author)))
    book = Book(title="Emma", author=copied)

    assert (author.password, copied.password, copied.name) == ("secret", "secret", "Jane")
    author.password = "other"
    assert author.password == "other"
    assert Author(name="Jane").password == ""
    assert msgspec.json.decode(msgspec.json.encode(author)) == {"name": "Jane"}
    assert b"secret" not in msgspec.json.encode([book, {"by": copied}])


def test_repr_shows_what_is_set_and_nothing_private() -> None:
    assert repr(Author(name="Jane", password="secret")) == "Author(name='Jane')"


def test_abstract_model_gives_its_fields_methods_and_rules_to_others_and_has_no_table() -> None:
    book = Book(title="Emma")
    book.created_at = datetime(2025, 1, 1)

    assert book.age_in_days(datetime(2025, 1, 5)) == 4
    assert Book.__table_info__.constraints == (Unique(("created_at",)),)
    with pytest.raises(AttributeError):
        _ = Stamped.__table_info__


def test_class_variable_is_no_column() -> None:
    assert Author.limit == 3
    assert "limit" not in Author.__table_info__.columns


def test_unknown_field_of_a_model_and_of_a_relation_names_the_nearest_one() -> None:
    with pytest.raises(UnknownField, match="Did you mean 'title'"):
        _ = Book.titel  # type: ignore[attr-defined]
    with pytest.raises(UnknownField, match="Author has no field 'nme'"):
        _ = Book.author.nme  # type: ignore[attr-defined]


def test_key_behind_a_foreign_key_is_its_own_column_so_that_no_join_is_needed() -> None:
    assert Book.author.id.key is Book.__table_info__.columns["author_id"]


def test_fields_may_be_called_like_the_parts_of_a_path() -> None:
    class Node(Model):
        id: Field[int] = auto()
        parent: ForeignKey[Node | None]
        relation: Field[str]

    assert repr(Node.parent.parent.relation) == "<Column Node.relation>"


def test_reverse_sides_find_the_foreign_key_that_they_are_the_reverse_of() -> None:
    books, profile = (Author.__table_info__.relations[name] for name in ("books", "profile"))

    assert [(here.field, there.field) for here, there in books.pairs] == [("id", "author_id")]
    assert [(here.field, there.field) for here, there in profile.pairs] == [("id", "author_id")]
    assert (books.is_many, profile.is_many) == (True, False)


def test_many_to_many_without_a_model_of_its_own_gets_a_table_of_pairs() -> None:
    through = Book.__table_info__.relations["tags"].through

    assert (through.table.name, list(through.table.columns)) == ("book_tags", ["book_id", "tag_code"])


def test_many_to_many_goes_through_a_model_that_is_named() -> None:
    class Team(Model):
        id: Field[int] = auto()
        members: ManyToMany[Person] = related(through="Membership")

    class Person(Model):
        id: Field[int] = auto()
        teams: ManyToMany[Team] = related("members")

    class Membership(Model):
        team: ForeignKey[Team] = field(primary_key=True)
        person: ForeignKey[Person] = field(primary_key=True)
        since: Field[datetime] = auto()

    forth, back = (
        Team.__table_info__.relations["members"].through,
        Person.__table_info__.relations["teams"].through,
    )
    assert forth.table is back.table is Membership.__table_info__
    assert forth.left[0][1] is back.right[0][0]
    assert (forth.left[0][1].field, back.left[0][1].field) == ("team_id", "person_id")


def test_create_update_and_out_leave_out_what_clients_may_not_set_or_see() -> None:
    assert Author.Create.__struct_fields__ == ("name",)
    assert Author.Update.__struct_fields__ == ("name",)
    assert Author.Out.__struct_fields__ == ("id", "created_at", "name")
    assert "author_id" in Book.Create.__struct_fields__


def test_create_has_the_limits_of_the_fields() -> None:
    with pytest.raises(msgspec.ValidationError, match=r"length >= 1 - at `\$.title`"):
        msgspec.json.decode(b'{"title": "", "author_id": 1}', type=Book.Create)
    with pytest.raises(msgspec.ValidationError, match="required field `author_id`"):
        msgspec.json.decode(b'{"title": "Emma"}', type=Book.Create)


def test_update_tells_what_was_given_from_what_was_not() -> None:
    change = msgspec.json.decode(b'{"subtitle": null}', type=Book.Update)

    assert change.subtitle is None
    assert change.title is msgspec.UNSET


def test_derived_structs_are_one_type_however_often_they_are_named() -> None:
    assert Book.Create is Book.Create


def define(**namespace: Any) -> type[Model]:
    body = {"__module__": __name__, "__qualname__": "Wrong", **namespace}
    return type(Model)("Wrong", (Model,), body)


@pytest.mark.parametrize(
    ("annotations", "values", "what"),
    [
        ({"id": "int"}, {}, "Wrong.id is declared as int"),
        ({"title": "Field[str]"}, {}, "Wrong has no primary key"),
        ({"id": "Field[complex]"}, {}, "complex is no type that a column can hold"),
        ({"id": "Field[Unknown]"}, {}, "Unknown is not defined"),
        ({"id": "Field[Decimal]"}, {}, "a Decimal needs its size"),
        ({"id": "Field[int]"}, {"id": field(bits=128)}, "16, 32 or 64 bits"),
        ({"id": "Field[str]"}, {"id": auto()}, "no database makes text values"),
        ({"id": "Field[int]"}, {"id": related()}, "described by the wrong function"),
        ({"id": "Field[int]", "tags": "ManyToMany[Tag]"}, {"tags": field()}, "described by the wrong function"),
        ({"id": "Field[int]"}, {"name": field()}, "Wrong.name has no type"),
        ({"id": "Field[int]", "objects": "Field[int]"}, {}, "Wrong.objects can't be a field"),
        ({"id": "Field[int]", "_hidden": "Field[int]"}, {}, "Wrong._hidden can't be a field"),
        ({"id": "Field[int]"}, {"id": field(column='x" --')}, "can't be the name of a column"),
        ({"id": "Field[int]", "to": "ForeignKey[Tag]"}, {"to": field(on_delete="set null")}, "may not be null"),
        ({"id": "Field[int"}, {}, "can't be read"),
        ({"id": "Field[Decimal]"}, {"id": field(max_digits=9, decimal_places=2, ge=0)}, "ge is for int and float, not for Decimal"),
        ({"id": "Field[int]"}, {"id": field(max_length=3)}, "max_length is for str and bytes, not for int"),
        ({"id": "Field[bytes]"}, {"id": field(pattern="a+")}, "pattern is for str, not for bytes"),
    ],
)  # fmt: skip
def test_model_that_can_be_no_table_is_refused_with_place_and_fix(
    annotations: dict[str, str], values: dict[str, Any], what: str
) -> None:
    from decimal import Decimal  # noqa: F401 - named by an annotation

    with pytest.raises(ModelError) as caught:
        define(__annotations__=annotations, **values)

    assert what in str(caught.value)
    assert caught.value.where[0].file == __file__
    assert caught.value.fix


def test_model_with_a_table_can_not_be_inherited_from() -> None:
    with pytest.raises(ModelError, match="inherits from Book, which has a table"):

        class Novel(Book):
            pass


def test_relation_to_a_model_that_nobody_defines_is_refused_when_it_is_needed() -> None:
    class Lonely(Model):
        id: Field[int] = auto()
        friend: ForeignKey[Nobody]  # type: ignore[name-defined]  # noqa: F821

    with pytest.raises(ModelError, match="no model is called so"):
        _ = Lonely.friend.name


@pytest.mark.parametrize("rule", [Unique, Index])
def test_a_rule_over_a_text_is_refused_with_what_to_write(rule: type[Unique | Index]) -> None:
    with pytest.raises(ModelError, match=rf'{rule.__name__}\(\("room",\)\)'):
        rule("room", "day")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("annotation", "limits", "right", "wrong"),
    [
        (str | None, {"max_length": 3}, "abc", "abcd"),
        (int | None, {"ge": 1}, 1, 0),
        (Annotated[str | None, "a note"], {"pattern": "^a"}, "a", "b"),
        (Annotated[str, "a note"] | None, {"max_length": 3}, "abc", "abcd"),
    ],
)
def test_a_field_that_may_be_none_has_its_limits_as_well(
    annotation: Any, limits: dict[str, Any], right: object, wrong: object
) -> None:
    # Limits around the union are a type that msgspec can't read: no route could take such a model.
    model = define(
        __annotations__={"id": Field[int], "code": Field[annotation]},
        id=auto(),
        code=field(default=None, **limits),
    )
    for kind in (model.Create, model.Update):
        assert msgspec.convert({"code": right}, kind).code == right
        assert msgspec.convert({"code": None}, kind).code is None
        with pytest.raises(msgspec.ValidationError):
            msgspec.convert({"code": wrong}, kind)
