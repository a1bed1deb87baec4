from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bistro.http import ContentTooLarge, JsonLines
from bistro.http.json_lines import split_lines


def lines_of(pieces: list[bytes], line_size_max: int = 1000) -> list[bytes]:
    async def arriving() -> AsyncIterator[bytes]:
        for piece in pieces:
            yield piece

    async def collect() -> list[bytes]:
        return [line async for line in split_lines(arriving(), line_size_max)]

    return asyncio.run(collect())


def test_each_value_is_one_line() -> None:
    stream: JsonLines[object] = JsonLines([])
    stream.encode_with(lambda value: json.dumps(value).encode())

    assert stream.encode_piece({"a": "b\nc"}) == b'{"a": "b\\nc"}\n'
    assert stream.headers["content-type"] == "application/jsonl"


@given(st.lists(st.binary(min_size=1, max_size=20)), st.lists(st.integers(0, 200), max_size=10))
def test_lines_are_the_same_however_the_body_is_cut(lines: list[bytes], cuts: list[int]) -> None:
    body = b"\r\n".join(lines)
    wanted = [stripped for line in body.split(b"\n") if (stripped := line.strip())]
    places = sorted({0, len(body), *(cut for cut in cuts if cut < len(body))})
    pieces = [body[start:end] for start, end in pairwise(places)]

    assert lines_of(pieces) == wanted


def test_blank_lines_are_left_out_and_the_last_needs_no_end() -> None:
    assert lines_of([b"\n1\n\n  \n2"]) == [b"1", b"2"]


@pytest.mark.parametrize("pieces", [[b"x" * 11], [b"x" * 6, b"x" * 6], [b"1\n" + b"x" * 11 + b"\n2\n"]])
def test_a_line_over_the_limit_is_refused(pieces: list[bytes]) -> None:
    with pytest.raises(ContentTooLarge, match="over 10 bytes"):
        lines_of(pieces, 10)


def test_an_endless_line_is_refused_before_it_is_kept() -> None:
    taken = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal taken
        while True:
            taken += 1
            yield bytes(1000)

    async def read() -> None:
        async for _ in split_lines(endless(), 10_000):
            pass

    with pytest.raises(ContentTooLarge):
        asyncio.run(read())
    assert taken == 11


def test_others_have_their_turn_while_one_piece_of_many_lines_is_taken() -> None:
    async def arriving() -> AsyncIterator[bytes]:
        yield b"1\n" * 100_000

    async def run() -> tuple[int, int]:
        turns = lines = 0

        async def take_turns() -> None:
            nonlocal turns
            while True:
                turns += 1
                await asyncio.sleep(0)

        other = asyncio.ensure_future(take_turns())
        async for _ in split_lines(arriving(), 10):
            lines += 1
        other.cancel()
        return lines, turns

    lines, turns = asyncio.run(run())
    assert lines == 100_000
    assert turns >= 300
