"""The environments of the peers, made once, with the versions that are pinned here."""

from __future__ import annotations

import shutil
import subprocess
import sys
from importlib.metadata import distributions
from pathlib import Path

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
FOLDER = HERE.parent / ".peers"


def find_python(interpreter: str) -> Path | None:
    """The interpreter for a peer, its environment made if it must; None where this machine has none."""
    if interpreter == "bistro":
        return Path(sys.executable)
    if interpreter == "peers":
        # The interpreter that Bistro runs on, so that nobody is measured on a faster one.
        return _prepare("peers", Path(getattr(sys, "_base_executable", sys.executable)), "requirements.txt")
    base = _find_base(interpreter)
    return None if base is None else _prepare(interpreter, base, f"requirements-{interpreter}.txt")


def read_versions(environment: str, names: tuple[str, ...]) -> str:
    """What is installed of `names`, for the head of the results; nothing where it was not made yet."""
    folders = map(str, (FOLDER / environment / "lib").glob("python*/site-packages"))
    found = {each.name.lower(): each.version for each in distributions(path=list(folders))}
    return ", ".join(f"{name} {found[name]}" for name in names if name in found)


def _prepare(name: str, base: Path, requirements: str) -> Path:
    folder, wanted = FOLDER / name, (HERE / requirements).read_text()
    python, stamp = folder / "bin" / "python", folder / "requirements.txt"
    if stamp.is_file() and stamp.read_text() == wanted:
        return python
    sys.stderr.write(f"Installing {requirements} into {folder.relative_to(ROOT)} (some minutes, once) ...\n")
    shutil.rmtree(folder, ignore_errors=True)
    subprocess.run([base, "-m", "venv", folder], check=True)
    install = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps"]
    subprocess.run([*install, "-r", HERE / requirements], check=True)
    stamp.write_text(wanted)
    return python


def _find_base(version: str) -> Path | None:
    found = shutil.which(f"python{version}")
    if found is not None and subprocess.run([found, "--version"], capture_output=True).returncode == 0:
        return Path(found)
    installed = sorted(Path.home().glob(f".pyenv/versions/{version}*/bin/python"))
    return installed[-1] if installed else None
