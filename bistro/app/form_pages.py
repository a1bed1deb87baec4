"""The page of a form, shown again with what was sent and what is wrong with it.

How it works: the gate for errors leaves a `RefusedPage` in the place of an answer. Hooks see it as any
other (a 422, so that a transaction is undone), and when all of them are through, sending it asks for
the page: only then does nothing of the refused request stand in the way of the page's own, such as a
lock that it would wait for.
"""

from __future__ import annotations

from collections.abc import Coroutine, Sequence
from inspect import isroutine
from typing import Any, get_args, get_origin  # Any: the type of a form, and what a coroutine yields

from bistro.app.plan import Plan
from bistro.app.reply import send
from bistro.app.signatures import signature_of
from bistro.app.steps import Send
from bistro.app.subrequest import show_again
from bistro.app.types import strip_annotated
from bistro.forms import FormRefused, FormView
from bistro.ground.types import Exchange
from bistro.http import DefaultHeaders, Request, Response
from bistro.routing import Route


class RefusedPage(Response):
    """Stands for the page until everything around the handler has come to its end."""

    __slots__ = ("refused", "request")

    def __init__(self, request: Request, refused: FormRefused) -> None:
        super().__init__(b"", status=422 if refused.problems else 200)
        self.request = request
        self.refused = refused


def sender_of(plan: Plan) -> Send:
    """What sends answers of a route whose form is on the page that `plan` makes."""

    def send_page(
        exchange: Exchange, response: Response, defaults: DefaultHeaders, request: Request | None
    ) -> Coroutine[Any, Any, BaseException | None] | None:
        if isinstance(response, RefusedPage):
            return show(exchange, response, defaults)
        return send(exchange, response, defaults, request)

    async def show(
        exchange: Exchange, placeholder: RefusedPage, defaults: DefaultHeaders
    ) -> BaseException | None:
        request = placeholder.request
        captured = tuple(request.path_parameters.values())
        page = await show_again(lambda inner: plan(inner, captured), request, placeholder.refused)
        add_headers(page, placeholder)
        placeholder.status = page.status  # which observers are told
        waiting = send(exchange, page, defaults, request)
        return None if waiting is None else await waiting

    return send_page


def add_headers(page: Response, placeholder: Response) -> None:
    """What hooks have put on the answer, such as cookies, goes with the page; its own headers stay."""
    for name, value in placeholder.headers.multi_items():
        if name == "vary":
            page.vary(*(each.strip() for each in value.split(",")))
        elif name == "set-cookie" or name not in page.headers:
            page.add_header(name, value)


def find_form_page(route: Route, routes: Sequence[Route], kinds: Sequence[Any]) -> Route | None:
    """The route for GET at the same path whose handler shows a form of one of these types."""
    for each in routes:
        is_page = (
            each.pattern.text == route.pattern.text and each.host == route.host and "GET" in each.methods
        )
        if is_page and not each.is_websocket and isroutine(each.handler):
            hints = [strip_annotated(hint)[0] for _, hint, _ in signature_of(each.handler, each.origin)]
            if any(get_origin(hint) is FormView and get_args(hint)[0] in kinds for hint in hints):
                return each
    return None
