"""Both formats of a log line, for records of any library."""

from __future__ import annotations

import contextvars
import io
import json
import logging
import re
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bistro.ground.log_fields import bind_log_fields
from bistro.ground.log_format import ConsoleFormatter, JsonFormatter, wants_colours
from bistro.ground.secret import Secret

FORMATTERS = [JsonFormatter(), ConsoleFormatter(), ConsoleFormatter(colours=True)]
BOTH = pytest.mark.parametrize("formatter", FORMATTERS[:2], ids=["json", "console"])

ANY_TEXT = st.text(st.characters(), max_size=100)


def make_record(message: object = "hello", *args: object, **attributes: object) -> logging.LogRecord:
    record = logging.LogRecord("shop.orders", logging.INFO, __file__, 1, message, args, None)
    record.created = 1_763_798_400.25
    vars(record).update(attributes)
    return record


def record_of_error(error: BaseException) -> logging.LogRecord:
    try:
        raise error
    except BaseException:
        return logging.LogRecord("shop", logging.ERROR, __file__, 1, "failed", (), sys.exc_info())


def as_json(record: logging.LogRecord) -> dict[str, object]:
    return json.loads(JsonFormatter().format(record))  # type: ignore[no-any-return]


class Broken:
    def __str__(self) -> str:
        raise RuntimeError("no text")


def test_json_line_holds_time_level_event_and_logger_in_this_order():
    assert JsonFormatter().format(make_record("order %d paid", 17)) == (
        '{"ts":"2025-11-22T08:00:00.250Z","level":"info","event":"order 17 paid","logger":"shop.orders"}'
    )


def test_request_id_and_trace_id_stand_before_the_other_fields():
    record = make_record(bistro_fields={"user": "ada", "trace_id": "t1", "request_id": "r1"})

    assert list(as_json(record)) == ["ts", "level", "event", "logger", "request_id", "trace_id", "user"]


@BOTH
def test_fields_of_the_request_are_in_lines_of_any_library(formatter: logging.Formatter):
    def log() -> str:
        bind_log_fields(request_id="r-42")
        return formatter.format(make_record())

    assert "r-42" in contextvars.Context().run(log)


def test_extra_attributes_of_the_standard_library_are_fields():
    assert as_json(make_record(user_id=7))["user_id"] == 7


def test_field_named_like_one_of_the_lines_own_gets_an_underscore():
    line = as_json(make_record(bistro_fields={"level": 3, "ts": "x", "exception": "y"}))

    assert (line["level"], line["level_"], line["ts_"], line["exception_"]) == ("info", 3, "x", "y")


def test_a_field_of_the_call_wins_over_one_of_the_request():
    def log() -> object:
        bind_log_fields(user="nobody")
        return as_json(make_record(bistro_fields={"user": "ada"}))["user"]

    assert contextvars.Context().run(log) == "ada"


@BOTH
@pytest.mark.parametrize(
    "record",
    [
        make_record("login with password=hunter2"),
        make_record("login %s", {"password": "hunter2"}),
        make_record("login %(user)s %(password)s", {"user": "ada", "password": "hunter2"}),
        make_record("header %s: %s", "Authorization", "Bearer hunter2"),
        make_record("form %r", [{"token": "hunter2"}]),
        make_record({"password": "hunter2"}),
        make_record("key %s %r", Secret("hunter2"), Secret("hunter2")),
        make_record(password="hunter2"),
        make_record(bistro_fields={"headers": {"cookie": "hunter2"}}),
        make_record(bistro_fields={"url": "/reset?token=hunter2"}),
        make_record(bistro_fields={"database": "postgres://ada:hunter2@db/shop"}),
        make_record("too %s few %s", {"password": "hunter2"}, 1, 2),
        record_of_error(ValueError("password=hunter2")),
        record_of_error(ValueError({"api_key": "hunter2"})),
    ],
    ids=str,
)
def test_secret_is_in_no_line(formatter: logging.Formatter, record: logging.LogRecord):
    line = formatter.format(record)

    assert "hunter2" not in line
    assert "***" in line


@BOTH
@pytest.mark.parametrize("attack", ["\n", "\r", "\x1b[2J", "\x9b", "\u2028", "\u202e", "\x00", "\ud800"])
@pytest.mark.parametrize("place", ["message", "argument", "field", "field name", "logger"])
def test_control_characters_of_a_client_reach_neither_terminal_nor_line(
    formatter: logging.Formatter, attack: str, place: str
):
    text = f"a{attack}2026-01-01 INFO forged"
    record = {
        "message": lambda: make_record(text),
        "argument": lambda: make_record("path %s", text),
        "field": lambda: make_record(bistro_fields={"path": text}),
        "field name": lambda: make_record(bistro_fields={text: 1}),
        "logger": lambda: make_record(name=text),
    }[place]()

    line = formatter.format(record)

    assert attack not in line
    line.encode()


