"""The locks: exact, hashed, without addresses, and in step with pyproject.toml."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

ROOT = Path(__file__).resolve().parent.parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
CORE = PROJECT["project"]["dependencies"]
EXTRAS = [text for extra in PROJECT["project"]["optional-dependencies"].values() for text in extra]
DEV = PROJECT["dependency-groups"]["dev"]
LOCKS = ("uv.txt", "runtime.txt", "dev.txt")
PIN = re.compile(r"^(?P<name>[A-Za-z0-9._-]+)==(?P<version>[^\s;]+)", re.MULTILINE)


def read_lock(name: str) -> str:
    return (ROOT / "requirements" / name).read_text(encoding="utf-8")


def read_pins(name: str) -> dict[str, Version]:
    found = PIN.finditer(read_lock(name))
    return {canonicalize_name(pin["name"]): Version(pin["version"]) for pin in found}


@pytest.mark.parametrize("name", LOCKS)
def test_lock_names_neither_an_address_nor_a_folder_of_the_machine(name: str) -> None:
    assert "://" not in read_lock(name)
    assert " /" not in read_lock(name)


@pytest.mark.parametrize("name", LOCKS)
def test_every_entry_of_the_lock_is_exact_and_hashed(name: str) -> None:
    entries = re.split(r"^(?=[A-Za-z0-9])", read_lock(name), flags=re.MULTILINE)[1:]
    loose = [entry.split()[0] for entry in entries if not PIN.match(entry) or "--hash=sha256:" not in entry]
    assert not loose


@pytest.mark.parametrize(("name", "wanted"), [("runtime.txt", CORE), ("dev.txt", CORE + DEV)])
def test_lock_holds_what_pyproject_asks_for(name: str, wanted: list[str]) -> None:
    pins = read_pins(name)
    asked = {text: Requirement(text) for text in wanted}
    drifted = [
        text
        for text, requirement in asked.items()
        if pins.get(canonicalize_name(requirement.name), Version("0")) not in requirement.specifier
        or canonicalize_name(requirement.name) not in pins
    ]
    assert not drifted, f"not in requirements/{name}: {drifted}; write it anew: ./run lock"


def test_both_locks_pin_the_same_versions() -> None:
    runtime, dev = read_pins("runtime.txt"), read_pins("dev.txt")
    assert {name: dev.get(name) for name in runtime} == runtime


def test_extras_that_the_tests_use_ask_for_the_same_as_the_dev_group() -> None:
    asked = {Requirement(text).name: text for text in DEV}
    different = [text for text in EXTRAS if asked.get(Requirement(text).name, text) != text]
    assert not different


def test_no_file_of_the_set_up_names_a_package_index() -> None:
    hosts = re.compile(r"pypi\.|pythonhosted|/simple\b")
    for name in ("pyproject.toml", "run", ".ci/run", *(f"requirements/{each}" for each in LOCKS)):
        assert not hosts.search((ROOT / name).read_text(encoding="utf-8")), name
