"""`find_hazards`: a corpus of what locks or breaks a busy site, and one of what does not."""

from __future__ import annotations

import pytest

from bistro.migrations import (
    SQL,
    AddColumn,
    AddRule,
    ChangeColumn,
    Check,
    Column,
    CreateTable,
    DropColumn,
    DropRule,
    DropTable,
    Exclude,
    Fill,
    ForeignKey,
    Index,
    Operation,
    PrimaryKey,
    RenameColumn,
    RenameRule,
    RenameTable,
    RunSQL,
    Table,
    Unique,
)
from bistro.migrations.lint import find_hazards
from bistro.migrations.sql_statements import split_actions, split_statements
from tests.migrations.support import Folder

FIRST = CreateTable(
    Table(
        "note",
        columns=(
            Column("id", "integer", default="auto"),
            Column("title", "text", max_length=40),
            Column("rank", "integer", bits=32),
            Column("day", "date", nullable=True),
            Column("double", "integer", computed="rank * 2"),
        ),
        constraints=(PrimaryKey("pk_note", ("id",)), Unique("uq_note_title", ("title",))),
        indexes=(Index("ix_note_day", ("day",)),),
    )
)
TAG = Table("tag", (Column("id", "integer"), Column("note_id", "integer")), (PrimaryKey("pk_tag", ("id",)),))


def sql(text: str, *, alone: bool = False) -> RunSQL:
    return RunSQL(text, undo="select 1", alone=alone)


UNSAFE: list[tuple[str, Operation]] = [
    ("rename", RenameTable("note", "memo")),
    ("rename", RenameColumn("note", "title", "heading")),
    ("drop", DropTable("note")),
    ("drop", DropColumn("note", "rank")),
    ("required-column", AddColumn("note", Column("slug", "text"))),
    ("required-column", AddColumn("note", Column("pinned", "bool"), fill=False)),
    ("required-column", AddColumn("note", Column("slug", "text"), fill=SQL("lower(title)"))),
    ("rewrite", ChangeColumn("note", Column("rank", "integer"))),
    ("rewrite", ChangeColumn("note", Column("title", "text", max_length=20))),
    ("rewrite", AddColumn("note", Column("triple", "integer", computed="rank * 3"))),
    ("exclude", AddRule("note", Exclude("ex_note", (("title", "="),), using="btree"))),
    ("index", sql("create index ix on note (rank)")),
    ("index", sql("CREATE UNIQUE INDEX ix ON note (rank) -- concurrently")),
    ("concurrently", sql("create index concurrently ix on note (rank)")),
    ("foreign-key", sql("alter table note add constraint fk foreign key (rank) references tag (id)")),
    ("foreign-key", sql("alter table note add column tag_id bigint references tag (id)")),
    ("check", sql("alter table note add constraint ck check (rank > 0)")),
    ("unique", sql("alter table note add constraint uq unique (rank)")),
    ("unique", sql("alter table note add column code text unique")),
    ("type", sql("alter table note alter column rank type bigint")),
    ("type", sql("alter table only note alter rank set data type bigint, add column x text")),
    ("not-null", sql("alter table note alter column day set not null")),
    ("required-column", sql("alter table note add column slug text not null")),
    ("rewrite", sql("alter table note add column token uuid default gen_random_uuid()")),
    ("rewrite", sql("alter table note add column number bigserial")),
    ("rename", sql("alter table note rename column title to heading")),
    ("drop", sql("/* old */ drop table if exists note")),
    ("lock", sql("lock table note in access exclusive mode")),
    ("rewrite", sql("vacuum full note", alone=True)),
    ("view", sql("refresh materialized view totals")),
    ("all-rows", sql("update note set rank = 'where'")),
    ("all-rows", sql("delete from note")),
    ("validate", sql("alter table note add constraint ck check (rank > 0) not valid; alter table note validate constraint ck")),
    ("timeout", sql("set lock_timeout = 0")),
    ("partition", sql("alter table note attach partition note_2026 for values in (2026)")),
    ("transaction", sql("commit; select 1")),
]  # fmt: skip

