from __future__ import annotations

from bistro.serving.target import KNOWN_SIZE_MAX, PATHS_COUNT_MAX, KnownPaths


def test_a_path_that_was_added_is_known() -> None:
    known = KnownPaths()
    assert known.find(b"/a%20b") is None
    known.add(b"/a%20b", "/a%20b")
    assert known.find(b"/a%20b") == "/a%20b"
    assert known.find(None) is None


def test_clients_can_t_fill_the_memory_with_paths() -> None:
    known = KnownPaths()
    for number in range(3 * PATHS_COUNT_MAX):
        known.add(f"/{number}", f"/{number}")
        assert len(known._paths) <= PATHS_COUNT_MAX
    known.add("/" + "x" * KNOWN_SIZE_MAX, "/" + "x" * KNOWN_SIZE_MAX)
    assert known.find("/" + "x" * KNOWN_SIZE_MAX) is None


def test_a_path_that_is_none_is_judged_each_time() -> None:
    known = KnownPaths()
    known.add(b"*", "")
    assert known.find(b"*") is None
