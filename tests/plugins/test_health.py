from __future__ import annotations

import asyncio
import threading

import pytest

from bistro.app import BaseApp
from bistro.plugins import Health, ReadyPlugin
from bistro.plugins.health import Readiness
from bistro.testing import Client


async def fine() -> None:
    """Nothing is wrong."""


async def broken() -> None:
    raise ConnectionError("no connection to postgres://ada:hunter2@db")


async def hanging() -> None:
    await asyncio.Event().wait()


class Database:
    requires = ()

    def install(self, setup: object) -> None:
        """Nothing to add."""

    async def check_ready(self) -> None:
        raise ConnectionError("down")


def test_the_living_say_so() -> None:
    response = Client(BaseApp(Health())).get("/livez")
    assert (response.status, response.text) == (200, "alive\n")
    assert response.headers["cache-control"] == "no-store"


def test_site_without_checks_is_ready() -> None:
    response = Client(BaseApp(Health())).get("/readyz")
    assert (response.status, response.json()) == (200, {"status": "ready", "checks": {}})


def test_site_is_ready_when_every_check_passes() -> None:
    response = Client(BaseApp(Health(checks={"cache": fine, "disk": lambda: None}))).get("/readyz")
    assert (response.status, response.json()["checks"]) == (200, {"cache": "ok", "disk": "ok"})


def test_check_that_fails_is_a_503_that_names_it_and_tells_no_secret(
    caplog: pytest.LogCaptureFixture,
) -> None:
    response = Client(BaseApp(Health(checks={"cache": fine, "database": broken}))).get("/readyz")
    assert response.status == 503
    assert response.json() == {"status": "not ready", "checks": {"cache": "ok", "database": "failed"}}
    assert "hunter2" not in response.text
    assert "readiness check failed" in caplog.text


def test_check_that_hangs_is_a_503_after_the_time_limit() -> None:
    response = Client(BaseApp(Health(checks={"queue": hanging, "cache": fine}, timeout_seconds=0.05))).get(
        "/readyz"
    )
    assert (response.status, response.json()["checks"]) == (503, {"queue": "timed out", "cache": "ok"})


def test_blocking_check_holds_up_nobody() -> None:
    release = threading.Event()
    app = BaseApp(Health(checks={"disk": lambda: release.wait(5) and None}, timeout_seconds=0.05))
    try:
        with Client(app) as client:
            assert client.get("/readyz").json()["checks"] == {"disk": "timed out"}
            assert client.get("/livez").status == 200
            release.set()
    finally:
        release.set()


def test_check_that_hangs_is_not_started_again_by_the_next_probe() -> None:
    calls = []

    async def slow() -> None:
        calls.append(1)
        await asyncio.Event().wait()

    async def probe_often() -> None:
        readiness = Readiness({"slow": slow}, timeout_seconds=0.01)
        await asyncio.gather(*(readiness.run() for _ in range(20)))
        await readiness.run()

    asyncio.run(probe_often())
    assert len(calls) == 1


def test_check_is_run_anew_after_it_has_ended() -> None:
    async def probe_twice() -> list[dict[str, str]]:
        answers = iter([ConnectionError("down"), None])

        async def flaky() -> None:
            error = next(answers)
            if error is not None:
                raise error

        readiness = Readiness({"db": flaky}, timeout_seconds=1)
        return [dict(await readiness.run()), dict(await readiness.run())]

    assert asyncio.run(probe_twice()) == [{"db": "failed"}, {"db": "ok"}]


def test_plugin_with_a_check_is_asked() -> None:
    database = Database()
    assert isinstance(database, ReadyPlugin)
    response = Client(BaseApp(database, Health(watch=[database]))).get("/readyz")
    assert (response.status, response.json()["checks"]) == (503, {"Database": "failed"})


def test_paths_can_be_others() -> None:
    client = Client(BaseApp(Health(live_at="/healthz", ready_at="/ready")))
    assert [client.get(path).status for path in ("/healthz", "/ready", "/livez")] == [200, 200, 404]
