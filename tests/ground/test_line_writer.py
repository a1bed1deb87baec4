"""Lines in batches: none lost on a normal exit, and no broken stream stops the site."""

from __future__ import annotations

import io
import subprocess
import sys
import threading
import time
import timeit
from collections.abc import Iterator

import pytest

from bistro.ground.line_writer import BatchedLineWriter

WAIT_SECONDS = 20


class Stream:
    """A stream that counts its writes, tells of them, and can fail or block."""

    def __init__(self) -> None:
        self.data = b""
        self.writes = 0
        self.error: Exception | None = None
        self.written = threading.Event()
        self.may_write = threading.Event()
        self.may_write.set()

    def write(self, data: bytes, /) -> int:
        assert self.may_write.wait(WAIT_SECONDS)
        self.writes += 1
        if self.error is not None:
            self.written.set()
            raise self.error
        self.data += data
        self.written.set()
        return len(data)

    def flush(self) -> None:
        pass

    def lines(self) -> list[str]:
        return self.data.decode().splitlines()


def format_line(item: tuple[str, int]) -> str:
    return f"{item[0]} {item[1]}"


@pytest.fixture
def stream() -> Stream:
    return Stream()


@pytest.fixture
def writer(stream: Stream) -> Iterator[BatchedLineWriter[tuple[str, int]]]:
    writer = BatchedLineWriter(format_line, stream, interval_seconds=WAIT_SECONDS, batch_size=100)
    yield writer
    writer.close()


def test_nothing_is_written_on_append(writer: BatchedLineWriter[tuple[str, int]], stream: Stream):
    writer.append(("GET /", 200))

    assert stream.writes == 0


def test_close_writes_what_waits_in_one_write_and_in_order(
    writer: BatchedLineWriter[tuple[str, int]], stream: Stream
):
    for number in range(50):
        writer.append(("GET /", number))

    writer.close()

    assert stream.data == b"".join(b"GET / %d\n" % number for number in range(50))
    assert stream.writes == 1


def test_lines_are_written_after_the_interval(stream: Stream):
    writer = BatchedLineWriter(format_line, stream, interval_seconds=0.001)

    writer.append(("GET /", 200))

    assert stream.written.wait(WAIT_SECONDS)
    assert stream.lines() == ["GET / 200"]
    writer.close()


def test_a_full_batch_is_written_without_waiting_for_the_interval(
    writer: BatchedLineWriter[tuple[str, int]], stream: Stream
):
    for number in range(100):
        writer.append(("GET /", number))

    assert stream.written.wait(WAIT_SECONDS / 2)


def test_writer_wakes_again_for_a_second_batch(writer: BatchedLineWriter[tuple[str, int]], stream: Stream):
    for _ in range(3):
        stream.written.clear()
        for number in range(100):
            writer.append(("GET /", number))
        assert stream.written.wait(WAIT_SECONDS / 2)
    writer.close()

    assert len(stream.lines()) == 300


def test_flush_writes_at_once(writer: BatchedLineWriter[tuple[str, int]], stream: Stream):
    writer.append(("GET /", 200))

    writer.flush()

    assert stream.lines() == ["GET / 200"]


def test_what_is_appended_after_close_is_written_at_once(
    writer: BatchedLineWriter[tuple[str, int]], stream: Stream
):
    writer.append(("GET /", 1))
    writer.close()

    writer.append(("GET /", 2))

    assert stream.lines() == ["GET / 1", "GET / 2"]


def test_writer_that_was_never_used_starts_no_thread():
    before = threading.active_count()

    BatchedLineWriter(format_line, Stream()).close()

    assert threading.active_count() == before


@pytest.mark.parametrize(
    "error",
    [OSError(28, "No space left on device"), BrokenPipeError(), ValueError("I/O operation on closed file")],
)
def test_a_stream_that_fails_loses_lines_and_counts_them_and_is_tried_again(
    writer: BatchedLineWriter[tuple[str, int]], stream: Stream, error: Exception
):
    stream.error = error
    writer.append(("GET /", 1))
    writer.append(("GET /", 2))
    writer.flush()
    stream.error = None
    writer.append(("GET /", 3))
    writer.flush()

    assert writer.lines_lost == 2
    assert stream.lines() == ["GET / 3"]


