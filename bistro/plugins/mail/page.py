"""`MailPage`: a mail as a class, with its template: subject, text and HTML from one source."""

from __future__ import annotations

from html import unescape
from typing import Self

from bistro.ground import SetupError
from bistro.mail import html_to_text
from bistro.plugins.rendering import Templates
from bistro.templates import Page


class MailPage(Page):
    """The context of a mail's template, with a type for each name; give it to `Mailer.send`.

    class Welcome(MailPage, template="mail/welcome.html"):
        name: str

    The template extends `mail/base.html` and fills its blocks `subject` and `content`. The text for
    readers without HTML is made from `content`, unless the block `text` has one.
    """

    @classmethod
    def example(cls) -> Self | None:
        """One with made-up values, for the preview in development; None shows none."""
        return None


class MailParts:
    """Subject, text and HTML of a mail, rendered."""

    def __init__(self, templates: Templates, page: MailPage) -> None:
        # The subject is a block of a page of HTML, where `&` has become `&amp;`.
        self.subject = " ".join(html_to_text(templates.render_block("subject", page) or "").split())
        self.html = templates.render(page)
        text = html_to_text_of_block(templates, page)
        self.text = f"{text}\n"

    def with_subject(self, given: str, page: MailPage) -> str:
        """The subject `given`, or that of the template. Raises `SetupError` where there is none."""
        subject = given or self.subject
        if not subject:
            raise SetupError(
                f"{page.page_template} gives no subject for the mail {type(page).__name__}",
                fix="Write {% block subject %}…{% endblock %} into it, or send(…, subject=…).",
            )
        return subject


def html_to_text_of_block(templates: Templates, page: MailPage) -> str:
    """The text of the block `text`, else that of `content`, else that of the whole template."""
    written = templates.render_block("text", page)
    if written and written.strip():
        return html_to_text_lines(written)
    content = templates.render_block("content", page)
    return html_to_text(templates.render(page) if content is None else content)


def html_to_text_lines(text: str) -> str:
    """A text written by hand in an HTML template: its lines stay, `&amp;` becomes `&` again."""
    return unescape(text).strip("\n")
