"""The operations of `orm.py` by Django and by SQLAlchemy's ORM."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any, Protocol
from urllib.parse import urlsplit

Operation = Callable[[], Awaitable[Any]]


class Others(Protocol):
    """Another library; `operations` connects it to the database at `target`."""

    name: str

    async def operations(self, kind: str, target: str) -> dict[str, Operation]: ...


class Django:
    """Django's ORM as it is cheapest: its synchronous API on a connection that stays."""

    name = "django"

    async def operations(self, kind: str, target: str) -> dict[str, Operation]:
        import django
        from django.conf import settings

        databases = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": target}}
        if kind == "postgresql":
            parts = urlsplit(target)
            databases["default"] = {
                "ENGINE": "django.db.backends.postgresql",
                "NAME": parts.path[1:],
                "USER": parts.username or "",
                "PASSWORD": parts.password or "",
                "HOST": parts.hostname or "",
                "PORT": str(parts.port or ""),
            }
        settings.configure(
            DATABASES=databases,
            USE_TZ=True,
            INSTALLED_APPS=["benchmarks"],
            DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
        )
        django.setup()
        from django.db import models

        class Author(models.Model):
            name, email = models.TextField(), models.TextField()
            active, created_at = models.BooleanField(), models.DateTimeField()

            class Meta:
                app_label, db_table = "benchmarks", "bench_author"

        class Tag(models.Model):
            name = models.TextField()

            class Meta:
                app_label, db_table = "benchmarks", "bench_tag"

        class Post(models.Model):
            author = models.ForeignKey(Author, models.CASCADE)
            title, body = models.TextField(), models.TextField()
            published, views = models.BooleanField(), models.BigIntegerField()
            created_at, updated_at = models.DateTimeField(), models.DateTimeField()
            tags = models.ManyToManyField(Tag, db_table="bench_post_tags")

            class Meta:
                app_label, db_table = "benchmarks", "bench_post"

        class Note(models.Model):
            title, body, views = models.TextField(), models.TextField(), models.BigIntegerField()

            class Meta:
                app_label, db_table = "benchmarks", "bench_note"

        joined = Post.objects.order_by("id").select_related("author").prefetch_related("tags")
        return awaited_all(
            get=lambda: Post.objects.get(id=5),
            list20=lambda: list(Post.objects.filter(views__gte=490, published=True).order_by("-views")[:20]),
            list1000=lambda: list(Post.objects.order_by("id")[:1000]),
            joined=lambda: list(joined[:20]),
            insert=lambda: Note.objects.create(title="t", body="b", views=1),
            update=lambda: Post.objects.filter(id=5).update(title="new"),
            bulk1000=lambda: Note.objects.bulk_create(
                [Note(title="t", body="b", views=each) for each in range(1000)]
            ),
        )


class SqlAlchemy:
    """SQLAlchemy's ORM, a session for each operation: async on PostgreSQL, synchronous on SQLite."""

    name = "sqlalchemy orm"

    async def operations(self, kind: str, target: str) -> dict[str, Operation]:
        import sqlalchemy as sa
        from sqlalchemy import orm
        from sqlalchemy.ext import asyncio as sa_asyncio

        base = orm.declarative_base()
        pairs = sa.Table(
            "bench_post_tags",
            base.metadata,
            sa.Column("post_id", sa.ForeignKey("bench_post.id")),
            sa.Column("tag_id", sa.ForeignKey("bench_tag.id")),
        )

        def key() -> Any:
            return sa.Column(sa.BigInteger().with_variant(sa.Integer(), "sqlite"), primary_key=True)

        moment = sa.DateTime(timezone=True).with_variant(_Moment(), "sqlite")

        class Author(base):  # type: ignore[valid-type, misc]
            __tablename__ = "bench_author"
            id, name, email = key(), sa.Column(sa.Text), sa.Column(sa.Text)
            active, created_at = sa.Column(sa.Boolean), sa.Column(moment)

        class Tag(base):  # type: ignore[valid-type, misc]
            __tablename__ = "bench_tag"
            id, name = key(), sa.Column(sa.Text)

        class Post(base):  # type: ignore[valid-type, misc]
            __tablename__ = "bench_post"
            id, author_id = key(), sa.Column(sa.ForeignKey("bench_author.id"))
            title, body = sa.Column(sa.Text), sa.Column(sa.Text)
            published, views = sa.Column(sa.Boolean), sa.Column(sa.BigInteger)
            created_at, updated_at = sa.Column(moment), sa.Column(moment)
            author, tags = orm.relationship(Author), orm.relationship(Tag, secondary=pairs)

        class Note(base):  # type: ignore[valid-type, misc]
            __tablename__ = "bench_note"
            id, title, body = key(), sa.Column(sa.Text), sa.Column(sa.Text)
            views = sa.Column(sa.BigInteger)

        ordered = sa.select(Post).order_by(Post.id)
        list20 = (
            sa.select(Post).where(Post.views >= 490, Post.published).order_by(Post.views.desc()).limit(20)
        )
        loading = (orm.joinedload(Post.author), orm.selectinload(Post.tags))
        selects = {
            "get": lambda: sa.select(Post).where(Post.id == 5),
            "list20": lambda: list20,
            "list1000": lambda: ordered.limit(1000),
            "joined": lambda: ordered.limit(20).options(*loading),
        }
        if kind == "sqlite":
            session: Any = orm.sessionmaker(sa.create_engine(f"sqlite:///{target}"))

            def read(select: Any) -> Any:
                with session() as current:
                    return current.scalars(select()).all()

            def insert() -> None:
                with session() as current:
                    current.add(Note(title="t", body="b", views=1))
                    current.commit()

            return awaited_all(
                insert=insert,
                **{name: lambda select=select: read(select) for name, select in selects.items()},
            )
        engine = sa_asyncio.create_async_engine(target.replace("postgresql://", "postgresql+asyncpg://"))
        asession = sa_asyncio.async_sessionmaker(engine)

        def reading(select: Any) -> Operation:
            async def run() -> Any:
                async with asession() as current:
                    return (await current.scalars(select())).all()

            return run

        async def insert_async() -> None:
            async with asession() as current:
                current.add(Note(title="t", body="b", views=1))
                await current.commit()

        return {"insert": insert_async, **{name: reading(select) for name, select in selects.items()}}


def _Moment() -> Any:  # noqa: N802 - it makes a type
    """SQLite's texts as they stand in our tables."""
    import sqlalchemy as sa

    class Moment(sa.TypeDecorator[datetime]):
        impl, cache_ok = sa.Text, True

        def process_result_value(self, value: Any, dialect: Any) -> datetime:
            return datetime.fromisoformat(value)

    return Moment()


def awaited_all(**functions: Callable[[], Any]) -> dict[str, Operation]:
    def awaited(function: Callable[[], Any]) -> Operation:
        async def run() -> Any:
            return function()

        return run

    return {name: awaited(function) for name, function in functions.items()}
