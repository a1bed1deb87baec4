from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bistro.http.errors import BadRequest
from bistro.http.url import quote_path_segment, unquote_path
from bistro.routing.site import StaticPaths, read_segments

texts = st.lists(
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=8), min_size=1
)


@given(texts)
def test_segments_are_read_back_from_their_quoted_form(segments: list[str]) -> None:
    assert read_segments("/" + "/".join(map(quote_path_segment, segments))) == ["", *segments]


@given(texts)
def test_segments_are_read_back_where_every_byte_is_escaped(segments: list[str]) -> None:
    path = "/" + "/".join("".join(f"%{byte:02x}" for byte in text.encode()) for text in segments)
    assert read_segments(path) == ["", *segments]


@given(st.text(alphabet=st.sampled_from("/%2F5fc3aé"), max_size=20))
def test_decoding_segments_agrees_with_decoding_each_alone(text: str) -> None:
    path = "/" + text
    try:
        expected = [unquote_path(segment) for segment in path.split("/")]
    except BadRequest:
        with pytest.raises(BadRequest):
            read_segments(path)
    else:
        assert read_segments(path) == expected


@pytest.mark.parametrize(
    ("path", "segments"),
    [
        ("/a%2Fb", ["", "a/b"]),
        ("/a%252Fb", ["", "a%2Fb"]),
        ("/a%25252Fb", ["", "a%252Fb"]),
        ("/%25%2F%25", ["", "%/%"]),
        ("/%2F%2f/", ["", "//", ""]),
    ],
)
def test_escapes_of_slashes_and_percent_signs_are_decoded_once(path: str, segments: list[str]) -> None:
    assert read_segments(path) == segments


def test_asking_for_a_method_without_routes_keeps_nothing() -> None:
    paths: StaticPaths[str] = StaticPaths()
    assert paths["BREW"] == {}
    assert len(paths) == 0
