"""What is said about a body that can't be read at all."""

from __future__ import annotations

from typing import Any

import pytest

from bistro.validation import json_decoder


@pytest.mark.parametrize(
    ("data", "code", "message"),
    [
        (b"", "missing", "is required: the body is empty"),
        (b" \n\t", "missing", "is required: the body is empty"),
        (b"{", "malformed", "is not valid JSON: it ends too early, after 1 bytes"),
        (b'{"a":1}x', "malformed", "is not valid JSON: trailing characters near byte 8"),
        (b"{a:1}", "malformed", "is not valid JSON: object keys must be strings near byte 1"),
        (b"NaN", "malformed", "is not valid JSON: invalid character near byte 0"),
        (b"[1,]", "malformed", "is not valid JSON: trailing comma in array near byte 3"),
        (rb'"\ud800"', "malformed", "is not valid JSON: half of a surrogate pair in the last 12 bytes"),
        (rb'["\ud800","abcdef"]', "malformed", "is not valid JSON: half of a surrogate pair near byte 8"),
        (b"\xef\xbb\xbf{}", "encoding", "begins with a byte order mark; send UTF-8 without it"),
        ("{}".encode("utf-16"), "encoding", "must be UTF-8, not UTF-16"),
        ("{}".encode("utf-16-le"), "encoding", "must be UTF-8, not UTF-16"),
        ("{}".encode("utf-16-be"), "encoding", "must be UTF-8, not UTF-16"),
        ("{}".encode("utf-32"), "encoding", "must be UTF-8, not UTF-32"),
        ("{}".encode("utf-32-le"), "encoding", "must be UTF-8, not UTF-32"),
        ("{}".encode("utf-32-be"), "encoding", "must be UTF-8, not UTF-32"),
        (b'{"a":"b\xff"}', "encoding", "is not valid UTF-8 at byte 7"),
        (b'{"a\xc0\x80":1}', "encoding", "is not valid UTF-8 at byte 3"),
        ('"ü"'.encode("latin-1"), "encoding", "is not valid UTF-8 at byte 1"),
        (b"[" * 65 + b"]" * 65, "too-deep", "is nested more than 64 levels deep"),
    ],
)
def test_unreadable_body_is_explained(problems_of, data: bytes, code: str, message: str) -> None:
    (problem,) = problems_of(json_decoder(Any), data)

    assert (problem.place, problem.path, problem.code, problem.message) == ("body", "", code, message)


@pytest.mark.parametrize(
    "data",
    [
        b"+5",
        b"01",
        b".5",
        b"5.",
        b"1e",
        b"0x1",
        b"'a'",
        b"undefined",
        b"-Infinity",
        b'"\t"',
        b'"\x00"',
        b'"\\x41"',
        b"{}{}",
        b"[1 2]",
        b"/**/1",
        b"\xa0",
        b"\x00",
    ],
)
def test_what_is_nearly_json_is_refused(problems_of, data: bytes) -> None:
    assert problems_of(json_decoder(Any), data)[0].code in {"malformed", "encoding"}


def test_body_that_is_both_wrong_and_cut_short_is_told_as_cut_short(problems_of) -> None:
    assert [problem.code for problem in problems_of(json_decoder(list[int]), b'["x",')] == ["malformed"]
