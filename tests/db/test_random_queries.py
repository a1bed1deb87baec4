"""Random queries, with joins, groups and sets of rows: both databases answer what Python finds in the rows."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bistro.db import Database, Predicate, Query, any_of, count, exists, max_, outer, sum_, sync
from tests.db.conformance.models import Article, Remark, Writer, fill

Row = Any
"""An article with its relations loaded."""
Truth = Callable[[Row], "bool | None"]
"""SQL's logic has a third value: None, where nobody can tell."""


@dataclass(frozen=True)
class Condition:
    predicate: Predicate
    holds: Truth
    text: str

    def __repr__(self) -> str:
        return self.text


def compared(
    name: str, column: Any, value_of: Callable[[Row], Any], values: list[Any]
) -> st.SearchStrategy[Condition]:
    """A column of the article, or of one row behind a relation, compared with a value."""
    tests: dict[str, Callable[[Any, Any], Any]] = {
        "==": lambda a, b: a == b, "!=": lambda a, b: a != b, "<": lambda a, b: a < b,
        "<=": lambda a, b: a <= b, ">": lambda a, b: a > b, ">=": lambda a, b: a >= b,
    }  # fmt: skip

    def make(sign: str, value: Any) -> Condition:
        def holds(row: Row) -> bool | None:
            there = value_of(row)
            return None if there is None else bool(tests[sign](there, value))

        return Condition(tests[sign](column, value), holds, f"{name} {sign} {value!r}")

    signs = ["==", "!="] if isinstance(values[0], bool | str) else list(tests)
    return st.builds(make, st.sampled_from(signs), st.sampled_from(values))


def searched(name: str, column: Any, value_of: Callable[[Row], Any]) -> st.SearchStrategy[Condition]:
    tests: dict[str, Callable[[str, str], bool]] = {
        "contains": lambda text, part: part in text,
        "startswith": str.startswith,
        "endswith": str.endswith,
        "icontains": lambda text, part: part.lower() in text.lower(),
        "iexact": lambda text, part: part.lower() == text.lower(),
    }

    def make(test: str, part: str) -> Condition:
        def holds(row: Row) -> bool | None:
            there = value_of(row)
            return None if there is None else tests[test](there, part)

        return Condition(getattr(column, test)(part), holds, f"{name}.{test}({part!r})")

    return st.builds(
        make, st.sampled_from(sorted(tests)), st.sampled_from(["H", "e", "%", "_", "zoo", "Ü", "sub", ""])
    )


def one_of_many() -> st.SearchStrategy[Condition]:
    """Whether one of several rows behind a relation fulfils it, or one row several."""

    def label(name: str) -> Condition:
        return Condition(
            Article.labels.name == name,
            lambda row: any(each.name == name for each in row.labels),
            f"labels.name == {name!r}",
        )

    def remark(hidden: bool, writer: str) -> Condition:
        return Condition(
            any_of(Article.remarks, Remark.hidden == hidden, Remark.writer.name == writer),
            lambda row: any(each.hidden == hidden and each.writer.name == writer for each in row.remarks),
            f"any_of(remarks, hidden == {hidden}, writer.name == {writer!r})",
        )

    def behind(name: str) -> Condition:
        return Condition(
            Article.remarks.writer.name == name,
            lambda row: any(each.writer.name == name for each in row.remarks),
            f"remarks.writer.name == {name!r}",
        )

    def around(views: int, labelled: str) -> Condition:
        # Through the writer back to articles, and on from there.
        return Condition(
            any_of(Article.writer.articles, Article.views == views, Article.labels.name == labelled),
            lambda row: any(
                each.views == views and any(label.name == labelled for label in each.labels)
                for each in row.writer.articles
            ),
            f"any_of(writer.articles, views == {views}, labels.name == {labelled!r})",
        )

    def tied(hidden: bool, sign: str) -> Condition:
        own = Remark.objects.filter(Remark.article.id == outer(Article.id), Remark.hidden == hidden)
        if sign == "==":
            own = own.filter(Remark.writer.name == outer(Article.writer.name))
        return Condition(
            exists(own),
            lambda row: any(
                each.hidden == hidden and (sign != "==" or each.writer.name == row.writer.name)
                for each in row.remarks
            ),
            f"exists(remarks hidden == {hidden}, by the writer {sign})",
        )

    names, colours = st.sampled_from(["Ann", "Bob"]), st.sampled_from(["red", "green", "blue", "none"])
    return st.one_of(
        st.builds(label, colours),
        st.builds(remark, st.booleans(), names),
        st.builds(behind, names),
        st.builds(around, st.sampled_from([0, 10, 20]), colours),
        st.builds(tied, st.booleans(), st.sampled_from(["", "=="])),
    )


