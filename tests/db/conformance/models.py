"""The models and rows that every query of the suite is asked about."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from bistro.db import (
    Field,
    ForeignKey,
    ManyToMany,
    Model,
    OneToOne,
    Related,
    auto,
    create_tables,
    field,
    related,
)

BEGIN = datetime(2025, 1, 30, 22, 30, tzinfo=UTC)


class Writer(Model):
    id: Field[int] = auto()
    name: Field[str] = field(max_length=50, unique=True)
    active: Field[bool] = field(default=True)
    articles: Related[Article] = related("writer")
    edited: Related[Article] = related("editor")
    profile: OneToOne[Profile] = related()


class Profile(Model):
    writer: OneToOne[Writer] = field(primary_key=True)
    text: Field[str]


class Label(Model):
    id: Field[int] = auto()
    name: Field[str] = field(unique=True)
    articles: ManyToMany[Article] = related("labels")


class Article(Model):
    id: Field[int] = auto()
    title: Field[str] = field(max_length=100)
    subtitle: Field[str | None]
    views: Field[int] = field(default=0)
    published: Field[bool] = field(default=True)
    written_at: Field[datetime] = auto()
    writer: ForeignKey[Writer]
    editor: ForeignKey[Writer | None] = field(on_delete="set null")
    labels: ManyToMany[Label] = related()
    remarks: Related[Remark] = related()


class Remark(Model):
    id: Field[int] = auto()
    article: ForeignKey[Article]
    writer: ForeignKey[Writer]
    text: Field[str]
    hidden: Field[bool] = field(default=False)


class Folder(Model):
    id: Field[int] = auto()
    name: Field[str]
    parent: ForeignKey[Folder | None]


class Seat(Model):
    row: Field[str] = field(primary_key=True)
    number: Field[int] = field(primary_key=True)
    price: Field[int] = field(default=10)
    bookings: Related[Booking] = related()


class Booking(Model):
    id: Field[int] = auto()
    seat: ForeignKey[Seat]
    guest: Field[str]


MODELS = (Writer, Profile, Label, Article, Remark, Folder, Seat, Booking)
TITLES = (
    "Home",
    "100% sure",
    "under_score",
    "home again",
    "Back\\slash",
    "[a-c]*?",
    "Ünïcode",
    "",
    "Zebra",
    "zoo",
)


async def fill() -> None:
    """Three writers, ten articles, labels on some of them, remarks on two, and a tree of folders."""
    await create_tables(*MODELS)
    ann, bob, cyd = await Writer.objects.bulk_create(
        [Writer(name="Ann"), Writer(name="Bob"), Writer(name="Cyd", active=False)]
    )
    await Profile.objects.create(writer=ann, text="Ann writes")
    articles = await Article.objects.bulk_create(
        [
            Article(
                title=title,
                subtitle=f"sub {number}" if number % 3 == 0 else None,
                views=number * 10 % 70,
                published=number % 4 != 0,
                written_at=BEGIN + timedelta(hours=7 * number),
                writer=ann if number % 2 else bob,
                editor=cyd if number % 5 == 0 else None,
            )
            for number, title in enumerate(TITLES)
        ]
    )
    red, green, _ = await Label.objects.bulk_create([Label(name=name) for name in ("red", "green", "blue")])
    await articles[0].add(Article.labels, red, green)
    await articles[1].add(Article.labels, red)
    await Remark.objects.bulk_create(
        [
            Remark(article=articles[0], writer=ann, text="first"),
            Remark(article=articles[0], writer=bob, text="second", hidden=True),
            Remark(article=articles[3], writer=bob, text="third"),
        ]
    )
    root = await Folder.objects.create(name="root")
    inner = await Folder.objects.create(name="inner", parent=root)
    await Folder.objects.create(name="leaf", parent=inner)
    await Folder.objects.create(name="other")
    seats = await Seat.objects.bulk_create(
        [Seat(row=row, number=number) for row in "AB" for number in (1, 2)]
    )
    await Booking.objects.bulk_create(
        [
            Booking(seat=seats[0], guest="Ann"),
            Booking(seat=seats[0], guest="Bob"),
            Booking(seat=seats[3], guest="Cyd"),
        ]
    )
