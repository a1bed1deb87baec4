"""A Django site of one module, for the tests of living together."""

from __future__ import annotations

import django
from django.conf import settings

if not settings.configured:
    settings.configure(
        ROOT_URLCONF=__name__, ALLOWED_HOSTS=["*"], SECRET_KEY="only for tests", USE_TZ=True, MIDDLEWARE=[]
    )
    django.setup()

from django.core.asgi import get_asgi_application
from django.core.wsgi import get_wsgi_application
from django.http import HttpRequest, HttpResponse, JsonResponse, StreamingHttpResponse
from django.urls import path, reverse


def show(request: HttpRequest, name: str) -> JsonResponse:
    return JsonResponse(
        {
            "name": name,
            "page": request.GET.get("page"),
            "url": reverse("show", args=[name]),
            "absolute": request.build_absolute_uri(),
        }
    )


def size(request: HttpRequest) -> HttpResponse:
    return HttpResponse(str(len(request.body)))


def stream(request: HttpRequest) -> StreamingHttpResponse:
    return StreamingHttpResponse(iter(["a", "b"]))


urlpatterns = [path("show/<name>", show, name="show"), path("size", size), path("stream", stream)]
asgi, wsgi = get_asgi_application(), get_wsgi_application()