def within() -> st.SearchStrategy[Condition]:
    """A key that another query gives."""

    def writers(active: bool) -> Condition:
        chosen = Writer.objects.filter(Writer.active == active).select(Writer.id)
        return Condition(
            Article.writer.id.in_(chosen),
            lambda row: row.writer.active == active,
            f"writers active == {active}",
        )

    def articles(inner: Condition) -> Condition:
        chosen = Article.objects.filter(inner.predicate).select(Article.id)
        return Condition(Article.id.in_(chosen), lambda row: inner.holds(row) is True, f"id in ({inner})")

    return st.builds(writers, st.booleans()) | st.builds(articles, leaves())


def leaves() -> st.SearchStrategy[Condition]:
    numbers = [0, 10, 20, 25, 90]
    return st.one_of(
        compared("views", Article.views, lambda row: row.views, numbers),
        compared("published", Article.published, lambda row: row.published, [True, False]),
        compared("subtitle", Article.subtitle, lambda row: row.subtitle, ["sub 3", ""]),
        compared("writer.name", Article.writer.name, lambda row: row.writer.name, ["Ann", "Bob", "Cyd"]),
        compared(
            "editor.name", Article.editor.name, lambda row: row.editor and row.editor.name, ["Ann", "Cyd"]
        ),
        compared("views + id", Article.views + Article.id, lambda row: row.views + row.id, numbers),
        compared("writer.profile.text", Article.writer.profile.text, profile_of, ["Ann writes", "x"]),
        searched("title", Article.title, lambda row: row.title),
        searched("subtitle", Article.subtitle, lambda row: row.subtitle),
        one_of_many(),
    )


def profile_of(row: Row) -> str | None:
    return row.writer.profile.text if row.writer.profile is not None else None


def negated(inner: Condition) -> Condition:
    def holds(row: Row) -> bool | None:
        found = inner.holds(row)
        return None if found is None else not found

    return Condition(~inner.predicate, holds, f"~({inner})")


def both(left: Condition, right: Condition) -> Condition:
    def holds(row: Row) -> bool | None:
        found = (left.holds(row), right.holds(row))
        return False if False in found else None if None in found else True

    return Condition(left.predicate & right.predicate, holds, f"({left} & {right})")


def either(left: Condition, right: Condition) -> Condition:
    def holds(row: Row) -> bool | None:
        found = (left.holds(row), right.holds(row))
        return True if True in found else None if None in found else False

    return Condition(left.predicate | right.predicate, holds, f"({left} | {right})")


conditions: st.SearchStrategy[Condition] = st.recursive(
    leaves() | within(),
    lambda inner: st.builds(negated, inner) | st.builds(both, inner, inner) | st.builds(either, inner, inner),
    max_leaves=5,
)


@dataclass(frozen=True)
class Question:
    """A query, what Python finds for it, and whether the order of the answer means something."""

    query: Query[Any]
    answer: Callable[[list[Row]], list[Any]]
    text: str
    has_order: bool = False

    def __repr__(self) -> str:
        return self.text


def those(condition: Condition, rows: list[Row]) -> list[Row]:
    return [row for row in rows if condition.holds(row) is True]


