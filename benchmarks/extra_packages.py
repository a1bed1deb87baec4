"""Packages that one benchmark alone needs: installed once, into a folder of their own."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent


def prepare(name: str, what: str) -> bool:
    """Make what `NAME_requirements.txt` names importable; False where it can't be installed."""
    requirements, folder = HERE / f"{name}_requirements.txt", HERE / ".peers" / name
    stamp, wanted = folder / "requirements.txt", requirements.read_text()
    if not (stamp.is_file() and stamp.read_text() == wanted):
        sys.stderr.write(f"Installing {what} (once) ...\n")
        shutil.rmtree(folder, ignore_errors=True)
        python = getattr(sys, "_base_executable", sys.executable)
        install = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        if subprocess.run([*install, "--target", folder, "-r", requirements], check=False).returncode:
            return False
        stamp.write_text(wanted)
    sys.path.append(str(folder))  # at the end: Bistro's own dependencies come first
    return True
