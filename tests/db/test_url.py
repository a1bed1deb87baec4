"""`DATABASE_URL` in all the ways in which people write it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bistro.db import DatabaseUrl, DatabaseUrlError, parse_database_url


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("sqlite:///notes.db", "notes.db"),
        ("sqlite:///data/my%20notes.db", "data/my notes.db"),
        ("sqlite:////srv/notes.db", "/srv/notes.db"),
        ("sqlite://", ":memory:"),
        ("sqlite:///:memory:", ":memory:"),
        ("SQLite:///notes.db", "notes.db"),
        (" sqlite:///notes.db\n", "notes.db"),
    ],
)
def test_a_url_of_sqlite_names_a_file_or_memory(text: str, name: str) -> None:
    url = parse_database_url(text)
    assert (url.dialect, url.name) == ("sqlite", name)


@pytest.mark.parametrize("scheme", ["postgresql", "postgres", "postgresql+asyncpg"])
def test_a_url_of_postgresql_has_its_parts_unescaped(scheme: str) -> None:
    url = parse_database_url(f"{scheme}://al%40ice:p%3Aw%2F@db.example:5433/sh%20op?sslmode=require")
    assert (url.dialect, url.user, url.password.reveal()) == ("postgresql", "al@ice", "p:w/")
    assert (url.host, url.port, url.name, url.options) == (
        "db.example",
        5433,
        "sh op",
        {"sslmode": "require"},
    )


def test_parts_of_a_url_of_postgresql_may_be_left_out() -> None:
    url = parse_database_url("postgresql:///shop?host=/run/postgresql")
    assert (url.host, url.port, url.user, url.name) == ("", None, "", "shop")
    assert url.options == {"host": "/run/postgresql"}


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "does not begin with the kind"),
        ("notes.db", "does not begin with the kind"),
        ("secret:word@host/shop", "there is no driver for secret:"),
        ("sqlit:///notes.db", "Did you mean sqlite?"),
        ("mysql://host/shop", "there is no driver for mysql:"),
        ("sqlite:notes.db", "needs three"),
        ("sqlite://notes.db", "needs three"),
        ("postgresql:shop", "no //"),
        ("postgresql://host:port/shop", "host or port"),
        ("postgresql://host:99999/shop", "host or port"),
        ("postgresql://[::1/shop", "host or port"),
    ],
)
def test_a_url_that_can_not_be_read_says_what_is_wrong_with_it(text: str, says: str) -> None:
    with pytest.raises(DatabaseUrlError) as caught:
        parse_database_url(text)
    assert says in str(caught.value)
    assert "postgresql://user:password@host" in str(caught.value) or "Write sqlite" in str(caught.value)


def test_a_password_is_never_shown() -> None:
    url = parse_database_url("postgresql://alice:hunter2@host/shop")
    assert str(url) == "postgresql://alice:***@host/shop"
    assert "hunter2" not in repr(url)


@given(st.text())
def test_any_text_is_a_url_or_refused_without_its_secrets(text: str) -> None:
    for whole in (text, f"postgresql://u:hunter2@{text}", f"sqlite:{text}"):
        try:
            assert isinstance(parse_database_url(whole), DatabaseUrl)
        except DatabaseUrlError as error:
            assert "hunter2" not in str(error)
