"""The plugin `Mail`: what handlers, commands and the site's start do with it."""

from __future__ import annotations

import asyncio
import logging
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from bistro import App, NotFound
from bistro.app import PluginError
from bistro.ground import SetupError
from bistro.mail import MailUnavailable, MailUrlError, MemoryTransport, Message, MessageError
from bistro.plugins import Mail, Mailer, MailPage, Rendering, Templates
from bistro.plugins.mail.plugin import find_transport, send_test_mail
from bistro.templates import UndefinedName
from bistro.testing import AsyncClient, Client, Mailbox, NoMailPlugin

SOURCES = {
    "welcome.html": """\
{% extends "mail/base.html" %}
{% block subject %}Welcome,
  {{ name }}{% endblock %}
{% block content %}<p>Hello {{ name }}: <a href="{{ link }}">confirm</a>.</p>{% endblock %}
""",
    "both.html": """\
{% extends "mail/base.html" %}
{% block subject %}Both{% endblock %}
{% block content %}<p>HTML</p>{% endblock %}
{% block text %}
Written by hand, for {{ name }}

--
the shop{% endblock %}
""",
    "bare.html": "<p>Hello {{ name }}</p>",
    "request.html": '{% extends "mail/base.html" %}{% block content %}{{ request.path }}{% endblock %}',
}  # fmt: skip


class Welcome(MailPage, template="welcome.html"):
    name: str
    link: str = "https://shop.example/?a=1&b=2"


class Both(MailPage, template="both.html"):
    name: str


class Bare(MailPage, template="bare.html"):
    name: str


class WithRequest(MailPage, template="request.html"):
    pass


def make_app(mail: Mail | None = None) -> App:
    app = App(mail or Mail(sender="Shop <shop@example.com>"), Rendering(sources=SOURCES))

    @app.post("/welcome/{name}")
    async def welcome(name: str, mailer: Mailer) -> str:
        await mailer.send(Welcome(name=name), to="ada@example.com")
        return "sent"

    @app.post("/message")
    async def message(mailer: Mailer, to: str = "ada@example.com", subject: str = "Hi") -> str:
        await mailer.send(Message(to=to, subject=subject, text="x"))
        return "sent"

    @app.post("/then-fails")
    async def then_fails(mailer: Mailer) -> str:
        await mailer.send(Message(to="ada@example.com", subject="Never"))
        raise NotFound

    return app


def test_subject_text_and_html_come_from_one_template() -> None:
    with Client(make_app()) as client:
        client.post("/welcome/Tom%20%26%20%3CJerry%3E")
        (message,) = Mailbox(client).messages
    assert message.subject == "Welcome, Tom & <Jerry>"
    assert message.text == "Hello Tom & <Jerry>: confirm <https://shop.example/?a=1&b=2>.\n"
    assert "<p>Hello Tom &amp; &lt;Jerry&gt;: <a href=" in message.html
    assert "<title>Welcome,\n  Tom &amp; &lt;Jerry&gt;</title>" in message.html
    assert (message.to, message.sender) == ("ada@example.com", "Shop <shop@example.com>")


def render(page: MailPage, **options: str) -> Message:
    app = make_app()
    made: list[Message] = []

    @app.get("/")
    async def make(mailer: Mailer) -> str:
        made.append(mailer.render(page, to="ada@example.com", **options))  # type: ignore[arg-type]
        return ""

    Client(app).get("/")
    return made[0]


def test_text_may_be_written_by_hand() -> None:
    message = render(Both(name="A & B"))
    assert message.text == "Written by hand, for A & B\n\n--\nthe shop\n"
    assert "Written" not in message.html


def test_template_without_the_base_does_where_the_subject_is_given() -> None:
    message = render(Bare(name="Ada"), subject="Hi")
    assert (message.subject, message.text, message.html) == ("Hi", "Hello Ada\n", "<p>Hello Ada</p>")
    with pytest.raises(SetupError, match=r"bare\.html gives no subject for the mail Bare"):
        render(Bare(name="Ada"))


def test_what_belongs_to_a_request_has_no_value_in_a_mail() -> None:
    with pytest.raises(UndefinedName, match="request"):
        render(WithRequest())


def test_no_mail_goes_where_an_error_is_answered() -> None:
    with Client(make_app()) as client:
        assert client.post("/then-fails").status == 404
        client.post("/message")
        assert [each.subject for each in Mailbox(client).messages] == ["Hi"]


@pytest.mark.parametrize(
    "given",
    [
        {"to": "ada@example.com\r\nBcc: eve@example.com"},
        {"to": "ada"},
        {"subject": "x\nBcc: eve@example.com"},
    ],
)
def test_injected_header_is_a_422_and_sends_nothing(given: dict[str, str]) -> None:
    with Client(make_app()) as client:
        answer = client.post("/message", params=given)
        assert answer.status == 422
        assert "mail" in answer.json()["detail"]
        assert Mailbox(client).messages == []


def test_message_takes_no_options_beside_its_own() -> None:
    app = make_app()

    @app.get("/")
    async def send(mailer: Mailer) -> None:
        await mailer.send(Message(to="a@example.com", subject="x"), to="b@example.com")  # type: ignore[call-overload]

    with pytest.raises(TypeError, match="holds its options itself"):
        Client(app).get("/")


def test_mailbox_can_be_emptied_and_awaited() -> None:
    with Client(make_app()) as client:
        mailbox = Mailbox(client)
        client.post("/message")
        mailbox.clear()
        client.post("/message", params={"subject": "Second"})
        assert [each.subject for each in mailbox.messages] == ["Second"]

    async def run() -> list[Message]:
        async with AsyncClient(make_app()) as client:
            await client.post("/message")
            mailbox = Mailbox(client)
            with pytest.raises(TypeError, match="await"):
                _ = mailbox.messages
            return await mailbox.wait()

    assert len(asyncio.run(run())) == 1


