"""The mails of a site in the browser, while it is developed: samples, and those sent by this process."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final  # Any: what a template is given

from bistro.app import Setup
from bistro.ground import Markup
from bistro.http import Html, NotFound, Response
from bistro.mail import Message, Sent
from bistro.plugins.mail.mailer import Mailer
from bistro.plugins.mail.page import MailPage
from bistro.plugins.rendering import Rendered, render

AT: Final = "/_bistro/mail"
STYLE: Final = Path(__file__).with_name("preview.css").read_text(encoding="utf-8")
_HASH = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
PAGE_HEADERS: Final = {
    "cache-control": "no-store",
    "content-security-policy": f"default-src 'none'; style-src 'sha256-{_HASH}'; frame-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'; connect-src 'self'; script-src 'self'",
}
# A mail's HTML is shown as a mail program would: no script, nothing from elsewhere, an origin of its own.
FRAME_HEADERS: Final = {
    "cache-control": "no-store",
    "content-security-policy": "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'self'",
    "x-frame-options": "SAMEORIGIN",
}


class MailPreview:
    """The pages, of which production has none."""

    def __init__(self, sent: Sequence[Sent]) -> None:
        self._sent = sent

    def install(self, setup: Setup) -> None:
        """Add them."""
        # With names that no site has: `url("index")` must mean the site's own page, as it does in production.
        for path, name, handler in (
            ("", "mail_preview", self.index),
            ("/sample/{name}", "mail_preview.sample", self.sample),
            ("/sample/{name}/html", "mail_preview.sample_html", self.sample_html),
            ("/sent/{number:int}", "mail_preview.sent", self.one_sent),
            ("/sent/{number:int}/html", "mail_preview.sent_html", self.one_sent_html),
        ):
            setup.routes.get(AT + path, name=name, include_in_schema=False)(handler)

    async def index(self) -> Rendered:
        """Both lists."""
        sent = [(number, each) for number, each in enumerate(self._sent)][::-1]
        samples = [(name, page.example() is not None) for name, page in find_mail_pages()]
        return show("mail/preview/index.html", sent=sent, samples=samples)

    async def sample(self, name: str, mailer: Mailer) -> Rendered:
        """A mail with made-up values."""
        message = make_sample(name, mailer)
        return show("mail/preview/message.html", message=message, frame=f"{AT}/sample/{name}/html", error="")

    async def sample_html(self, name: str, mailer: Mailer) -> Response:
        """Its HTML, for the frame."""
        return Html(make_sample(name, mailer).html, headers=FRAME_HEADERS)

    async def one_sent(self, number: int) -> Rendered:
        """A mail that was sent."""
        sent = self._find(number)
        frame = f"{AT}/sent/{number}/html" if sent.message.html else ""
        return show("mail/preview/message.html", message=sent.message, frame=frame, error=sent.error)

    async def one_sent_html(self, number: int) -> Response:
        """Its HTML, for the frame."""
        return Html(self._find(number).message.html, headers=FRAME_HEADERS)

    def _find(self, number: int) -> Sent:
        if not 0 <= number < len(self._sent):
            raise NotFound("There is no such mail; perhaps it was sent before the last start.")
        return self._sent[number]


def show(template: str, **context: Any) -> Rendered:
    """A page of the preview."""
    return render(template, headers=PAGE_HEADERS, style=Markup(STYLE), at=AT, **context)


def make_sample(name: str, mailer: Mailer) -> Message:
    """The mail of that name with its made-up values. Raises `NotFound`."""
    page = dict(find_mail_pages()).get(name)
    example = page.example() if page is not None else None
    if example is None:
        raise NotFound("No mail of this name has an example().")
    return mailer.render(example, to="Sample <sample@example.com>")


def find_mail_pages(base: type[MailPage] = MailPage) -> Iterator[tuple[str, type[MailPage]]]:
    """The mails of the site and of plugins by name, each once."""
    for each in base.__subclasses__():
        if each.page_template:
            yield f"{each.__module__}.{each.__qualname__}", each
        yield from find_mail_pages(each)
