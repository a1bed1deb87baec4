"""Requests to other sites: JSON only, by https, bounded in time and size, and never led elsewhere."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final  # Any: JSON of other sites
from urllib.parse import urlsplit

import msgspec

from bistro.ground import run_in_thread

if TYPE_CHECKING:
    import httpx2

TIMEOUT_SECONDS: Final = 10.0
SIZE_MAX: Final = 1024 * 1024
LOOPBACK: Final = ("localhost", "127.0.0.1", "::1")


class WebFault(Exception):
    """What went wrong with a request, for the log."""


def is_safe_url(url: str) -> bool:
    """Whether `url` is reached by https, or on this machine, as in tests."""
    if not url.isascii() or not url.isprintable() or " " in url:
        return False  # `urlsplit` would leave line breaks out, and a header could not hold them
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
    except ValueError:
        return False
    return (parts.scheme == "https" and bool(host)) or (parts.scheme == "http" and host in LOOPBACK)


class WebClient:
    """Asks other sites, with connections that are kept while the app runs."""

    def __init__(self) -> None:
        self._client: httpx2.AsyncClient | None = None

    async def get_json(self, url: str, *, token: str = "") -> Any:
        """What stands at `url`. Raises `WebFault`."""
        return await self._request("GET", url, headers=bearer(token))

    async def post_form(
        self, url: str, fields: Mapping[str, str], *, auth: tuple[str, str] | None = None
    ) -> Any:
        """What `url` answers to a form. Raises `WebFault`."""
        return await self._request("POST", url, data=dict(fields), auth=auth)

    async def close(self) -> None:
        """Close the connections; they are opened again when something is asked."""
        client, self._client = self._client, None
        if client is not None:
            await client.aclose()

    # Any: what httpx takes besides.
    async def _request(self, method: str, url: str, **options: Any) -> Any:
        if not is_safe_url(url):
            raise WebFault(f"{url[:200]!r} is not reached by https")
        httpx = await run_in_thread(load)
        client = self._client
        if client is None:
            client = self._client = httpx.AsyncClient(
                timeout=TIMEOUT_SECONDS, follow_redirects=False, headers={"accept": "application/json"}
            )
        try:
            async with client.stream(method, url, **options) as answer:
                content = bytearray()
                async for piece in answer.aiter_bytes():
                    content += piece
                    if len(content) > SIZE_MAX:
                        raise WebFault(f"{url} answers with more than {SIZE_MAX:,} bytes")
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise WebFault(f"{url}: {type(error).__name__}: {error}"[:300]) from error
        if answer.status_code != 200:
            raise WebFault(f"{url} answers with {answer.status_code}")
        try:
            return msgspec.json.decode(bytes(content))
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
            raise WebFault(f"{url} answers with what is no JSON") from error


def load() -> Any:
    """The package that asks: 0.15 s, and so in a thread."""
    import httpx2

    return httpx2


def bearer(token: str) -> dict[str, str]:
    """The header with an access token (RFC 6750 §2.1)."""
    return {"authorization": f"Bearer {token}"} if token else {}
