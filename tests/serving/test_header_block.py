from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from bistro.serving.header_block import BLOCK_SIZE_MAX, BLOCKS_MAX, HeaderBlockCache, split_header_block

names = st.text("abcdefghijklmnopqrstuvwxyz-", min_size=1).map(str.encode)
values = st.binary().map(lambda value: value.replace(b"\r", b"").replace(b"\n", b""))


@given(st.lists(st.tuples(names, values)))
def test_block_comes_apart_into_the_pairs_it_was_made_of(pairs):
    block = b"".join(b"%b: %b\r\n" % pair for pair in pairs)
    assert split_header_block(block) == pairs
    assert HeaderBlockCache(split_header_block).get_pairs(block) == pairs


def test_constant_block_is_taken_apart_once():
    cache = HeaderBlockCache(split_header_block)
    assert cache.get_pairs(b"a: 1\r\n") is cache.get_pairs(b"a: %d\r\n" % 1)


def test_blocks_that_differ_in_each_answer_do_not_fill_the_memory():
    cache = HeaderBlockCache(split_header_block)
    for index in range(BLOCKS_MAX * 3):
        cache.get_pairs(b"etag: %d\r\n" % index)
    assert len(cache._pairs) <= BLOCKS_MAX


def test_long_block_is_not_kept():
    cache = HeaderBlockCache(split_header_block)
    cache.get_pairs(b"a: %b\r\n" % (b"x" * BLOCK_SIZE_MAX))
    assert not cache._pairs
