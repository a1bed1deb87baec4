from __future__ import annotations

import asyncio
import tracemalloc
from collections.abc import AsyncIterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bistro.http.errors import ClientDisconnected, ContentTooLarge, RequestTimeout
from bistro.serving.body import UNREAD_MAX, BodyAlreadyRead, BodyReader, collect, limit

SIZE_MAX = 1000


async def read_all(reader: BodyReader, size_max: int = SIZE_MAX) -> list[bytes]:
    return [piece async for piece in reader.stream(size_max)]


async def pieces_of(*pieces: bytes) -> AsyncIterator[bytes]:
    for piece in pieces:
        yield piece


async def begin(coroutine) -> asyncio.Task:
    task = asyncio.create_task(coroutine)
    await asyncio.sleep(0)
    return task


@given(st.lists(st.binary(max_size=20), max_size=20), st.integers(0, 20))
def test_whatever_the_chunks_the_body_is_their_sum(chunks: list[bytes], before: int) -> None:
    async def run() -> bytes:
        reader = BodyReader()
        for chunk in chunks[:before]:
            reader.feed(chunk)
        task = await begin(reader.read(SIZE_MAX))
        for chunk in chunks[before:]:
            reader.feed(chunk)
            await asyncio.sleep(0)
        reader.feed_end()
        return await task

    assert asyncio.run(run()) == b"".join(chunks)


@given(st.lists(st.binary(max_size=20), max_size=20), st.integers(0, 20))
def test_streamed_pieces_add_up_and_are_never_empty(chunks: list[bytes], before: int) -> None:
    async def run() -> list[bytes]:
        reader = BodyReader()
        for chunk in chunks[:before]:
            reader.feed(chunk)
        task = await begin(read_all(reader))
        for chunk in chunks[before:]:
            reader.feed(chunk)
            await asyncio.sleep(0)
        reader.feed_end()
        return await task

    pieces = asyncio.run(run())
    assert b"".join(pieces) == b"".join(chunks)
    assert all(pieces)


def test_body_in_one_chunk_is_handed_over_without_a_copy():
    async def run():
        reader = BodyReader(5)
        task = await begin(reader.read(SIZE_MAX))
        chunk = bytes(bytearray(b"hello"))
        reader.feed(chunk)
        reader.feed_end()
        return await task is chunk

    assert asyncio.run(run())


def test_whole_body_can_be_read_again():
    async def run():
        reader = BodyReader()
        reader.feed(b"once")
        reader.feed_end()
        return [await reader.read(SIZE_MAX), await reader.read(SIZE_MAX), await read_all(reader)]

    assert asyncio.run(run()) == [b"once", b"once", [b"once"]]


def test_second_reading_keeps_to_its_own_limit():
    async def run():
        reader = BodyReader()
        reader.feed(b"12345")
        reader.feed_end()
        await reader.read(5)
        await reader.read(4)

    with pytest.raises(ContentTooLarge):
        asyncio.run(run())


def test_body_is_gone_after_it_was_streamed():
    async def run():
        reader = BodyReader()
        reader.feed(b"once")
        reader.feed_end()
        await read_all(reader)
        await reader.read(SIZE_MAX)

    with pytest.raises(BodyAlreadyRead):
        asyncio.run(run())


def test_too_large_a_declared_length_is_refused_before_a_byte_came():
    with pytest.raises(ContentTooLarge, match="1,000 bytes"):
        asyncio.run(BodyReader(1001).read(SIZE_MAX))


@pytest.mark.parametrize("read", [BodyReader.read, read_all])
def test_received_bytes_count_whatever_the_declared_length_says(read):
    async def run():
        reader = BodyReader(3)
        task = await begin(read(reader, SIZE_MAX))
        for _ in range(1001):
            reader.feed(b"x")
        await task

    with pytest.raises(ContentTooLarge):
        asyncio.run(run())


def test_body_of_exactly_the_limit_is_read():
    async def run():
        reader = BodyReader(1000)
        reader.feed(b"x" * 1000)
        reader.feed_end()
        return len(await reader.read(SIZE_MAX))

    assert asyncio.run(run()) == 1000


