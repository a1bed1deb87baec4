"""django-bolt, with msgspec, as its documentation shows; a folder for `manage.py` is made by the runner."""

from __future__ import annotations

import django
import msgspec
from django.conf import settings

if not settings.configured:
    settings.configure(
        ALLOWED_HOSTS=["127.0.0.1"],
        INSTALLED_APPS=["django_bolt"],
        ROOT_URLCONF="benchmarks.peers.apps.bolt_urls",
        SECRET_KEY="of a benchmark, and of nothing else",
        # Without a line of log for each request, as all others.
        LOGGING={"version": 1, "loggers": {"django.server": {"level": "WARNING"}}},
        BOLT_API=["benchmarks.peers.apps.bolt_app:api"],
    )
    django.setup()

from django_bolt import BoltAPI
from django_bolt.responses import PlainText

from benchmarks.peers.apps.common import OTHER_ROUTES

api = BoltAPI(enable_logging=False)


class Item(msgspec.Struct):
    name: str
    price: float
    quantity: int
    tags: list[str]
    active: bool


def add_other(number):
    @api.get(f"/section{number}/{{name}}")
    async def other(name: str):
        return PlainText(name)


for number in OTHER_ROUTES:
    add_other(number)


@api.get("/json")
async def json():
    return {"message": "Hello, World!"}


@api.get("/plaintext")
async def plaintext():
    return PlainText("Hello, World!")


@api.get("/users/{user}/posts/{post}")
async def params(user: int, post: str):
    return {"user": user, "post": post}


@api.post("/items")
async def items(item: Item):
    return {"name": item.name, "total": item.price * item.quantity}


if __name__ == "__main__":
    import sys

    from django.core.management import execute_from_command_line

    execute_from_command_line(
        ["manage.py", "runbolt", "--host", "127.0.0.1", "--port", sys.argv[1], "--no-admin"]
    )
