"""The mails of a site in the browser, in development only."""

from __future__ import annotations

from typing import Self

import pytest

from bistro import App
from bistro.mail import MailUnavailable, MemoryTransport, Message
from bistro.plugins import Mail, Mailer, MailPage, Rendering
from bistro.testing import Client

AT = "/_bistro/mail"
SAMPLE = f"{__name__}.Receipt"


class Receipt(MailPage, template="receipt.html"):
    name: str

    @classmethod
    def example(cls) -> Self:
        return cls(name="Ada <b>")


class Unshown(MailPage, template="receipt.html"):
    name: str


class Picky(MemoryTransport):
    async def send(self, message: Message) -> None:
        if message.subject == "Refused":
            raise MailUnavailable("the <server> is down")
        await super().send(message)


def make_client(monkeypatch: pytest.MonkeyPatch, environment: str = "development") -> Client:
    monkeypatch.setenv("ENV", environment)
    monkeypatch.setenv("ALLOWED_HOSTS", "localhost")
    source = """{% extends "mail/base.html" %}{% block subject %}Receipt{% endblock %}
    {% block content %}<script>alert(1)</script><p>For {{ name }}</p>{% endblock %}"""
    app = App(
        Mail(transport=Picky(), pauses_seconds=(), sender="s@example.com"),
        Rendering(sources={"receipt.html": source}),
    )

    @app.post("/send/{subject}")
    async def send(subject: str, mailer: Mailer) -> None:
        await mailer.send(Message(to="ada@example.com", subject=subject, text="a <b> c"))
        await mailer.send(Receipt(name="Bob"), to="bob@example.com")

    return Client(app)


def settle(client: Client) -> None:
    (mail,) = (each for each in client.app.plugins if isinstance(each, Mail))  # type: ignore[attr-defined]

    async def wait() -> None:
        await client.app.freeze().keeper.settle(5)  # type: ignore[attr-defined]
        await mail.outboxes[0]["default"].wait()

    client.run(wait())


def test_index_lists_what_was_sent_and_what_can_be_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    with make_client(monkeypatch) as client:
        assert "None yet" in client.get(AT).text
        client.post("/send/Hello")
        client.post("/send/Refused")
        settle(client)
        page = client.get(AT).text
    assert page.index("/sent/3") < page.index("/sent/0")
    assert "not sent: the &lt;server&gt; is down" in page
    assert f'href="{AT}/sample/{SAMPLE}"' in page
    assert f"{__name__}.Unshown <span" in page


def test_mail_is_shown_with_its_text_and_its_html_in_a_cage(monkeypatch: pytest.MonkeyPatch) -> None:
    with make_client(monkeypatch) as client:
        client.post("/send/Hello")
        settle(client)
        page, plain, frame = (client.get(f"{AT}/sent/{path}") for path in ("1", "0", "1/html"))
    assert "For Bob" in page.text
    assert f'<iframe src="{AT}/sent/1/html" sandbox' in page.text
    assert "a &lt;b&gt; c" in plain.text
    assert "<iframe" not in plain.text
    assert page.headers["cache-control"] == frame.headers["cache-control"] == "no-store"
    policy = frame.headers["content-security-policy"]
    assert policy.startswith("sandbox; default-src 'none'")
    assert "script-src" not in policy
    assert "script-src 'self'" in page.headers["content-security-policy"]


def test_sample_is_rendered_anew_with_its_made_up_values(monkeypatch: pytest.MonkeyPatch) -> None:
    with make_client(monkeypatch) as client:
        assert "For Ada &lt;b&gt;" in client.get(f"{AT}/sample/{SAMPLE}").text
        assert "<p>For Ada &lt;b&gt;</p>" in client.get(f"{AT}/sample/{SAMPLE}/html").text


@pytest.mark.parametrize(
    "path", ["/sent/0", "/sent/99999999", "/sample/os.system", f"/sample/{__name__}.Unshown"]
)
def test_what_is_not_there_is_a_404(path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert make_client(monkeypatch).get(AT + path).status == 404


@pytest.mark.parametrize("environment", ["production", "testing"])
def test_only_development_has_it(environment: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert make_client(monkeypatch, environment).get(AT).status == 404


def test_other_hosts_do_not_reach_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """DNS rebinding: a page of another name must not read the mails of whoever develops."""
    assert make_client(monkeypatch).get(AT, headers={"host": "evil.example"}).status == 421


def test_pages_of_the_site_keep_their_names_beside_the_preview(monkeypatch: pytest.MonkeyPatch) -> None:
    # `url("index")` was ambiguous in development, and only there: the preview had a route of that name.
    monkeypatch.setenv("ENV", "development")
    app = App(Mail(sender="s@example.com"))

    @app.get("/")
    async def index() -> None: ...

    @app.get("/sample/{name}")
    async def sample(name: str) -> None: ...

    app.freeze()
    assert app.url("index") == "/"
    assert app.url("sample", name="tea") == "/sample/tea"
