from __future__ import annotations

import pytest

from bistro.ground.registry import Origin
from bistro.routing import DeclaredMount, PatternError, RouteError, Routes
from bistro.routing.mounts import MOUNTED, find_interface

HERE = Origin("site.py", 1)


async def asgi(scope, receive, send):
    pass


def wsgi(environ, start_response):
    pass


class AsgiObject:
    async def __call__(self, scope, receive, send):
        pass


class WsgiObject:
    def __call__(self, environ, start_response):
        pass


@pytest.mark.parametrize(
    ("application", "interface"),
    [
        (asgi, "asgi"),
        (AsgiObject(), "asgi"),
        (lambda scope, receive, send: None, "asgi"),
        (wsgi, "wsgi"),
        (WsgiObject(), "wsgi"),
        (WsgiObject().__call__, "wsgi"),
    ],
)
def test_interface_is_told_by_the_signature(application, interface):
    assert find_interface(application, HERE) == interface


@pytest.mark.parametrize("application", [lambda *anything: None, lambda one: None, dict])
def test_interface_that_does_not_show_has_to_be_named(application):
    with pytest.raises(RouteError, match="interface="):
        find_interface(application, HERE)


def test_mount_counts_the_segments_that_lead_to_it():
    inner, outer = Routes(), Routes()
    inner.mount("/old", wsgi)
    outer.include(inner, at="/{tenant}/part")
    (route,) = outer.all_routes()
    assert isinstance(route.handler, DeclaredMount)
    assert (route.handler.depth, route.pattern.text) == (3, "/{tenant}/part/old/{path:mounted}")


def test_prefix_begins_with_a_slash():
    with pytest.raises(PatternError, match='mount\\("/old"'):
        Routes().mount("old", wsgi)


@pytest.mark.parametrize(
    "segments", [["", "old", ""], ["", "old", "a"], ["", "old", "", "a"], ["", "old", "a/b", ""]]
)
def test_whatever_is_left_of_the_path_is_handed_on(segments):
    assert MOUNTED.find_rest(segments, 2) == "/".join(segments[2:])
