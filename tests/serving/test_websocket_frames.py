from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from websockets.protocol import OPEN
from websockets.server import ServerProtocol

from bistro.serving.websocket_deflate import DeflateFactory
from bistro.serving.websocket_frames import Frames
from tests.serving.websocket_wire import BINARY, CONT, PING, TEXT, frame

messages = st.lists(st.text(max_size=300) | st.binary(max_size=300), max_size=6)


def make_frames(size_max: int = 1000) -> Frames:
    return Frames(ServerProtocol(state=OPEN), size_max)


def as_bytes(message: str | bytes) -> tuple[int, bytes]:
    return (TEXT, message.encode()) if isinstance(message, str) else (BINARY, message)


@given(messages, st.lists(st.integers(1, 40), min_size=1), st.lists(st.integers(1, 50), min_size=1))
def test_any_fragments_and_any_cut_of_the_bytes_give_the_same_messages(
    sent: list[str | bytes], fragments: list[int], cuts: list[int]
) -> None:
    stream = b""
    for message in sent:
        opcode, data = as_bytes(message)
        for size in fragments:
            if len(data) <= size:
                break
            stream += frame(opcode, data[:size], fin=False) + frame(PING, b"?")
            opcode, data = CONT, data[size:]
        stream += frame(opcode, data)
    frames, got, at = make_frames(), [], 0
    while stream:
        size = cuts[at % len(cuts)]
        got += frames.feed(stream[:size])
        stream, at = stream[size:], at + 1
    assert got == sent
    assert frames.end is None


@given(st.binary(max_size=400))
def test_no_bytes_make_it_raise_and_after_an_end_nothing_is_given_out(data: bytes) -> None:
    frames = make_frames(100)
    got = frames.feed(data)
    assert all(len(message) <= 100 for message in got)
    if frames.end is not None:
        assert frames.feed(frame(TEXT, b"late")) == []
        assert frames.protocol.writes


@given(st.text(min_size=1, max_size=100).map(lambda text: text * 50))
def test_compressed_texts_are_read_as_they_were(text: str) -> None:
    _, there = DeflateFactory().process_request_params([], [])
    _, back = DeflateFactory().process_request_params([], [])
    writer, reader = ServerProtocol(state=OPEN), ServerProtocol(state=OPEN)
    writer.extensions, reader.extensions = [there], [back]
    data = Frames(writer, 100_000).encode(text)
    masked = frame(data[0] & 15, data[2:] if data[1] < 126 else data[4:], rsv=data[0] >> 4 & 7)
    assert Frames(reader, 100_000).feed(masked) == [text]
    assert not hasattr(there, "encoder"), "nothing is kept between two messages"
    assert not hasattr(back, "decoder")
