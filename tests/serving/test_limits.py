"""The limits are those that the documentation promises."""

from __future__ import annotations

from pathlib import Path

import pytest
from msgspec import structs

from bistro.serving import Limits


def test_the_defaults_are_as_promised() -> None:
    assert structs.asdict(Limits()) == {
        "request_line_size_max": 8 * 1024,
        "header_size_max": 16 * 1024,
        "headers_size_max": 64 * 1024,
        "headers_count_max": 100,
        "head_timeout_seconds": 10.0,
        "keep_alive_timeout_seconds": 75.0,
        "stall_timeout_seconds": 30.0,
        "connections_count_max": None,
    }


def test_limits_do_not_change_while_a_server_runs() -> None:
    with pytest.raises(AttributeError, match="immutable"):
        Limits().headers_count_max = 1  # type: ignore[misc]


def test_every_limit_is_in_the_reference(root: Path) -> None:
    page = (root / "docs" / "reference" / "limits.md").read_text()
    for name in Limits.__struct_fields__:
        assert f"`{name}`" in page
