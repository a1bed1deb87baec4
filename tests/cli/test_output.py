from __future__ import annotations

import io
from pathlib import Path

import pytest

from bistro.cli.output import own_traceback, report_error, short_path, show_table, wants_colour
from bistro.ground.errors import BistroError, SetupError


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("stream", "env", "expected"),
    [
        (Terminal(), {}, True),
        (Terminal(), {"NO_COLOR": "1"}, False),
        (Terminal(), {"TERM": "dumb"}, False),
        (io.StringIO(), {}, False),
        (io.StringIO(), {"FORCE_COLOR": "1"}, True),
        (io.StringIO(), {"FORCE_COLOR": "1", "NO_COLOR": "1"}, False),
        (Terminal(), {"NO_COLOR": ""}, True),
    ],
)
def test_colour_is_for_terminals_unless_told_otherwise(
    stream: io.StringIO, env: dict[str, str], expected: bool
) -> None:
    assert wants_colour(stream, env) is expected


def test_table_has_even_columns_and_no_blanks_at_the_end(capsys: pytest.CaptureFixture[str]) -> None:
    show_table(("a", "name"), [("long", "x"), ("b", "")])
    assert capsys.readouterr().out == "a     name\nlong  x\nb\n"


def test_error_goes_to_standard_error_and_costs_1(capsys: pytest.CaptureFixture[str]) -> None:
    assert report_error(BistroError("no", fix="Do it.")) == 1
    captured = capsys.readouterr()
    assert (captured.out, captured.err) == ("", "BistroError (B000): no\nDo it.\n")


def test_error_may_have_an_exit_code_of_its_own(capsys: pytest.CaptureFixture[str]) -> None:
    class Wrong(SetupError):
        exit_code = 78

    assert report_error(Wrong("no")) == 78


def test_traceback_of_our_own_bug_is_whole() -> None:
    try:
        short_path(None)  # type: ignore[arg-type]
    except AttributeError as error:
        error.__traceback__ = error.__traceback__ and error.__traceback__.tb_next
        assert "output.py" in own_traceback(error)


def test_path_in_the_current_folder_is_shortened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert short_path(str(tmp_path / "shop" / "app.py")) == "shop/app.py"
    assert short_path("/elsewhere/app.py") == "/elsewhere/app.py"
