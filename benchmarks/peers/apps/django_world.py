"""TechEmpower's cases by Django's ORM, on connections that stay open."""

from __future__ import annotations

from urllib.parse import urlsplit

import django
from django.conf import settings
from django.core.wsgi import get_wsgi_application
from django.http import HttpResponse, JsonResponse
from django.urls import path

from benchmarks.peers.apps.numbers import URL, one, some

parts = urlsplit(URL)
if parts.scheme == "sqlite":
    database = {"ENGINE": "django.db.backends.sqlite3", "NAME": parts.path[1:], "OPTIONS": {"timeout": 20}}
else:
    database = {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": parts.path[1:],
        "USER": parts.username or "",
        "PASSWORD": parts.password or "",
        "HOST": parts.hostname or "",
        "PORT": str(parts.port or ""),
    }
settings.configure(
    ALLOWED_HOSTS=["127.0.0.1"],
    ROOT_URLCONF=__name__,
    SECRET_KEY="of a benchmark, and of nothing else",
    DATABASES={"default": {**database, "CONN_MAX_AGE": None}},
)
django.setup()

from django.db import models  # noqa: E402 - models need the settings


class World(models.Model):
    id = models.IntegerField(primary_key=True)
    randomnumber = models.IntegerField()

    class Meta:
        app_label, db_table = "benchmarks", "world"


def plaintext(request):
    return HttpResponse("Hello, World!", content_type="text/plain")


def answer(world):
    return {"id": world.id, "randomnumber": world.randomnumber}


def db(request):
    return JsonResponse(answer(World.objects.get(id=one())))


def queries(request):
    keys = some(request.GET.get("queries"))
    return JsonResponse([answer(World.objects.get(id=number)) for number in keys], safe=False)


def updates(request):
    worlds = [World.objects.get(id=number) for number in some(request.GET.get("queries"))]
    for world in worlds:
        world.randomnumber = one()
    World.objects.bulk_update(worlds, ["randomnumber"])
    return JsonResponse([answer(world) for world in worlds], safe=False)


urlpatterns = [
    path("plaintext", plaintext),
    path("db", db),
    path("queries", queries),
    path("updates", updates),
]
app = get_wsgi_application()
