"""F23, F238: texts and cookies that only this site can make, which expire, and whose keys are rotated."""

from __future__ import annotations

from datetime import timedelta

import pytest

from bistro import App, Cookie, Text
from bistro.ground import BadSignature, Keyring, SignatureExpired, Signer, make_secret_key
from bistro.testing import Client, FakeClock

DAY = timedelta(days=1)


def test_f238_text_expires_and_outlives_a_new_key() -> None:
    clock, old, new = FakeClock(), make_secret_key(), make_secret_key()
    text = Signer(Keyring([old]), "unsubscribe", clock=clock).sign("ann")
    rotated = Signer(Keyring([new, old]), "unsubscribe", clock=clock)
    assert rotated.verify(text, age_max=DAY) == b"ann"
    with pytest.raises(BadSignature):
        Signer(Keyring([new]), "unsubscribe", clock=clock).verify(text, age_max=DAY)
    clock.advance(2 * DAY)
    with pytest.raises(SignatureExpired):
        rotated.verify(text, age_max=DAY)


def make_site(keys: list[str]) -> App:
    app, signer = App(), Signer(Keyring(keys), "theme cookie")

    @app.get("/set")
    async def set_theme() -> Text:
        answer = Text("set")
        answer.set_cookie("theme", signer.sign("dark"), secure=True)
        return answer

    @app.get("/read")
    async def read_theme(theme: Cookie[str] = "") -> str:
        try:
            return signer.verify(theme, age_max=DAY).decode()
        except BadSignature:
            return "light"

    return app


def test_f023_signed_cookie_is_believed_after_a_rotation_and_a_changed_one_is_not() -> None:
    old, new = make_secret_key(), make_secret_key()
    client = Client(make_site([old]), base_url="https://localhost")
    client.get("/set")
    cookie = client.cookies["theme"]
    rotated = Client(make_site([new, old]))
    assert rotated.get("/read", headers={"cookie": f"theme={cookie}"}).text == "dark"
    assert rotated.get("/read", headers={"cookie": f"theme={cookie[:-2]}AA"}).text == "light"
    assert rotated.get("/read", headers={"cookie": "theme=dark"}).text == "light"
