from __future__ import annotations

import sys
from types import FrameType

from bistro.ground.text import slugify
from bistro.serving.memory import MemoryExchange
from tools.hello import CallCounter, frames_above, measure_hello


def test_hello_is_answered_within_the_frames_and_calls_that_the_house_allows():
    cost = measure_hello()
    assert len(cost.frames) <= 2
    assert len(cost.calls) <= 20


def test_count_begins_with_the_server_calling_the_app_and_has_the_plan_in_it():
    assert measure_hello().calls[:2] == ["frozen.py: handle", "<plan GET />: plan"]


def test_measuring_writes_no_line_of_a_log(capfd):
    measure_hello()
    assert capfd.readouterr() == ("", "")


def test_calls_of_the_server_of_tests_and_of_the_standard_library_are_not_the_frameworks():
    frames: list[FrameType] = []
    sys.setprofile(lambda frame, event, _: frames.append(frame))
    MemoryExchange().find_header(b"host")
    slugify("a b")
    sys.setprofile(None)
    counter = CallCounter([])
    assert {frame.f_code.co_name for frame in frames if counter.is_ours(frame)} == {"slugify"}


def test_frames_between_two_functions_leave_both_out():
    def outer() -> list[str]:
        return between()

    def between() -> list[str]:
        return inner()

    def inner() -> list[str]:
        return frames_above(sys._getframe(), outer.__code__)

    assert outer() == ["test_hello.py: between"]
