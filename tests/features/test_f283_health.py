"""F283: `/livez` and `/readyz` (database, migrations and cache add their checks as they come)."""

from __future__ import annotations

from bistro import App
from bistro.plugins import Health
from bistro.testing import Client


def test_f283_readiness_follows_the_checks() -> None:
    state = {"up": True}

    async def check_queue() -> None:
        if not state["up"]:
            raise ConnectionError("amqp://user:secret@queue")

    client = Client(App(Health(checks={"queue": check_queue})))
    assert client.get("/livez").status == 200
    assert client.get("/readyz").json() == {"status": "ready", "checks": {"queue": "ok"}}
    state["up"] = False
    response = client.get("/readyz")
    assert (response.status, response.json()) == (503, {"status": "not ready", "checks": {"queue": "failed"}})
    assert client.get("/livez").status == 200