@st.composite
def parts(draw: st.DrawFn) -> Question:
    """Some rows in an order, without some at the beginning and the end."""
    condition = draw(conditions)
    limit, offset = draw(st.integers(0, 9)), draw(st.integers(0, 4))
    turned = draw(st.booleans())
    query = Article.objects.filter(condition.predicate).order_by(
        Article.editor.id.asc(nulls="last"), Article.views.desc(), Article.id
    )
    query = query.reverse() if turned else query

    def answer(rows: list[Row]) -> list[Any]:
        found = sorted(
            those(condition, rows),
            key=lambda row: (row.editor_id is None, row.editor_id or 0, -row.views, row.id),
        )
        found = found[::-1] if turned else found
        return [row.id for row in found][offset : offset + limit]

    selected = query.limit(limit).offset(offset).select(Article.id)
    return Question(selected, answer, f"{condition} [{offset}:{offset + limit}] {turned=}", has_order=True)


@st.composite
def groups(draw: st.DrawFn) -> Question:
    """Sums for each writer, of those that have enough articles."""
    condition, least = draw(conditions), draw(st.integers(1, 3))
    query = (
        Article.objects.filter(condition.predicate)
        .select(Article.writer.name, count(), sum_(Article.views), max_(Article.editor.name))
        .group_by(Article.writer.name)
        .having(count() >= least)
    )

    def answer(rows: list[Row]) -> list[Any]:
        by_writer = defaultdict(list)
        for row in those(condition, rows):
            by_writer[row.writer.name].append(row)
        return [
            (
                name,
                len(own),
                sum(row.views for row in own),
                max(filter(None, map(editor_of, own)), default=None),
            )
            for name, own in by_writer.items()
            if len(own) >= least
        ]

    return Question(query, answer, f"{condition} by writer, at least {least}")


def editor_of(row: Row) -> str | None:
    return row.editor.name if row.editor is not None else None


@st.composite
def beside(draw: st.DrawFn) -> Question:
    """Articles beside what was computed for each writer."""
    condition, inner, least = draw(conditions), draw(conditions), draw(st.integers(0, 60))
    optional = draw(st.booleans())
    views, number = sum_(Article.views), count()
    totals = (
        Article.objects.filter(inner.predicate)
        .select(Article.writer.name, views, number)
        .group_by(Article.writer.name)
        .having(sum_(Article.views) >= least)
        .cte("totals")
    )
    query = (
        Article.objects.filter(condition.predicate)
        .join(totals, totals[Article.writer.name] == Article.writer.name, optional=optional)
        .select(Article.id, totals[views], totals[number])
    )

    def answer(rows: list[Row]) -> list[Any]:
        by_writer = defaultdict(list)
        for row in those(inner, rows):
            by_writer[row.writer.name].append(row.views)
        found = [(row.id, by_writer[row.writer.name]) for row in those(condition, rows)]
        enough = [(key, sum(own), len(own)) for key, own in found if own and sum(own) >= least]
        missing = [(key, None, None) for key, own in found if not own or sum(own) < least]
        return enough + missing if optional else enough

    return Question(query, answer, f"{condition} beside {inner} >= {least}, {optional=}")


@st.composite
def sets(draw: st.DrawFn) -> Question:
    """Two queries put together."""
    left, right = draw(conditions), draw(conditions)
    kind = draw(st.sampled_from(["union", "union all", "intersect", "difference"]))
    one, other = (
        Article.objects.filter(each.predicate).select(Article.views, Article.writer.name)
        for each in (left, right)
    )
    query = {
        "union": lambda: one.union(other),
        "union all": lambda: one.union(other, all=True),
        "intersect": lambda: one.intersect(other),
        "difference": lambda: one.difference(other),
    }[kind]()

    def answer(rows: list[Row]) -> list[Any]:
        here, there = ([(row.views, row.writer.name) for row in those(each, rows)] for each in (left, right))
        found = {
            "union": set(here) | set(there),
            "union all": here + there,
            "intersect": set(here) & set(there),
            "difference": set(here) - set(there),
        }[kind]
        return list(found)

    return Question(query, answer, f"{left} {kind} {right}")


