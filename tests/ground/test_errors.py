"""Errors that say what, where and how to fix it."""

from __future__ import annotations

import re

import pytest

import bistro.ground.errors
from bistro.ground.claims import ConflictError
from bistro.ground.config_errors import ConfigError
from bistro.ground.errors import BistroError, SetupError
from bistro.ground.keyring import WeakKeyError
from bistro.ground.log import LoggingError
from bistro.ground.registry import Origin
from bistro.ground.signing import BadSignature, SignatureExpired

CLASSES = [SetupError, ConfigError, ConflictError, WeakKeyError, LoggingError, BadSignature, SignatureExpired]


def test_message_holds_kind_code_what_every_place_and_the_fix():
    error = SetupError("two of a kind", where=(Origin("a.py", 1), Origin("b.py", 2, "x")), fix="Keep one.")

    assert str(error) == "SetupError (B100): two of a kind\n  a.py:1\n  b.py:2   x\nKeep one."


def test_message_without_place_and_fix_is_one_line():
    assert str(BistroError("something")) == "BistroError (B000): something"


def test_parts_can_be_read_apart():
    error = BistroError("what", where=(Origin("a.py", 1),), fix="fix")

    assert (error.what, error.where, error.fix) == ("what", (Origin("a.py", 1),), "fix")


def test_setup_errors_end_a_command_with_1_and_those_of_configuration_with_78():
    assert SetupError.exit_code == ConflictError.exit_code == 1
    assert ConfigError.exit_code == WeakKeyError.exit_code == LoggingError.exit_code == 78


@pytest.mark.parametrize("kind", CLASSES)
def test_tree_in_the_docstring_tells_each_class_with_its_code(kind: type[BistroError]):
    assert re.search(rf"{kind.__name__} +{kind.code} ", bistro.ground.errors.__doc__ or "")


def test_codes_are_used_once():
    codes = [kind.code for kind in [BistroError, *CLASSES]]

    assert len(set(codes)) == len(codes)
