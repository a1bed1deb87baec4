"""Make this checkout importable and known as an installed package, without building it.

An editable install would fetch and run a build back end that no lock pins. What such an install
leaves behind is little, so it is written here: a `.pth` file with the path of the checkout, a
`.dist-info` folder (so that the version and the entry points are found) and a launcher for each
console script. Run by `./run` with the Python of the venv after each sync.
"""

from __future__ import annotations

import sys
import sysconfig
import tomllib
from importlib.machinery import PathFinder
from pathlib import Path
from typing import Any

# $0 and not a fixed path, so that the folder may be moved and its path may hold spaces.
LAUNCHER = '#!/bin/sh\nexec "$(dirname -- "$0")/python" -m {module} "$@"\n'


def main() -> int:
    root = Path(__file__).resolve().parent.parent
    link(root, site=Path(sysconfig.get_path("purelib")), scripts=Path(sysconfig.get_path("scripts")))
    return 0


def link(root: Path, site: Path, scripts: Path) -> None:
    """Write path, metadata and launchers for the checkout `root` into a venv's folders."""
    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    name, version = project["name"], project["version"]
    for old in site.glob(f"{name}-*.dist-info"):
        remove_folder(old)
    info = site / f"{name}-{version}.dist-info"
    info.mkdir()
    (site / f"{name}-checkout.pth").write_text(f"{root}\n", encoding="utf-8")
    (info / "METADATA").write_text(
        f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n", encoding="utf-8"
    )
    (info / "INSTALLER").write_text("run\n", encoding="utf-8")
    (info / "entry_points.txt").write_text(entry_points(project, root), encoding="utf-8")
    # With a RECORD the next sync can take the package out again, as it does with all that no lock names.
    files = [f"{name}-checkout.pth", *(f"{info.name}/{file.name}" for file in info.iterdir())]
    record = "".join(f"{file},,\n" for file in [*sorted(files), f"{info.name}/RECORD"])
    (info / "RECORD").write_text(record, encoding="utf-8")
    for script, target in project.get("scripts", {}).items():
        launcher = scripts / script
        launcher.write_text(LAUNCHER.format(module=target.partition(".")[0]), encoding="utf-8")
        launcher.chmod(0o755)


def entry_points(project: dict[str, Any], root: Path) -> str:  # Any: a table of TOML
    """The text of `entry_points.txt`, without the entries whose module does not exist yet."""
    groups: dict[str, dict[str, str]] = {"console_scripts": project.get("scripts", {})}
    groups.update(project.get("entry-points", {}))
    lines: list[str] = []
    for group, entries in groups.items():
        lines.append(f"[{group}]")
        lines += [f"{name} = {target}" for name, target in entries.items() if module_exists(target, root)]
        lines.append("")
    return "\n".join(lines)


def module_exists(target: str, root: Path) -> bool:
    """Whether the module of `package.module:object` is there, found without importing anything."""
    path = [str(root)]
    for name in target.partition(":")[0].split("."):
        spec = PathFinder.find_spec(name, path)
        if spec is None:
            return False
        path = list(spec.submodule_search_locations or [])
    return True


def remove_folder(folder: Path) -> None:
    for file in folder.iterdir():
        file.unlink()
    folder.rmdir()


if __name__ == "__main__":
    sys.exit(main())
