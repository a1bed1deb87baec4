"""F71: subject, text and HTML of a mail come from one template."""

from __future__ import annotations

from bistro import App
from bistro.plugins import Mail, Mailer, MailPage, Rendering
from bistro.testing import Client, Mailbox

TEMPLATE = """\
{% extends "mail/base.html" %}
{% block subject %}Order {{ number }}, {{ name }}{% endblock %}
{% block content %}
<p>Thank you, {{ name }}.</p>
<p><a href="https://shop.example/orders/{{ number }}">Your order</a></p>
{% endblock %}
"""


class Receipt(MailPage, template="receipt.html"):
    name: str
    number: int


def test_one_template_gives_all_three() -> None:
    app = App(Mail(), Rendering(sources={"receipt.html": TEMPLATE}))

    @app.post("/orders")
    async def order(mailer: Mailer) -> str:
        await mailer.send(Receipt(name="Tom & Jerry", number=7), to="tom@example.com")
        return "Thank you."

    with Client(app) as client:
        client.post("/orders")
        (mail,) = Mailbox(client).messages

    assert mail.subject == "Order 7, Tom & Jerry"
    assert mail.text == "Thank you, Tom & Jerry.\n\nYour order <https://shop.example/orders/7>\n"
    assert "<p>Thank you, Tom &amp; Jerry.</p>" in mail.html


def test_check_finds_a_name_that_the_mail_does_not_have() -> None:
    wrong = TEMPLATE.replace("{{ number }}", "{{ nummer }}")
    app = App(Mail("memory:", sender="s@example.com"), Rendering(sources={"receipt.html": wrong}))

    @app.post("/orders")
    async def order(mailer: Mailer) -> str:
        await mailer.send(Receipt(name="Ada", number=7), to="ada@example.com")
        return ""

    found = [finding for check, _ in app.freeze().registered.checks for finding in check(app)]
    assert any("nummer" in each.what and each.level == "error" for each in found)
