from __future__ import annotations

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bistro.app import BaseApp
from bistro.http import Request
from bistro.plugins import (
    Allowance,
    Limit,
    MemoryRateStore,
    RateLimit,
    RateLimitError,
    client_address,
    limit_rate,
)
from bistro.plugins.rate_limit.limit import read_limit
from bistro.serving.memory import MemoryExchange
from bistro.testing import Client, FakeClock


class User:
    def __init__(self, name: str) -> None:
        self.name = name


def ask(app: BaseApp, target: str = "/", client=("192.0.2.1", 1), **headers: str) -> MemoryExchange:
    pairs = [(name.encode(), value.encode()) for name, value in headers.items()]
    exchange = MemoryExchange(target=target, client=client, headers=pairs)

    async def handle():
        coroutine = app.handle(exchange)
        if coroutine is not None:
            await coroutine

    asyncio.run(handle())
    return exchange


def site(*plugins: object, **options) -> BaseApp:
    app = BaseApp(*plugins)

    @app.get("/", **options)
    def hello() -> str:
        return "hello"

    @app.get("/livez")
    def livez() -> str:
        return "ok"

    return app


def limited(limit: str, clock: FakeClock, **options) -> RateLimit:
    return RateLimit(limit, store=MemoryRateStore(clock=clock), **options)


def header(exchange: MemoryExchange, name: str) -> str:
    return (exchange.find_answer_header(name.encode()) or b"").decode()


def test_who_asks_too_often_is_told_when_to_come_again():
    clock = FakeClock()
    app = site(limited("2/minute", clock))

    assert [ask(app).status for _ in range(3)] == [200, 200, 429]
    refused = ask(app)
    assert (header(refused, "retry-after"), header(refused, "ratelimit")) == ("30", '"default";r=0;t=60')
    clock.advance(29.5)
    assert ask(app).status == 429
    clock.advance(0.5)
    assert ask(app).status == 200
    assert ask(app).status == 429


def test_every_answer_says_what_is_left():
    first = ask(site(limited("3/minute", FakeClock())))
    assert header(first, "ratelimit-policy") == '"default";q=3;w=60'
    assert header(first, "ratelimit").startswith('"default";r=2;t=2')


def test_addresses_count_apart_and_ipv6_by_64_bits():
    app = site(limited("1/minute", FakeClock()))
    assert ask(app, client=("192.0.2.1", 1)).status == 200
    assert ask(app, client=("192.0.2.2", 1)).status == 200
    assert ask(app, client=("2001:db8::1", 1)).status == 200
    assert ask(app, client=("2001:db8::ffff:1", 1)).status == 429
    assert ask(app, client=("2001:db8:0:1::1", 1)).status == 200
    assert ask(app, client=("::ffff:192.0.2.1", 1)).status == 429


@pytest.mark.parametrize(
    ("client", "key"),
    [
        (None, "unix"),
        (("192.0.2.1", 1), "192.0.2.1"),
        (("::ffff:192.0.2.1", 1), "192.0.2.1"),
        (("2001:db8:1:2:3::4", 1), "2001:db8:1:2::/64"),
        (("fe80::1%eth0", 1), "fe80::/64"),
        (("no:address", 1), "no:address"),
    ],
)
def test_address_to_count_by(client, key):
    assert client_address(MemoryExchange(client=client)) == key


def test_probes_are_never_refused():
    app = site(limited("1/minute", FakeClock()))
    assert [ask(app, "/livez").status for _ in range(5)] == [200] * 5
    assert header(ask(app, "/livez"), "ratelimit") == ""


def test_key_is_made_by_a_function_of_injected_values_and_none_is_not_limited():
    def find_user(request: Request) -> User:
        return User(request.headers.get("user", ""))

    async def by_user(user: User) -> str | None:
        return user.name or None

    app = site(limited("1/minute", FakeClock(), by=by_user))
    app.provide(User, find_user)
    assert [ask(app, user=name).status for name in ("ann", "bob", "ann")] == [200, 200, 429]
    assert [ask(app).status for _ in range(3)] == [200] * 3


def test_route_has_a_limit_of_its_own():
    store = MemoryRateStore(clock=FakeClock())
    app = site(before=[limit_rate("1/minute", store=store)])
    other = app.get("/other")
    other(lambda: "other")
    assert [ask(app).status for _ in range(2)] == [200, 429]
    assert header(ask(app), "retry-after") == "60"
    assert [ask(app, "/other").status for _ in range(2)] == [200, 200]


def test_group_counts_its_routes_together():
    app = site()
    app.before(limit_rate("2/minute", store=MemoryRateStore(clock=FakeClock())))
    assert [ask(app, target).status for target in ("/", "/livez", "/")] == [200, 200, 429]


def test_store_may_be_async():
    class Shared:
        inner = MemoryRateStore(clock=FakeClock())

        async def take(self, key, limit):
            await asyncio.sleep(0)
            return self.inner.take(key, limit)

    app = site(
        RateLimit("1/minute", store=Shared()), before=[limit_rate("1/minute", store=Shared(), name="x")]
    )
    assert [ask(app).status for _ in range(2)] == [200, 429]


def test_handler_may_ask_what_is_left():
    app = BaseApp(limited("5/minute", FakeClock()))

    @app.get("/left")
    def left(allowance: Allowance) -> int:
        assert allowance.taken is not None
        return allowance.taken.remaining

    with Client(app) as client:
        assert client.get("/left").json() == 4


@pytest.mark.parametrize(
    ("text", "limit"),
    [
        ("10/minute", Limit(10, 60)),
        ("1 / day", Limit(1, 86400)),
        ("5/30 seconds", Limit(5, 30)),
        ("100/hours", Limit(100, 3600)),
    ],
)
def test_limits_are_read(text, limit):
    assert read_limit(text) == limit


@pytest.mark.parametrize(
    "text", ["", "10", "10/year", "0/minute", "5/0 seconds", "-1/minute", "1.5/minute", "١/minute"]
)
def test_what_is_no_limit_stops_the_start(text):
    with pytest.raises(RateLimitError, match="10/minute"):
        site(RateLimit(text)).freeze()


@given(st.integers(1, 50), st.integers(1, 100), st.lists(st.floats(0, 30), max_size=60))
def test_no_more_than_the_limit_and_what_was_earned_ever_passes(requests, seconds, waits):
    clock = FakeClock()
    store, limit = MemoryRateStore(clock=clock), Limit(requests, seconds)
    passed, waited = 0, 0.0
    for wait in waits:
        clock.advance(wait)
        waited += wait
        taken = store.take("key", limit)
        passed += taken.is_allowed
        assert passed <= requests + waited / limit.interval_seconds + 1e-3
        assert 0 <= taken.remaining < requests
        assert taken.is_allowed == (taken.retry_seconds == 0)


def test_client_that_waits_as_told_is_let_in():
    clock = FakeClock()
    store, limit = MemoryRateStore(clock=clock), Limit(7, 60)
    for _ in range(200):
        taken = store.take("key", limit)
        if not taken.is_allowed:
            clock.advance(taken.retry_seconds)
            assert store.take("key", limit).is_allowed