async def read() -> list[Row]:
    """All articles with everything that conditions are about."""
    relations = (
        Article.editor,
        Article.labels,
        Article.remarks.writer,
        Article.writer.profile,
        Article.writer.articles.labels,
    )
    return await Article.objects.load(*relations).order_by("id").all()


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["sqlite_url", pytest.param("postgres_url", marks=pytest.mark.service)])
def test_database_answers_what_python_finds(kind: str, request: pytest.FixtureRequest) -> None:
    with Database(request.getfixturevalue(kind)):
        sync(fill())
        rows = sync(read())

        @settings(max_examples=150, deadline=None)
        @given(parts() | groups() | beside() | sets() | cut_sets())
        def ask(question: Question) -> None:
            found, expected = sync(question.query.all()), question.answer(rows)
            if question.has_order:
                assert found == expected
            else:
                assert sorted(found, key=repr) == sorted(expected, key=repr)

        ask()


@st.composite
def cut_sets(draw: st.DrawFn) -> Question:
    """Whole rows of two queries put together, in an order and without some at the beginning and the end."""
    left, right = draw(conditions), draw(conditions)
    kind = draw(st.sampled_from(["union", "intersect", "difference"]))
    limit, offset, turned = draw(st.integers(0, 6)), draw(st.integers(0, 3)), draw(st.booleans())
    one, other = (Article.objects.filter(each.predicate) for each in (left, right))
    query = {"union": one.union, "intersect": one.intersect, "difference": one.difference}[kind](other)
    query = query.order_by(Article.views.desc(), Article.id)
    query = query.reverse() if turned else query

    def answer(rows: list[Row]) -> list[Any]:
        here, there = ({row.id for row in those(each, rows)} for each in (left, right))
        keys = {"union": here | there, "intersect": here & there, "difference": here - there}[kind]
        found = sorted((row for row in rows if row.id in keys), key=lambda row: (-row.views, row.id))
        found = found[::-1] if turned else found
        return found[offset : offset + limit]

    text = f"{left} {kind} {right} [{offset}:{offset + limit}] {turned=}"
    return Question(query.limit(limit).offset(offset), answer, text, has_order=True)


@dataclass(frozen=True)
class Part:
    """Which articles of each writer, and in which order."""

    condition: Condition
    limit: int | None
    offset: int
    turned: bool

    def query(self) -> Query[Article]:
        query = Article.objects.filter(self.condition.predicate).order_by(Article.views.desc(), Article.id)
        query = query.reverse() if self.turned else query
        query = query if self.limit is None else query.limit(self.limit)
        return query.offset(self.offset) if self.offset else query

    def of(self, rows: list[Row]) -> list[int]:
        found = sorted(those(self.condition, rows), key=lambda row: (-row.views, row.id))
        keys = [row.id for row in (found[::-1] if self.turned else found)][self.offset :]
        return keys if self.limit is None else keys[: self.limit]


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["sqlite_url", pytest.param("postgres_url", marks=pytest.mark.service)])
def test_each_row_gets_the_rows_behind_it_that_python_finds(
    kind: str, request: pytest.FixtureRequest
) -> None:
    with Database(request.getfixturevalue(kind)):
        sync(fill())
        rows = sync(read())

        @settings(max_examples=60, deadline=None)
        @given(st.builds(Part, conditions, st.none() | st.integers(0, 4), st.integers(0, 2), st.booleans()))
        def load(part: Part) -> None:
            writers = sync(Writer.objects.load(Writer.articles, query=part.query()).all())
            for writer in writers:
                own = [row for row in rows if row.writer.id == writer.id]
                assert [each.id for each in writer.articles] == part.of(own)

        load()


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["sqlite_url", pytest.param("postgres_url", marks=pytest.mark.service)])
def test_changes_hit_the_rows_that_python_finds(kind: str, request: pytest.FixtureRequest) -> None:
    with Database(request.getfixturevalue(kind)):
        sync(fill())
        rows = sync(read())

        @settings(max_examples=60, deadline=None)
        @given(conditions)
        def change(condition: Condition) -> None:
            query = Article.objects.filter(condition.predicate)
            expected = [row.id for row in those(condition, rows)]
            assert sync(query.count()) == len(expected)
            assert sync(query.exists()) == bool(expected)
            # The same titles again, so that the next question finds the rows as they were.
            assert sync(query.update(Article.title.set(Article.title))) == len(expected)
            assert sync(query.aggregate(sum_(Article.views))) == (
                sum(row.views for row in rows if row.id in expected) if expected else None
            )

        change()
