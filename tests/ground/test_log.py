"""Logging as a site uses it: configured once, by arguments and by environment."""

from __future__ import annotations

import contextvars
import io
import json
import logging
import subprocess
import sys
from collections.abc import Iterator

import pytest

from bistro.ground.log import LoggingError, bind_log_fields, configure_logging, get_logger, make_formatter
from bistro.ground.log_format import ConsoleFormatter, JsonFormatter

LOGGERS = ("shop", "shop.db", "library")


@pytest.fixture(autouse=True)
def _restored_logging() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    for name in LOGGERS:
        logging.getLogger(name).setLevel(logging.NOTSET)


@pytest.fixture
def stream() -> io.StringIO:
    return io.StringIO()


def lines_of(stream: io.StringIO) -> list[dict[str, object]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_event_and_fields_are_one_json_line(stream: io.StringIO):
    configure_logging(stream=stream, env={})

    get_logger("shop").info("order.paid", order=17, password="hunter2")

    (line,) = lines_of(stream)
    assert (line["event"], line["order"], line["password"]) == ("order.paid", 17, "***")
    assert (line["level"], line["logger"]) == ("info", "shop")


def test_records_of_any_library_come_out_the_same_way(stream: io.StringIO):
    configure_logging(stream=stream, env={})

    logging.getLogger("library").warning("took %d ms", 12)

    (line,) = lines_of(stream)
    assert (line["event"], line["logger"], line["level"]) == ("took 12 ms", "library", "warning")


def test_request_fields_are_in_every_line(stream: io.StringIO):
    configure_logging(stream=stream, env={})

    def request() -> None:
        bind_log_fields(request_id="r1")
        get_logger("shop").info("one")
        logging.getLogger("library").info("two")

    contextvars.Context().run(request)

    assert [line["request_id"] for line in lines_of(stream)] == ["r1", "r1"]


def test_configuring_twice_writes_each_line_once(stream: io.StringIO):
    configure_logging(stream=stream, env={})
    configure_logging(stream=stream, env={})

    get_logger("shop").info("once")

    assert len(lines_of(stream)) == 1


def test_configuring_again_replaces_stream_format_and_levels(stream: io.StringIO):
    second = io.StringIO()
    configure_logging(stream=stream, levels={"shop.db": "DEBUG"}, env={})
    configure_logging(stream=second, format="console", env={})

    get_logger("shop.db").debug("not wanted any more")
    get_logger("shop.db").info("wanted")

    assert stream.getvalue() == ""
    assert "wanted shop.db" in second.getvalue()
    assert "any more" not in second.getvalue()


def test_handlers_of_others_stay(stream: io.StringIO):
    other = logging.NullHandler()
    logging.getLogger().addHandler(other)

    configure_logging(stream=stream, env={})

    assert other in logging.getLogger().handlers


def test_level_hides_what_is_below_it(stream: io.StringIO):
    configure_logging(stream=stream, level="WARNING", env={})
    log = get_logger("shop")

    for write in (log.debug, log.info, log.warning, log.error, log.critical):
        write("event")

    assert [line["level"] for line in lines_of(stream)] == ["warning", "error", "critical"]
    assert not log.is_enabled(logging.INFO)


def test_environment_wins_over_the_arguments(stream: io.StringIO):
    configure_logging(
        stream=stream, level="ERROR", format="console", env={"LOG_LEVEL": "debug", "LOG_FORMAT": "json"}
    )

    get_logger("shop").debug("seen")

    assert lines_of(stream)[0]["event"] == "seen"


def test_level_of_one_logger_comes_from_the_environment(stream: io.StringIO):
    configure_logging(
        stream=stream, levels={"shop": "ERROR"}, env={"LOG_LEVELS": " shop.db=DEBUG, library = warning ,"}
    )

    get_logger("shop").info("hidden")
    get_logger("shop.db").debug("seen")
    get_logger("library").info("hidden")

    assert [line["event"] for line in lines_of(stream)] == ["seen"]


@pytest.mark.parametrize(
    ("env", "words"),
    [
        ({"LOG_LEVEL": "WARNIN"}, ["LOG_LEVEL", "'WARNIN'", "Did you mean WARNING?"]),
        ({"LOG_FORMAT": "jsno"}, ["LOG_FORMAT", "'jsno'", "Did you mean json?"]),
        ({"LOG_LEVELS": "shop=LOUD"}, ["'shop'", "'LOUD'", "DEBUG"]),
        ({"LOG_LEVELS": "DEBUG"}, ["LOG_LEVELS", "'DEBUG'", "logger=LEVEL"]),
        ({"LOG_LEVELS": "=DEBUG"}, ["LOG_LEVELS"]),
    ],
)
def test_wrong_setting_stops_the_start_and_says_how_to_fix_it(env: dict[str, str], words: list[str]):
    before = list(logging.getLogger().handlers)

    with pytest.raises(LoggingError) as caught:
        configure_logging(env=env)

    for word in ["B120", *words]:
        assert word in str(caught.value)
    assert caught.value.exit_code == 78
    assert logging.getLogger().handlers == before


def test_auto_is_console_in_a_terminal_and_json_elsewhere(stream: io.StringIO):
    assert isinstance(make_formatter(stream=stream, env={}), JsonFormatter)
    stream.isatty = lambda: True  # type: ignore[method-assign]  # a terminal for the test
    assert isinstance(make_formatter(stream=stream, env={}), ConsoleFormatter)
    assert isinstance(make_formatter(stream=stream, env={"LOG_FORMAT": "json"}), JsonFormatter)


def test_bound_fields_are_in_each_event_of_that_logger_only(stream: io.StringIO):
    configure_logging(stream=stream, env={})
    log = get_logger("shop")
    bound = log.bind(order=17).bind(user="ada")

    bound.info("paid", user="bob")
    log.info("other")

    paid, other = lines_of(stream)
    assert (paid["order"], paid["user"]) == (17, "bob")
    assert "order" not in other


def test_field_may_have_any_name(stream: io.StringIO):
    configure_logging(stream=stream, env={})

    get_logger("shop").info("e", event="x", level=1, msg="m", args=(1,), self="s", exc_info=True, name="n")

    (line,) = lines_of(stream)
    assert (line["event"], line["event_"], line["level_"], line["msg"], line["name"]) == (
        "e",
        "x",
        1,
        "m",
        "n",
    )


def test_percent_signs_in_an_event_are_just_text(stream: io.StringIO):
    configure_logging(stream=stream, env={})

    get_logger("shop").info("100 % of %s")

    assert lines_of(stream)[0]["event"] == "100 % of %s"


def test_exception_adds_the_traceback(stream: io.StringIO):
    configure_logging(stream=stream, env={})

    try:
        raise ValueError("token=hunter2")
    except ValueError:
        get_logger("shop").exception("order.failed", order=17)

    (line,) = lines_of(stream)
    assert (line["level"], line["event"], line["order"]) == ("error", "order.failed", 17)
    assert str(line["exception"]).endswith("ValueError: token=***")


def test_exception_outside_an_except_block_is_a_plain_error(stream: io.StringIO):
    configure_logging(stream=stream, env={})

    get_logger("shop").exception("failed")

    assert "exception" not in lines_of(stream)[0]


def test_record_names_the_file_and_line_of_the_callers_call():
    records = []

    class Keep(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            records.append(record)

    logging.getLogger("shop").addHandler(keep := Keep())
    get_logger("shop").error("here")
    get_logger("shop").exception("here")
    logging.getLogger("shop").removeHandler(keep)

    assert {record.funcName for record in records} == {
        "test_record_names_the_file_and_line_of_the_callers_call"
    }


class FullDisk(io.StringIO):
    def write(self, text: str) -> int:
        raise OSError(28, "No space left on device")


def test_site_goes_on_when_the_disk_of_the_log_is_full(capsys: pytest.CaptureFixture[str]):
    configure_logging(stream=FullDisk(), env={})

    get_logger("shop").info("lost", password="hunter2")

    captured = capsys.readouterr()
    assert captured.out + captured.err == ""


def test_site_goes_on_when_the_stream_is_closed(stream: io.StringIO):
    configure_logging(stream=stream, env={})
    stream.close()

    get_logger("shop").info("lost")


def test_site_goes_on_without_standard_output(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(sys, "stdout", None)
    configure_logging(env={})

    get_logger("shop").info("nowhere")


def test_text_that_the_streams_encoding_lacks_is_escaped():
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding="ascii")
    configure_logging(stream=stream, format="console", env={})

    get_logger("shop").info("grün")

    assert b"gr\\xfcn" in raw.getvalue()


def test_lines_follow_a_replaced_standard_output(monkeypatch: pytest.MonkeyPatch, stream: io.StringIO):
    configure_logging(env={}, format="json")
    monkeypatch.setattr(sys, "stdout", stream)

    get_logger("shop").info("here")

    assert lines_of(stream)[0]["event"] == "here"


def test_nothing_is_configured_by_importing():
    program = "import logging, bistro.ground.log; print(logging.getLogger().handlers)"

    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)

    assert result.stdout == "[]\n"


def test_logger_is_known_by_its_name():
    assert repr(get_logger("shop")) == "Logger('shop')"
