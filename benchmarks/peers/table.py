"""Who is measured: each with its server, and what it does not do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal  # Any: options of a peer have types of their own

APPS = "benchmarks.peers.apps"
FILES = frozenset({"1 KiB", "100 KiB", "10 MiB"})
NO_SOCKET = frozenset({"websocket"})
ONLY_ANSWERS = FILES | {"upload"}
ANSWERS = ("json", "plaintext", "params", "items")
HERE = ("--host", "127.0.0.1", "--port", "{port}")
UVICORN = ("-m", "uvicorn", *HERE, "--no-access-log", "--log-level", "error")
GRANIAN = ("-m", "granian", *HERE, "--workers", "1", "--log-level", "error")
GRANIAN_WSGI = (*GRANIAN, "--blocking-threads", "1", "--interface", "wsgi")
GUNICORN = ("-m", "gunicorn", "--bind", "127.0.0.1:{port}", "--threads", "4", "--no-control-socket")
BISTRO = ("-m", "bistro", "run", "--workers", "1", "--no-reload", *HERE)


@dataclass(frozen=True)
class Peer:
    """An application on a server; `command` follows the interpreter, or is a whole one for "system"."""

    name: str
    command: tuple[str, ...]
    kind: Literal["bistro", "limit", "peer"] = "peer"
    interpreter: Literal["bistro", "peers", "3.13", "system"] = "peers"
    lacks: frozenset[str] = frozenset()
    environment: Mapping[str, str] = field(default_factory=dict)
    database: Literal["", "sqlite", "postgresql"] = ""
    """Of which table it tells, and nothing else."""
    against: str = "bistro"
    """With which of Bistro's it is compared for `wanted`."""
    wanted: Mapping[str, float] = field(default_factory=dict)
    """By case: how many times Bistro's CPU time this one shall take at least."""


BISTRO_PEERS = (
    Peer("bistro", (*BISTRO, f"{APPS}.bistro_app:app"), "bistro", "bistro"),
    Peer("bistro, def in place", (*BISTRO, f"{APPS}.bistro_app:in_place"), "bistro", "bistro"),
    Peer("bistro, default plugins", (*BISTRO, f"{APPS}.bistro_app:with_defaults"), "bistro", "bistro"),
    Peer(
        "bistro on granian",
        (*GRANIAN, "--interface", "rsgi", f"{APPS}.bistro_app:app"),
        "bistro",
        "bistro",
    ),
    Peer("bistro on uvicorn", (*UVICORN, f"{APPS}.bistro_app:app"), "bistro", "bistro"),
)
LIMITS = (
    Peer(
        "raw protocol",
        ("-m", "benchmarks.limit", "{port}"),
        "limit",
        "bistro",
        ONLY_ANSWERS | NO_SOCKET,
        against="bistro, def in place",
        wanted={"json": 0.85, "plaintext": 0.85, "params": 0.85, "items": 0.80},
    ),
    Peer(
        "raw RSGI on granian",
        (*GRANIAN, "--interface", "rsgi", f"{APPS}.raw_rsgi:app"),
        "limit",
        lacks=ONLY_ANSWERS,
        against="bistro on granian",
        wanted=dict.fromkeys(ANSWERS, 0.95),
    ),
    Peer(
        "raw ASGI on uvicorn",
        (*UVICORN, f"{APPS}.raw_asgi:app"),
        "limit",
        lacks=ONLY_ANSWERS,
        against="bistro on uvicorn",
        wanted=dict.fromkeys(ANSWERS, 0.93),
    ),
    Peer(
        "nginx",
        ("nginx", "-c", "{folder}/nginx.conf", "-p", "{folder}"),
        "limit",
        "system",
        frozenset({"params", "items", "upload", "websocket"}),
    ),
)


def _wsgi(name: str, module: str, wanted: Mapping[str, float], **options: Any) -> Peer:
    return Peer(name, (*GRANIAN_WSGI, f"{APPS}.{module}:app"), lacks=NO_SOCKET, wanted=wanted, **options)


def _asgi(name: str, wanted: Mapping[str, float]) -> Peer:
    return Peer(f"{name} on uvicorn", (*UVICORN, f"{APPS}.{name}_app:app"), wanted=wanted)