def test_mailbox_of_a_site_without_mail_says_so() -> None:
    with pytest.raises(NoMailPlugin):
        Mailbox(Client(App()))


def test_other_ways_by_name() -> None:
    app = make_app(Mail(others={"news": "memory:"}))

    @app.post("/news")
    async def news(mailer: Mailer) -> None:
        await mailer.via("news").send(Message(to="ada@example.com", subject="News"))

    @app.post("/wrong")
    async def wrong(mailer: Mailer) -> None:
        mailer.via("nws")

    with Client(app) as client:
        client.post("/news")
        assert [each.subject for each in Mailbox(client).messages] == ["News"]
        with pytest.raises(SetupError, match="Did you mean news"):
            client.post("/wrong")


class Broken:
    async def send(self, message: Message) -> None:
        raise MailUnavailable("down")

    async def close(self) -> None:
        pass


def test_answer_is_the_same_where_the_server_is_down(caplog: pytest.LogCaptureFixture) -> None:
    """CVE-2024-45231: a reset whose mail fails must not tell that there is such an account."""
    with (
        caplog.at_level(logging.WARNING, logger="bistro.mail"),
        Client(make_app(Mail(transport=Broken(), pauses_seconds=()))) as client,
    ):
        assert (client.post("/message").status, client.post("/message").text) == (200, "sent")
    assert "mail not sent" in caplog.text


def test_who_waits_for_a_mail_hears_what_went_wrong() -> None:
    app = make_app(Mail(transport=Broken()))

    @app.post("/now")
    async def now(mailer: Mailer) -> None:
        await mailer.send_now(Message(to="ada@example.com", subject="x"))

    answer = Client(app).post("/now")
    assert (answer.status, answer.json()["detail"]) == (503, "Mail can't be sent at the moment.")


class Kept:
    def __init__(self) -> None:
        self.messages: list[Message] = []

    async def put(self, message: Message) -> None:
        self.messages.append(message)


def test_queue_of_the_sites_own_has_the_message_within_the_request() -> None:
    kept = Kept()
    with Client(make_app(Mail(queue=kept))) as client:
        client.post("/then-fails")  # the queue is in the request's transaction, which is undone
        client.post("/message")
        assert Mailbox(client).messages == []
    assert [(each.subject, each.sender) for each in kept.messages] == [
        ("Never", "noreply@localhost"), ("Hi", "noreply@localhost"),
    ]  # fmt: skip


def test_command_sends_a_test_mail(capsys: pytest.CaptureFixture[str]) -> None:
    transport = MemoryTransport()
    app = make_app(Mail(transport=transport))

    @app.get("/")
    async def run(mailer: Mailer) -> None:
        await send_test_mail("ada@example.com", mailer)

    Client(app).get("/")
    # Lines of the log may stand there too, where an earlier test's site has let it write.
    assert "sent" in capsys.readouterr().out.splitlines()
    assert [each.recipients for each in transport.messages] == [["ada@example.com"]]
    assert "test-mail" in {command.name for command in app.freeze().commands}


def test_mailer_outside_of_a_request_sends_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ENV", "testing")
    transport = MemoryTransport()
    app = make_app(Mail(transport=transport))

    async def run() -> None:
        async with app, AsyncExitStack() as stack:
            mailer: Mailer = (await app.provided(stack, {"mailer": Mailer}))["mailer"]
            await mailer.send(Welcome(name="Ada"), to="ada@example.com")

    asyncio.run(run())
    assert [each.subject for each in transport.messages] == ["Welcome, Ada"]


@pytest.mark.parametrize(
    ("settings", "missing"),
    [
        ({}, "MAIL_FROM"),
        ({"MAIL_FROM": "shop@example.com"}, "MAIL_URL"),
        ({"MAIL_URL": "console:"}, "MAIL_FROM"),
    ],
)
def test_production_does_not_start_without_knowing_how_to_send(
    settings: dict[str, str], missing: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ENV", "production")
    monkeypatch.setenv("ALLOWED_HOSTS", "localhost")
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(MailUrlError, match=missing):
        App(Mail()).freeze()


def test_settings_come_from_the_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("MAIL_URL", f"file:{tmp_path}")
    assert type(find_transport(None, "production")).__name__ == "FileTransport"
    assert type(find_transport("console:", "production")).__name__ == "ConsoleTransport"
    assert type(find_transport("console:", "testing")).__name__ == "MemoryTransport"
    monkeypatch.delenv("MAIL_URL")
    assert type(find_transport(None, "development")).__name__ == "ConsoleTransport"


def test_wrong_sender_stops_the_start() -> None:
    with pytest.raises(MessageError):
        App(Mail(sender="shop")).freeze()


def test_app_without_templates_is_told_what_is_missing() -> None:
    with pytest.raises(PluginError, match="Rendering"):
        App(Mail(), defaults=False).freeze()


def test_templates_make_texts_that_are_no_answers() -> None:
    app = App(Rendering(sources={"a.txt": "{{ x }}{% block b %}!{{ x }}{% endblock %}"}))

    @app.get("/")
    async def show(templates: Templates) -> list[str | None]:
        render = templates.render_block
        return [templates.render("a.txt", x="<"), render("b", "a.txt", x="<"), render("c", "a.txt", x="<")]

    assert Client(app).get("/").json() == ["<!<", "!<", None]
