"""F131: a user model, modern hashes of passwords, renewed at log-in."""

from __future__ import annotations

from bistro import App
from bistro.plugins.accounts import User
from tests.features.accounts_site import EMAIL, PASSWORD, add_user, log_in, site

# Made by Django 5.2 of "a quiet harbour".
DJANGO = "pbkdf2_sha256$1000$saltsaltsaltsalt$"


def add(app: App) -> None:
    @app.get("/hash", public=True)
    async def show() -> str:
        return (await User.objects.get(User.email == EMAIL)).password

    @app.post("/hash", public=True)
    async def set_hash(new: dict[str, str]) -> None:
        await User.objects.filter(User.email == EMAIL).update(password=new["hash"])


def test_f131_password_is_kept_as_argon2id_and_an_older_hash_is_renewed() -> None:
    import base64
    import hashlib

    digest = hashlib.pbkdf2_hmac("sha256", PASSWORD.encode(), b"saltsaltsaltsalt", 1000)
    with site(add=add) as client:
        add_user(client)
        assert client.get("/hash").text.startswith("$argon2id$")
        client.post("/hash", json={"hash": DJANGO + base64.b64encode(digest).decode()})
        assert log_in(client) == 303
        assert client.get("/hash").text.startswith("$argon2id$")
        assert log_in(client, password="another") == 422
