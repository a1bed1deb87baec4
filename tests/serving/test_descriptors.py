from __future__ import annotations

import resource

import pytest

from bistro.serving import descriptors
from bistro.serving.descriptors import count_connections_max, raise_descriptor_limit

INFINITE = resource.RLIM_INFINITY


@pytest.fixture
def limits(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, int]]:
    """The limit in effect stands last; the tests' own process keeps its own."""
    seen = [(1024, 1024)]
    monkeypatch.setattr(resource, "getrlimit", lambda kind: seen[-1])
    monkeypatch.setattr(resource, "setrlimit", lambda kind, pair: seen.append(pair))
    return seen


@pytest.mark.parametrize(
    ("soft", "connections"), [(20, 10), (64, 32), (256, 224), (1024, 922), (65_536, 58_983), (INFINITE, None)]
)
def test_some_descriptors_are_left_to_the_app(
    limits: list[tuple[int, int]], soft: int, connections: int | None
) -> None:
    limits.append((soft, INFINITE))
    assert count_connections_max() == connections


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ((1024, 4096), (4096, 4096)),
        ((1024, INFINITE), (65_536, INFINITE)),
        ((1024, 1_000_000), (65_536, 1_000_000)),
        ((64, 64), (64, 64)),
        ((100_000, 1_000_000), (100_000, 1_000_000)),
        ((INFINITE, INFINITE), (INFINITE, INFINITE)),
    ],
)
def test_the_limit_is_raised_as_far_as_it_may(
    limits: list[tuple[int, int]], before: tuple[int, int], after: tuple[int, int]
) -> None:
    limits.append(before)
    raise_descriptor_limit()
    assert limits[-1] == after


def test_a_system_that_refuses_leaves_it_as_it_is(
    limits: list[tuple[int, int]], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(kind: int, pair: tuple[int, int]) -> None:
        raise ValueError("not allowed to raise maximum limit")

    monkeypatch.setattr(resource, "setrlimit", refuse)
    limits.append((256, INFINITE))
    raise_descriptor_limit()
    assert limits[-1] == (256, INFINITE)


def test_a_system_without_such_limits_has_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(descriptors, "_find_resource", lambda: None)
    raise_descriptor_limit()
    assert count_connections_max() is None