OTHERS = (
    _wsgi("falcon on granian", "falcon_app", {"json": 1.4, "plaintext": 1.4, "items": 1.6}),
    _asgi("blacksheep", {"json": 2.0, "plaintext": 2.0, "params": 2.0, "items": 2.8}),
    _asgi("starlette", {"json": 2.7, "plaintext": 2.7, "params": 4.0, "items": 4.5}),
    Peer("sanic", ("-m", f"{APPS}.sanic_app", "{port}"), wanted={"json": 2.7, "plaintext": 2.7}),
    Peer(
        "emmett",
        (*GRANIAN, "--interface", "rsgi", f"{APPS}.emmett_app:app"),
        against="bistro on granian",
        wanted={"json": 1.4, "plaintext": 1.4},
    ),
    Peer("robyn", ("-m", f"{APPS}.robyn_app", "{port}"), lacks=NO_SOCKET),
    _asgi("litestar", {"json": 4.0, "plaintext": 4.0, "params": 4.0, "items": 5.0}),
    _asgi("fastapi", {"json": 6.5, "plaintext": 6.5, "params": 10.0, "items": 10.0}),
    _wsgi("pyramid on granian", "pyramid_app", {}),
    _wsgi("flask on granian", "flask_app", {"json": 9.0, "plaintext": 9.0, "params": 10.0, "items": 10.0}),
    Peer("flask on gunicorn", (*GUNICORN, f"{APPS}.flask_app:app"), lacks=NO_SOCKET),
    _wsgi("django on granian", "django_app", {"json": 9.0, "plaintext": 9.0, "params": 10.0, "items": 10.0}),
    Peer("django on gunicorn", (*GUNICORN, f"{APPS}.django_app:app"), lacks=NO_SOCKET),
    _wsgi(
        "django, default middleware, on granian",
        "django_app",
        {"json": 14.0},
        environment={"BENCHMARK_DEFAULTS": "1"},
        against="bistro, default plugins",
    ),
    Peer("tornado", ("-m", f"{APPS}.tornado_app", "{port}")),
)
ON_3_13 = (
    Peer("bistro on 3.13", (*BISTRO, f"{APPS}.bistro_app:app"), "bistro", "3.13"),
    Peer("bistro, def in place, on 3.13", (*BISTRO, f"{APPS}.bistro_app:in_place"), "bistro", "3.13"),
    Peer(
        "django-bolt on 3.13",
        ("-m", f"{APPS}.bolt_app", "{port}"),
        interpreter="3.13",
        lacks=ONLY_ANSWERS | NO_SOCKET,
        against="bistro on 3.13",
        wanted=dict.fromkeys(ANSWERS, 1.0),
    ),
)


def _with_database(database: Literal["sqlite", "postgresql"]) -> tuple[Peer, ...]:
    title = {"sqlite": "SQLite", "postgresql": "PostgreSQL"}[database]
    base = f"bistro, {title}"
    shared: dict[str, Any] = {"database": database, "against": base}
    queries = {"queries": 5.5}
    return (
        Peer(base, (*BISTRO, f"{APPS}.bistro_world:app"), "bistro", "bistro", **shared),
        Peer(
            f"django, {title}",
            (*GRANIAN_WSGI, f"{APPS}.django_world:app"),
            wanted={"db": 4.0, **queries},
            **shared,
        ),
        Peer(
            f"flask and SQLAlchemy, {title}",
            (*GRANIAN_WSGI, f"{APPS}.flask_world:app"),
            wanted={"db": 5.5, **queries},
            **shared,
        ),
        Peer(
            f"fastapi and SQLAlchemy, {title}",
            (*UVICORN, f"{APPS}.fastapi_world:app"),
            wanted={"db": 5.5, **queries},
            **shared,
        ),
    )


BY_HAND = Peer(
    "asyncpg on bistro, PostgreSQL",
    (*BISTRO, f"{APPS}.bistro_world:by_hand"),
    "limit",
    "bistro",
    database="postgresql",
    against="bistro, PostgreSQL",
    wanted=dict.fromkeys(("db", "queries", "updates"), 0.75),
)
WITH_DATABASE = (*_with_database("postgresql"), BY_HAND, *_with_database("sqlite"))
PEERS = {peer.name: peer for peer in (*BISTRO_PEERS, *LIMITS, *OTHERS, *ON_3_13, *WITH_DATABASE)}
