"""Text made from HTML."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bistro.mail import html_to_text


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("<p>Hello\n  Ada</p><p>Bye</p>", "Hello Ada\n\nBye"),
        ("Tom &amp; Jerry &lt;x&gt;", "Tom & Jerry <x>"),
        ("one<br>two", "one\ntwo"),
        ("<h1>Title</h1>text", "Title\n\ntext"),
        ("<ul><li>a</li><li>b</li></ul>after", "- a\n- b\n\nafter"),
        ('<a href="https://x.org/?a=1&amp;b=2">go</a>', "go <https://x.org/?a=1&b=2>"),
        ('<a href="https://x.org">https://x.org</a>', "https://x.org"),
        ('<a href="mailto:a@x.org">a@x.org</a>', "a@x.org"),
        ('<a href="#top">up</a>', "up"),
        ('<a href="https://x.org"></a>', "https://x.org"),
        ('<img alt="Our logo" src="x">', "Our logo"),
        ("<style>p { color: red }</style><script>x()</script><p>seen</p>", "seen"),
        ("<head><title>t</title></head><body>seen</body>", "seen"),
        ("<table><tr><td>a</td><td>b</td></tr><tr><td>c</td></tr></table>", "a b\nc"),
        ("a<hr>b", "a\n\n--------------------\n\nb"),
        ("", ""),
        ("1 < 2 & 3 > 2", "1 < 2 & 3 > 2"),
        ('<p title="a>b">seen', "seen"),
        ("<!-- <p>gone</p> -->seen<!-- for good", "seen"),
        ("<script>if (a<b) x('>')</script>seen", "seen"),
        ("<!doctype html><?php x ?></>seen", "seen"),
        (f"&#{'9' * 5_000};&#{'9' * 7};&nbsp;x", "\ufffd\ufffd\xa0x"),
        ("<p><a href='https://x.org'>broken<p>link", "broken\n\nlink"),
    ],
)
def test_words_stay_and_marks_become_lines(html: str, text: str) -> None:
    assert html_to_text(html) == text


@given(st.text(st.sampled_from("<>/apbruli \"'=&;x!-"), max_size=200))
def test_any_text_is_read_without_an_error(html: str) -> None:
    assert not html_to_text(html).startswith("\n")


@pytest.mark.timed
@pytest.mark.parametrize(
    "piece", ["<p>", "<a href=x>", "&amp;", "<li>", "</a>", "<", "<!--", "&#", '<a "', "<script>", "<!"]
)
def test_time_grows_no_faster_than_the_text(piece: str) -> None:
    def seconds(length: int) -> float:
        text = piece * (length // len(piece))
        begun = time.thread_time()  # the processor's: others' work is not ours
        html_to_text(text)
        return time.thread_time() - begun

    seconds(1_000)
    assert min(seconds(40_000) for _ in range(3)) < max(8 * min(seconds(10_000) for _ in range(3)), 0.05)