def test_bodies_of_single_bytes_cost_no_more_memory_than_others():
    # CVE-2025-69229: a list of tiny chunks takes more than thirty times the body's size.
    async def run():
        reader = BodyReader()
        tracemalloc.start()
        for index in range(100_000):
            reader.feed(b"%c" % (index % 256))
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return peak

    assert asyncio.run(run()) < 400_000


def test_server_is_asked_to_pause_while_nobody_reads_and_to_go_on_when_someone_does():
    async def run():
        calls = []
        reader = BodyReader(pause=lambda: calls.append("pause"), resume=lambda: calls.append("resume"))
        reader.feed(b"x" * UNREAD_MAX)
        assert calls == []
        reader.feed(b"x")
        reader.feed(b"x")
        assert calls == ["pause"]
        task = await begin(reader.read(UNREAD_MAX * 2))
        assert calls == ["pause", "resume"]
        reader.feed_end()
        return len(await task)

    assert asyncio.run(run()) == UNREAD_MAX + 2


def test_client_that_goes_away_ends_the_reading():
    async def run():
        reader = BodyReader()
        task = await begin(reader.read(SIZE_MAX))
        reader.feed(b"half")
        reader.abort()
        await task

    with pytest.raises(ClientDisconnected):
        asyncio.run(run())


def test_stream_gives_what_came_before_the_client_went_away():
    async def run():
        reader = BodyReader()
        reader.feed(b"half")
        reader.abort()
        pieces = []
        with pytest.raises(ClientDisconnected):
            async for piece in reader.stream(SIZE_MAX):
                pieces.append(piece)
        return pieces

    assert asyncio.run(run()) == [b"half"]


def test_body_that_had_arrived_outlives_its_client():
    async def run():
        reader = BodyReader()
        reader.feed(b"whole")
        reader.feed_end()
        reader.abort()
        return await reader.read(SIZE_MAX)

    assert asyncio.run(run()) == b"whole"


def test_server_may_say_what_went_wrong():
    async def run():
        reader = BodyReader()
        reader.abort(RequestTimeout("too slow"))
        await reader.read(SIZE_MAX)

    with pytest.raises(RequestTimeout, match="too slow"):
        asyncio.run(run())


def test_body_that_stands_still_is_given_up():
    async def run():
        reader = BodyReader(stall_seconds=0.001)
        reader.feed(b"half")
        await reader.read(SIZE_MAX)

    with pytest.raises(RequestTimeout, match=r"0\.001 seconds"):
        asyncio.run(run())


def test_discarded_body_is_counted_and_not_kept():
    async def run():
        calls = []
        reader = BodyReader(pause=lambda: calls.append("pause"))
        reader.feed(b"x" * 10)
        reader.discard()
        reader.feed(b"x" * UNREAD_MAX * 2)
        reader.feed_end()
        return reader.received, calls, await reader.read(UNREAD_MAX * 3)

    assert asyncio.run(run()) == (10 + UNREAD_MAX * 2, [], b"")


def test_two_readers_at_once_are_a_mistake_that_is_told():
    async def run():
        reader = BodyReader()
        first = await begin(reader.read(SIZE_MAX))
        with pytest.raises(RuntimeError, match="two tasks"):
            await reader.read(SIZE_MAX)
        reader.feed_end()
        await first

    asyncio.run(run())


def test_reader_that_was_cancelled_leaves_the_body_to_the_next():
    async def run():
        reader = BodyReader()
        first = await begin(reader.read(SIZE_MAX))
        first.cancel()
        await asyncio.wait({first})
        reader.feed(b"late")
        reader.feed_end()
        return await reader.read(SIZE_MAX)

    assert asyncio.run(run()) == b"late"


def test_collected_pieces_stop_at_the_limit():
    assert asyncio.run(collect(pieces_of(b"ab", b"cd"), 4)) == b"abcd"
    with pytest.raises(ContentTooLarge):
        asyncio.run(collect(pieces_of(b"ab", b"cd"), 3))


def test_limited_pieces_stop_at_the_limit():
    async def run():
        seen = []
        with pytest.raises(ContentTooLarge):
            async for piece in limit(pieces_of(b"ab", b"cd", b"ef"), 4):
                seen.append(piece)
        return seen

    assert asyncio.run(run()) == [b"ab", b"cd"]
