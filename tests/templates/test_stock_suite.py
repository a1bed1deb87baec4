"""Jinja2's own test suite, from its source distribution, runs against Bistro's compiler."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tarfile
from pathlib import Path

import jinja2
import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
CACHE = ROOT / ".cache" / "jinja2"

DEVIATIONS = {
    "test_debug.py::TestDebug::test_runtime_error": "a traceback names our functions, and no file for a text",
    "test_imports.py::TestImports::test_import_with_globals": "globals of one template: Bistro has those of a site",
    "test_imports.py::TestImports::test_import_with_globals_override": "the same",
    "test_imports.py::TestImports::test_from_import_with_globals": "the same",
    "test_tests.py::TestTestsCase::test_multiple_tests": "counts calls, which this set-up makes twice",
}
LEFT_OUT = ("test_async.py", "test_async_filters.py")
"""Rendering that awaits, which Bistro does not do: what a page shows is awaited before."""


def get_suite() -> Path:
    """The unpacked tests, fetched once by pip and checked against the hash in requirements/dev.txt."""
    folder = CACHE / f"jinja2-{jinja2.__version__}"
    if not (folder / "tests").is_dir():
        pinned = re.search(
            r"^jinja2==.*?(?=^\S(?!.*--hash)|\Z)", (ROOT / "requirements/dev.txt").read_text(), re.M | re.S
        )
        assert pinned is not None
        CACHE.mkdir(parents=True, exist_ok=True)
        wanted = CACHE / "requirements.txt"
        wanted.write_text("".join(line + "\n" for line in pinned[0].splitlines() if "#" not in line))
        command = ["pip", "download", "--quiet", "--require-hashes", "--no-deps", "--no-binary", "jinja2"]
        python = getattr(sys, "_base_executable", sys.executable)
        done = subprocess.run(
            [python, "-m", *command, "-d", str(CACHE), "-r", str(wanted)],
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            pytest.skip(f"the source distribution of Jinja2 can't be had: {done.stderr[-200:]}")
        with tarfile.open(next(CACHE.glob("*.tar.gz"))) as archive:
            archive.extractall(CACHE, filter="data")
    return folder


@pytest.mark.slow
def test_jinjas_own_suite_passes_but_for_the_deviations_listed_here(tmp_path: Path) -> None:
    folder = get_suite()
    (tmp_path / "empty.ini").write_text("[pytest]\n")
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-p",
        "no:cacheprovider",
        "-c",
        str(tmp_path / "empty.ini"),
    ]
    command += [
        "-p",
        "tests.templates.through_bistro",
        "--rootdir",
        str(folder),
        "-rf",
        str(folder / "tests"),
    ]
    command += [f"--ignore={folder / 'tests' / name}" for name in LEFT_OUT]
    reasons = tmp_path / "reasons.json"
    env = {**os.environ, "PYTHONPATH": str(ROOT), "REASONS_FILE": str(reasons)}
    done = subprocess.run(
        command, cwd=folder, env=env, capture_output=True, text=True, timeout=200, check=False
    )

    failed = {match.partition("tests/")[2] for match in re.findall(r"^FAILED (\S+)", done.stdout, re.M)}
    assert failed == set(DEVIATIONS), done.stdout[-4000:]
    counted = dict(json.loads(reasons.read_text()))
    left = sum(count for reason, count in counted.items() if reason.startswith("stock: "))
    assert counted["compiled"] > 4 * left, counted
