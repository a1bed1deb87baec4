"""Clients that try to get round a rate limit, or to use it against the site (CVE-2025-59152)."""

from __future__ import annotations

import tracemalloc

from bistro import App
from bistro.plugins import Limit, MemoryRateStore, RateLimit, limit_rate
from bistro.testing import LiveServer
from tests.features.support import fetch


def test_million_of_addresses_do_not_fill_the_memory() -> None:
    store, limit = MemoryRateStore(keys_max=1_000), Limit(10, 60)
    tracemalloc.start()
    for number in range(50_000):
        store.take(f"site:10.{number >> 16}.{number >> 8 & 255}.{number & 255}", limit)
    size, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len(store) == 1_000
    assert size < 1_000_000


def test_long_keys_are_kept_short() -> None:
    store = MemoryRateStore()
    app = App(defaults=False)
    hook = limit_rate("1/minute", by=lambda: "x" * 1_000_000, store=store)

    @app.get("/", before=[hook])
    async def hello() -> str:
        return "hello"

    with LiveServer(app) as server:
        assert [fetch(server, "/").status for _ in range(2)] == [200, 429]
    assert len(next(iter(store._full_at))) < 100


def test_forged_addresses_count_as_one_client() -> None:
    app = App(RateLimit("2/minute"))

    @app.get("/")
    async def hello() -> str:
        return "hello"

    with LiveServer(app) as server:
        found = [
            fetch(
                server, "/", headers={"X-Forwarded-For": f"203.0.113.{number}", "Forwarded": "for=x"}
            ).status
            for number in range(4)
        ]
    assert found == [200, 200, 429, 429]