SAFE: list[Operation] = [
    CreateTable(TAG),
    AddColumn("note", Column("pinned", "bool", default="false")),
    AddColumn("note", Column("slug", "text", nullable=True)),
    AddColumn("note", Column("slug", "text", nullable=True), fill=SQL("lower(title)")),
    AddColumn("note", Column("since", "datetime", default="auto")),
    AddColumn("note", Column("token", "uuid", default="auto")),
    AddColumn("note", Column("kind", "text", default="'plain'")),
    ChangeColumn("note", Column("title", "text", max_length=80)),
    ChangeColumn("note", Column("title", "text")),
    ChangeColumn("note", Column("day", "date"), fill=SQL("current_date")),
    ChangeColumn("note", Column("rank", "integer", bits=32, nullable=True)),
    ChangeColumn("note", Column("rank", "integer", bits=32, default="1")),
    AddRule("note", Index("ix_note_rank", ("rank",))),
    AddRule("note", Index("ix_note_rank", ("lower(title)",), unique=True, where="rank > 0")),
    AddRule("note", Unique("uq_note_rank", ("rank",))),
    AddRule("note", Check("ck_note_rank", "rank > 0")),
    AddRule("note", ForeignKey("fk_note_rank", ("rank",), "note", ("id",))),
    DropRule("note", "ix_note_day"),
    DropRule("note", "uq_note_title"),
    RenameRule("note", "ix_note_day", "ix_note_days"),
    DropColumn("note", "double"),
    Fill("note", "day", SQL("current_date"), where="day IS NULL"),
    sql("create index concurrently if not exists ix on note (rank)", alone=True),
    sql("alter table note add constraint ck check (rank > 0) not valid"),
    sql("alter table note validate constraint ck"),
    sql("alter table note add constraint uq unique using index ix"),
    sql("alter table note add column slug text, alter column rank set default 1"),
    sql("alter table note add column slug text not null default 'lock table note'"),
    sql("update note set rank = 1 where id = 7"),
    sql("insert into note (title) values ('drop table note; delete from note')"),
    sql("create table log (id bigint); create index ix_log on log (id); alter table log add check (id > 0)"),
    sql("comment on table note is $$alter table note rename to memo$$"),
    sql("create function f() returns int language sql as $body$ delete from note; select 1 $body$"),
    sql("alter table note alter column title set statistics 500"),
    sql("refresh materialized view concurrently totals", alone=True),
]  # fmt: skip


def hazards(folder: Folder, *operations: Operation, allow: tuple[str, ...] = ()) -> list[str]:
    folder.add(FIRST, name="first")
    folder.add(*operations, name="second")
    file = folder.path / "0002_second.py"
    file.write_text(file.read_text().replace("    after=", f"    allow={allow!r},\n    after="))
    return [each.code for each in find_hazards(folder.graph().placed[-1])]


@pytest.mark.parametrize(("code", "operation"), UNSAFE, ids=[each.describe() for _, each in UNSAFE])
def test_what_stops_a_site_is_found(folder: Folder, code: str, operation: Operation):
    assert code in hazards(folder, operation)


@pytest.mark.parametrize("operation", SAFE, ids=[each.describe() for each in SAFE])
def test_what_stops_nobody_gives_no_alarm(folder: Folder, operation: Operation):
    assert hazards(folder, operation) == []


def test_the_corpus_is_as_large_as_promised():
    assert len(UNSAFE) >= 30
    assert len(SAFE) >= 30


def test_what_a_migration_allows_is_not_told(folder: Folder):
    assert hazards(folder, DropTable("note"), allow=("drop",)) == []


def test_table_that_the_migration_makes_itself_is_nobody_elses(folder: Folder):
    busy = (
        CreateTable(TAG),
        AddRule("tag", Index("ix_tag", ("note_id",))),
        ChangeColumn("tag", Column("note_id", "text")),
        RenameColumn("tag", "note_id", "name"),
        sql("create index ix_tag_name on tag (name)"),
    )
    assert hazards(folder, *busy) == []


def test_hazard_says_what_it_locks_and_what_to_do(folder: Folder):
    folder.add(FIRST, ChangeColumn("note", Column("rank", "integer")), name="first")
    folder.add(ChangeColumn("note", Column("rank", "float")), name="second")

    (hazard,) = find_hazards(folder.graph().placed[-1])

    assert hazard.lock == "ACCESS EXCLUSIVE"
    assert hazard.what == "note: nobody can read or write while all rows are written anew"
    assert "--expand" in hazard.fix


@pytest.mark.parametrize(
    "operation",
    [
        AddColumn("tag", Column("slug", "text")),
        RenameColumn("tag", "note_id", "about_id"),
        RenameTable("tag", "label"),
        DropColumn("tag", "note_id"),
        DropTable("tag"),
        AddRule("tag", Exclude("ex_tag", (("note_id", "="),), using="btree")),
        ChangeColumn("tag", Column("note_id", "text")),
    ],
)
def test_table_that_the_same_migration_makes_is_nobodys_yet(folder: Folder, operation: Operation) -> None:
    assert hazards(folder, CreateTable(TAG), operation) == []


def test_statements_end_at_semicolons_outside_of_texts_comments_and_quotes():
    text = """select ';' , 'it''s;' -- a; b
    ; select $x$ ; $$ ; $x$ /* ; */, "a;b" ;;"""

    assert split_statements(text) == ["SELECT '' , ''", "SELECT '' , \"A;B\""]


def test_actions_of_one_statement_are_told_apart():
    (statement,) = split_statements("alter table only a.b add x numeric(3, 2), drop y")

    assert split_actions(statement) == ["ALTER TABLE A.B ADD X NUMERIC(3, 2)", "ALTER TABLE A.B DROP Y"]


@pytest.mark.timed
@pytest.mark.parametrize("piece", ["'", "--", "/*", "$$", '"', "(", ",", ";", "a b ", "ALTER TABLE a "])
def test_time_grows_as_the_text_does(piece: str):
    import time

    def seconds(count: int) -> float:
        since = time.perf_counter()
        for each in split_statements(piece * count):
            split_actions(each)
        return time.perf_counter() - since

    seconds(1000)
    small = min(seconds(20_000) for _ in range(5))
    large = min(seconds(40_000) for _ in range(5))
    assert large < small * 3.5 + 0.01
