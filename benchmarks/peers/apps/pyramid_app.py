"""Pyramid; the body is checked by hand."""

from __future__ import annotations

from pyramid.config import Configurator
from pyramid.httpexceptions import HTTPUnprocessableEntity
from pyramid.response import FileResponse, Response

from benchmarks.peers.apps.checking import check_item
from benchmarks.peers.apps.common import FILES, OTHER_ROUTES


def json(request):
    return {"message": "Hello, World!"}


def plaintext(request):
    return Response("Hello, World!", content_type="text/plain", charset="utf-8")


def params(request):
    return {"user": int(request.matchdict["user"]), "post": request.matchdict["post"]}


def items(request):
    item = request.json_body
    if not check_item(item):
        raise HTTPUnprocessableEntity
    return {"name": item["name"], "total": item["price"] * item["quantity"]}


def files(request):
    return FileResponse(FILES / request.matchdict["name"])


def upload(request):
    return {"size": len(request.POST["file"].file.read())}


def other(request):
    return Response(request.matchdict["name"], content_type="text/plain", charset="utf-8")


with Configurator() as config:
    for number in OTHER_ROUTES:
        config.add_route(f"other{number}", f"/section{number}/{{name}}")
        config.add_view(other, route_name=f"other{number}")
    for name, pattern, view, method, renderer in (
        ("json", "/json", json, "GET", "json"),
        ("plaintext", "/plaintext", plaintext, "GET", None),
        ("params", r"/users/{user:\d+}/posts/{post}", params, "GET", "json"),
        ("items", "/items", items, "POST", "json"),
        ("files", "/files/{name}", files, "GET", None),
        ("upload", "/upload", upload, "POST", "json"),
    ):
        config.add_route(name, pattern, request_method=method)
        config.add_view(view, route_name=name, renderer=renderer)
    app = config.make_wsgi_app()
