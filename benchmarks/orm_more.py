"""The operations of `orm.py` by Tortoise, Piccolo and Peewee, which are installed for this alone."""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType
from typing import Any

from benchmarks import extra_packages
from benchmarks.orm_others import Operation, awaited_all


def prepare() -> bool:
    """Make Tortoise, Piccolo and Peewee importable; False where they can't be installed."""
    return extra_packages.prepare("orm", "Tortoise, Piccolo and Peewee")


class Tortoise:
    """Tortoise, on asyncpg and on aiosqlite."""

    name = "tortoise"

    async def operations(self, kind: str, target: str) -> dict[str, Operation]:
        import tortoise
        from tortoise import fields, models

        class Author(models.Model):
            id = fields.BigIntField(primary_key=True)
            name, email = fields.TextField(), fields.TextField()
            active, created_at = fields.BooleanField(), fields.DatetimeField(null=True)

            class Meta:
                table = "bench_author"

        class Tag(models.Model):
            id, name = fields.BigIntField(primary_key=True), fields.TextField()

            class Meta:
                table = "bench_tag"

        class Post(models.Model):
            id = fields.BigIntField(primary_key=True)
            author: Any = fields.ForeignKeyField("models.Author")
            title, body = fields.TextField(), fields.TextField()
            published, views = fields.BooleanField(), fields.BigIntField()
            created_at, updated_at = fields.DatetimeField(null=True), fields.DatetimeField(null=True)
            tags: Any = fields.ManyToManyField(
                "models.Tag", through="bench_post_tags", forward_key="tag_id", backward_key="post_id"
            )

            class Meta:
                table = "bench_post"

        class Note(models.Model):
            id = fields.BigIntField(primary_key=True)
            title, body, views = fields.TextField(), fields.TextField(), fields.BigIntField()

            class Meta:
                table = "bench_note"

        module = ModuleType("bench_models")
        for model in (Author, Tag, Post, Note):
            model.__module__ = module.__name__
            setattr(module, model.__name__, model)
        url = f"sqlite://{target}" if kind == "sqlite" else target.replace("postgresql:", "asyncpg:")
        await tortoise.Tortoise.init(db_url=url, modules={"models": [module]}, use_tz=True)
        joined = Post.all().order_by("id").limit(20).prefetch_related("author", "tags")
        return _calling(
            get=lambda: Post.get(id=5),
            list20=lambda: Post.filter(views__gte=490, published=True).order_by("-views").limit(20),
            list1000=lambda: Post.all().order_by("id").limit(1000),
            joined=lambda: joined,
            insert=lambda: Note.create(title="t", body="b", views=1),
            update=lambda: Post.filter(id=5).update(title="new"),
            bulk1000=lambda: Note.bulk_create(
                [Note(title="t", body="b", views=each) for each in range(1000)]
            ),
        )


class Piccolo:
    """Piccolo, on asyncpg with a pool and on aiosqlite."""

    name = "piccolo"

    async def operations(self, kind: str, target: str) -> dict[str, Operation]:
        from piccolo import columns as c
        from piccolo.engine.postgres import PostgresEngine
        from piccolo.engine.sqlite import SQLiteEngine
        from piccolo.table import Table

        engine: Any = SQLiteEngine(path=target)
        if kind != "sqlite":
            engine = PostgresEngine(config={"dsn": target})
            await engine.start_connection_pool(min_size=1, max_size=1)

        class Author(Table, tablename="bench_author", db=engine):
            id = c.BigSerial(primary_key=True)
            name, email, active, created_at = c.Text(), c.Text(), c.Boolean(), c.Timestamptz()

        class Post(Table, tablename="bench_post", db=engine):
            id, author = c.BigSerial(primary_key=True), c.ForeignKey(Author, db_column_name="author_id")
            title, body, published, views = c.Text(), c.Text(), c.Boolean(), c.BigInt()
            created_at, updated_at = c.Timestamptz(), c.Timestamptz()

        class Note(Table, tablename="bench_note", db=engine):
            id = c.BigSerial(primary_key=True)
            title, body, views = c.Text(), c.Text(), c.BigInt()

        high = (Post.views >= 490) & (Post.published == True)  # noqa: E712
        # It can't load many-to-many into objects.
        return _calling(
            get=lambda: Post.objects().where(Post.id == 5).first(),
            list20=lambda: Post.objects().where(high).order_by(Post.views, ascending=False).limit(20),
            list1000=lambda: Post.objects().order_by(Post.id).limit(1000),
            insert=lambda: Note(title="t", body="b", views=1).save(),
            update=lambda: Post.update({Post.title: "new"}).where(Post.id == 5),
            bulk1000=lambda: Note.insert(*[Note(title="t", body="b", views=each) for each in range(1000)]),
        )


class Peewee:
    """Peewee, which is synchronous: on sqlite3, and on psycopg 2."""

    name = "peewee"

    async def operations(self, kind: str, target: str) -> dict[str, Operation]:
        import peewee
        from playhouse import db_url

        connection = peewee.SqliteDatabase(target) if kind == "sqlite" else db_url.connect(target)
        connection.connect()

        class Base(peewee.Model):  # type: ignore[misc]
            id = peewee.BigAutoField() if kind != "sqlite" else peewee.AutoField()

            class Meta:
                database = connection

        class Author(Base):
            name, email = peewee.TextField(), peewee.TextField()
            active, created_at = peewee.BooleanField(), peewee.DateTimeField()

            class Meta:
                table_name = "bench_author"

        class Tag(Base):
            name = peewee.TextField()

            class Meta:
                table_name = "bench_tag"

        class Post(Base):
            author = peewee.ForeignKeyField(Author, column_name="author_id")
            title, body = peewee.TextField(), peewee.TextField()
            published, views = peewee.BooleanField(), peewee.BigIntegerField()
            created_at, updated_at = peewee.DateTimeField(), peewee.DateTimeField()

            class Meta:
                table_name = "bench_post"

        class PostTag(Base):
            post, tag = peewee.ForeignKeyField(Post, backref="pairs"), peewee.ForeignKeyField(Tag)

            class Meta:
                table_name = "bench_post_tags"

        class Note(Base):
            title, body, views = peewee.TextField(), peewee.TextField(), peewee.BigIntegerField()

            class Meta:
                table_name = "bench_note"

        ordered = Post.select().order_by(Post.id)
        high = Post.select().where(Post.views >= 490, Post.published == True)  # noqa: E712
        with_author = Post.select(Post, Author).join(Author).order_by(Post.id).limit(20)
        pairs = PostTag.select(PostTag, Tag).join(Tag)
        rows = [("t", "b", each) for each in range(1000)]
        names = [Note.title, Note.body, Note.views]
        return awaited_all(
            get=lambda: Post.get_by_id(5),
            list20=lambda: list(high.order_by(Post.views.desc()).limit(20)),
            list1000=lambda: list(ordered.limit(1000)),
            joined=lambda: peewee.prefetch(with_author.clone(), pairs.clone()),
            insert=lambda: Note.create(title="t", body="b", views=1),
            update=lambda: Post.update(title="new").where(Post.id == 5).execute(),
            bulk1000=lambda: Note.insert_many(rows, fields=names).execute(),
        )


def _calling(**functions: Callable[[], Any]) -> dict[str, Operation]:
    def call(function: Callable[[], Any]) -> Operation:
        async def run() -> Any:
            return await function()

        return run

    return {name: call(function) for name, function in functions.items()}