def test_a_line_of_an_exceptions_text_cannot_pass_for_a_log_line_of_the_console():
    lines = (
        ConsoleFormatter()
        .format(record_of_error(ValueError("x\n12:00:00.000 INFO forged\x1b[2J")))
        .split("\n")
    )

    assert len(lines) > 2
    assert all(line.startswith("    ") for line in lines[1:])
    assert "\x1b" not in "".join(lines)


def test_json_keeps_the_lines_of_a_traceback_in_one_line():
    written = JsonFormatter().format(record_of_error(ValueError("bad\x1b")))

    assert "\n" not in written
    exception = json.loads(written)["exception"]
    assert exception.startswith("Traceback (most recent call last):\n")
    assert exception.endswith("ValueError: bad\\x1b")


def test_very_long_exception_is_cut_in_the_middle():
    exception = as_json(record_of_error(ValueError("x" * 1_000_000)))["exception"]

    assert isinstance(exception, str)
    assert len(exception) < 70_000
    assert exception.startswith("Traceback")


def test_traceback_that_was_made_before_is_masked_too():
    record = make_record(exc_text="Traceback\n  password=hunter2")

    assert as_json(record)["exception"] == "Traceback\n  password=***"


def test_stack_of_the_call_is_shown_where_it_was_asked_for():
    record = make_record(stack_info='Stack:\n  File "shop.py", line 3\x1b')

    assert as_json(record)["exception"] == 'Stack:\n  File "shop.py", line 3\\x1b'


def test_exception_that_nothing_can_be_made_of_is_named_by_its_type():
    record = make_record(exc_info=(ValueError, ValueError("x"), "no traceback"))

    assert as_json(record)["exception"] == "ValueError (its text could not be made)"


def test_error_whose_text_cannot_be_made_is_named_by_its_type():
    class Mute(Exception):
        def __str__(self) -> str:
            raise RuntimeError("no text")

    assert "Mute" in str(as_json(record_of_error(Mute()))["exception"])


@BOTH
@pytest.mark.parametrize(
    "record",
    [
        make_record("one %s two %s", 1),
        make_record("none", 1, 2),
        make_record("%d", "text"),
        make_record("100 %"),
        make_record("100 % of %s", "x"),
        make_record("%(missing)s", {"given": 1}),
        make_record("%s", Broken()),
        make_record(Broken()),
        make_record(None),
        make_record(bistro_fields={"value": Broken()}),
    ],
    ids=range(10),
)
def test_a_faulty_log_call_still_gives_a_line(formatter: logging.Formatter, record: logging.LogRecord):
    assert "shop.orders" in formatter.format(record)


def test_console_line_is_made_for_reading():
    record = make_record(
        "order.paid", bistro_fields={"amount": 12.5, "user": "ada", "note": "two words", "tags": ["a"]}
    )

    line = ConsoleFormatter().format(record)

    assert re.fullmatch(
        r'\d\d:\d\d:\d\d\.250 INFO     order\.paid amount=12\.5 user=ada note="two words" tags=\["a"\] shop\.orders',
        line,
    )


def test_console_without_colours_holds_no_escape_sequence_and_with_colours_does():
    assert "\x1b" not in ConsoleFormatter().format(make_record())
    assert "\x1b[32mINFO" in ConsoleFormatter(colours=True).format(make_record())


def test_single_events_look_as_records_do():
    arguments = (1_763_798_400.25, "INFO", "request", "bistro.access", {"path": "/", "token": "x"})

    assert json.loads(JsonFormatter().format_event(*arguments)) == {
        "ts": "2025-11-22T08:00:00.250Z",
        "level": "info",
        "event": "request",
        "logger": "bistro.access",
        "path": "/",
        "token": "***",
    }
    assert "request path=/ token=*** bistro.access" in ConsoleFormatter().format_event(*arguments)


@given(ANY_TEXT, ANY_TEXT, ANY_TEXT, ANY_TEXT)
def test_any_text_anywhere_gives_one_clean_line(message: str, argument: str, name: str, value: str):
    for formatter in FORMATTERS:
        line = formatter.format(make_record(message, argument, bistro_fields={name: value}))

        assert len(line.splitlines()) == 1
        line.encode()
    assert as_json(make_record(message, argument, bistro_fields={name: value}))["logger"] == "shop.orders"


@pytest.mark.parametrize(
    ("env", "terminal", "colours"),
    [
        ({}, True, True),
        ({}, False, False),
        ({"NO_COLOR": "1"}, True, False),
        ({"NO_COLOR": ""}, True, True),
        ({"FORCE_COLOR": "1"}, False, True),
        ({"FORCE_COLOR": "1", "NO_COLOR": "1"}, True, False),
        ({"TERM": "dumb"}, True, False),
    ],
)
def test_colours_follow_the_environment_and_the_terminal(env: dict[str, str], terminal: bool, colours: bool):
    stream = io.StringIO()
    stream.isatty = lambda: terminal  # type: ignore[method-assign]  # a terminal for the test

    assert wants_colours(stream, env) is colours


def test_a_closed_stream_is_no_terminal():
    stream = io.StringIO()
    stream.close()

    assert wants_colours(stream, {}) is False
