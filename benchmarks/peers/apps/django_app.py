"""Django: `app` bare; with BENCHMARK_DEFAULTS=1 the middleware and applications of `startproject`."""

from __future__ import annotations

import json
import os

import django
from django.conf import settings
from django.http import FileResponse, HttpResponse, JsonResponse
from django.urls import path
from django.views.decorators.csrf import csrf_exempt

from benchmarks.peers.apps.checking import check_item
from benchmarks.peers.apps.common import FILES, OTHER_ROUTES

if os.environ.get("BENCHMARK_DEFAULTS"):
    more = {
        "INSTALLED_APPS": [
            "django.contrib.auth",
            "django.contrib.contenttypes",
            "django.contrib.sessions",
            "django.contrib.messages",
        ],
        "MIDDLEWARE": [
            "django.middleware.security.SecurityMiddleware",
            "django.contrib.sessions.middleware.SessionMiddleware",
            "django.middleware.common.CommonMiddleware",
            "django.middleware.csrf.CsrfViewMiddleware",
            "django.contrib.auth.middleware.AuthenticationMiddleware",
            "django.contrib.messages.middleware.MessageMiddleware",
            "django.middleware.clickjacking.XFrameOptionsMiddleware",
        ],
        "DATABASES": {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
    }
else:
    more = {}

if not settings.configured:
    settings.configure(
        ALLOWED_HOSTS=["127.0.0.1"],
        ROOT_URLCONF=__name__,
        SECRET_KEY="of a benchmark, and of nothing else",
        **more,
    )
    django.setup()


def answer_json(request):
    return JsonResponse({"message": "Hello, World!"})


def plaintext(request):
    return HttpResponse("Hello, World!", content_type="text/plain")


def params(request, user, post):
    return JsonResponse({"user": user, "post": post})


@csrf_exempt
def items(request):
    item = json.loads(request.body)
    if not check_item(item):
        return HttpResponse(status=422)
    return JsonResponse({"name": item["name"], "total": item["price"] * item["quantity"]})


def files(request, name):
    return FileResponse((FILES / name).open("rb"))


@csrf_exempt
def upload(request):
    return JsonResponse({"size": request.FILES["file"].size})


def other(request, name):
    return HttpResponse(name, content_type="text/plain")


urlpatterns = [
    *[path(f"section{number}/<slug:name>", other) for number in OTHER_ROUTES],
    path("json", answer_json),
    path("plaintext", plaintext),
    path("users/<int:user>/posts/<slug:post>", params),
    path("items", items),
    path("files/<str:name>", files),
    path("upload", upload),
]

from django.core.wsgi import get_wsgi_application  # noqa: E402 - reads the settings above

app = get_wsgi_application()
