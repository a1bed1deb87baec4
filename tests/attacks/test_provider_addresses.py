"""Attacks by another site that users log in with: its description leads the site's own requests (CWE-918)."""

from __future__ import annotations

from typing import Any

import pytest

from bistro.plugins.accounts.providers import SignInFailed
from bistro.plugins.accounts.providers.discovery import read_description

NAMES = ["authorization_endpoint", "token_endpoint", "jwks_uri", "userinfo_endpoint"]
INSIDE = [
    "http://127.0.0.1:6379/", "http://localhost/admin", "http://[::1]:8500/v1/kv", "HTTP://127.0.0.1/", "http://10.0.0.1/",
    "file:///etc/passwd", "gopher://127.0.0.1/", "//127.0.0.1/", "http:127.0.0.1", "https://", "https:///path", "ftp://x/",
    " https://evil.example/", "https://evil.example/\r\nX: y", "https://evil.example/a b",
]  # fmt: skip


def describe(issuer: str, **changed: str) -> dict[str, Any]:
    return {"issuer": issuer, **{name: f"{issuer}/{name}" for name in NAMES}, **changed}


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("url", INSIDE)
def test_issuer_elsewhere_does_not_lead_to_this_machine(name: str, url: str) -> None:
    issuer = "https://id.example.com"
    with pytest.raises(SignInFailed):
        read_description(describe(issuer, **{name: url}), issuer)


def test_issuer_on_this_machine_may_as_in_development() -> None:
    issuer = "http://127.0.0.1:9000"
    assert read_description(describe(issuer), issuer).token_at == f"{issuer}/token_endpoint"


def test_issuer_elsewhere_may_keep_its_parts_on_other_hosts() -> None:
    issuer = "https://id.example.com"
    told = describe(issuer, jwks_uri="https://keys.example.com/keys")
    assert read_description(told, issuer).keys_at == "https://keys.example.com/keys"