def test_thread_survives_a_stream_that_fails(writer: BatchedLineWriter[tuple[str, int]], stream: Stream):
    stream.error = OSError(28, "No space left on device")
    for number in range(100):
        writer.append(("GET /", number))
    assert stream.written.wait(WAIT_SECONDS / 2)
    stream.error = None
    stream.written.clear()

    for number in range(100):
        writer.append(("GET /", number))

    assert stream.written.wait(WAIT_SECONDS / 2)


def test_an_item_that_cannot_be_formatted_does_not_take_others_with_it(stream: Stream):
    writer = BatchedLineWriter(lambda number: f"{1 // number}", stream, interval_seconds=WAIT_SECONDS)
    for number in (1, 0, 1):
        writer.append(number)

    writer.close()

    assert stream.lines() == ["1", "1"]
    assert writer.lines_lost == 1


def test_text_that_has_no_utf8_form_is_escaped(stream: Stream):
    writer = BatchedLineWriter(str, stream)
    writer.append("\ud800ü")

    writer.close()

    assert stream.lines() == ["\\ud800ü"]


def test_a_blocked_stream_holds_nobody_up_and_the_queue_is_bounded(stream: Stream):
    writer = BatchedLineWriter(format_line, stream, interval_seconds=0.0, batch_size=10, waiting_max=50)
    stream.may_write.clear()

    for number in range(1_000):
        writer.append(("GET /", number))

    assert writer.lines_lost >= 900
    stream.may_write.set()
    writer.close()
    assert len(stream.lines()) + writer.lines_lost == 1_000
    kept = [int(line.split()[-1]) for line in stream.lines()]
    assert kept == sorted(kept)


def test_closing_gives_up_on_a_stream_that_blocks(stream: Stream):
    writer = BatchedLineWriter(format_line, stream, interval_seconds=0.0)
    stream.may_write.clear()
    writer.append(("GET /", 200))

    writer.close(timeout_seconds=0.01)

    assert stream.writes == 0
    stream.may_write.set()


def test_many_threads_lose_nothing(stream: Stream):
    writer = BatchedLineWriter(format_line, stream, interval_seconds=0.001, batch_size=7)

    def append_many(name: str) -> None:
        for number in range(2_000):
            writer.append((name, number))

    threads = [threading.Thread(target=append_many, args=(f"t{n}",)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    writer.close()

    lines = stream.lines()
    assert len(lines) == 8_000
    for name in ("t0", "t3"):
        assert [line for line in lines if line.startswith(name)] == [f"{name} {n}" for n in range(2_000)]


def test_lines_that_wait_when_the_program_ends_are_written():
    program = (
        "from bistro.ground.line_writer import BatchedLineWriter\n"
        "writer = BatchedLineWriter(str, interval_seconds=60)\n"
        "for n in range(3): writer.append(n)\n"
    )

    result = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, timeout=WAIT_SECONDS, check=True
    )

    assert result.stdout == b"0\n1\n2\n"


def test_lines_are_written_at_once_where_no_thread_can_be_started(
    writer: BatchedLineWriter[tuple[str, int]], stream: Stream, monkeypatch: pytest.MonkeyPatch
):
    def refuse(thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", refuse)
    writer.append(("GET /", 1))
    writer.append(("GET /", 2))

    assert stream.lines() == ["GET / 1", "GET / 2"]


def test_program_without_standard_output_goes_on(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(sys, "stdout", None)
    writer = BatchedLineWriter(str)
    writer.append(1)

    writer.close()

    assert writer.lines_lost == 1


def test_writes_to_standard_output_by_default(monkeypatch: pytest.MonkeyPatch):
    output = io.TextIOWrapper(io.BytesIO())
    monkeypatch.setattr(sys, "stdout", output)
    writer = BatchedLineWriter(str)
    writer.append("ü")

    writer.close()

    assert output.buffer.getvalue() == "ü\n".encode()  # type: ignore[attr-defined]


@pytest.mark.timed
@pytest.mark.skipif(sys.gettrace() is not None, reason="whoever traces each line pays for it")
def test_append_costs_the_hot_path_less_than_half_a_microsecond():
    writer = BatchedLineWriter(format_line, Stream(), interval_seconds=WAIT_SECONDS, batch_size=10_000_000)
    item = ("GET /", 200)

    def append() -> None:
        writer.append(item)

    seconds = min(timeit.repeat(append, timer=time.thread_time, number=10_000, repeat=20)) / 10_000

    writer.lines_lost = 0
    writer._waiting.clear()
    writer.close()
    assert seconds < 0.5e-6
