"""Move the fragments of changes/ into CHANGELOG.md as a new version.

python -m tools.changelog VERSION DATE     e.g. 0.1.0 2026-12-01
python -m tools.changelog --check          are all fragments well named and not empty?
"""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass
from pathlib import Path

KINDS = {
    "security": "Security",
    "removed": "Removed",
    "changed": "Changed",
    "added": "Added",
    "fixed": "Fixed",
}
MARK = "<!-- releases, newest first -->\n"
NAME = re.compile(r"^[a-z0-9-]+\.(?P<kind>[a-z]+)\.md$")


@dataclass(frozen=True, slots=True)
class Fragment:
    """What one change means for those who upgrade; `kind` is one of KINDS."""

    path: Path
    kind: str
    text: str


def main(arguments: list[str]) -> int:
    fragments, faults = read_fragments(Path("changes"))
    if faults:
        print("\n".join(faults))
        return 1
    if arguments == ["--check"]:
        return 0
    if len(arguments) != 2:
        print(__doc__)
        return 2
    version, date = arguments
    page = Path("CHANGELOG.md")
    page.write_text(add_release(page.read_text(encoding="utf-8"), version, date, fragments), encoding="utf-8")
    for fragment in fragments:
        fragment.path.unlink()
    return 0


def read_fragments(folder: Path) -> tuple[list[Fragment], list[str]]:
    """The fragments in order of their names, and what is wrong with the others."""
    fragments, faults = [], []
    for path in sorted(folder.glob("*")):
        if path.name == "README.md":
            continue
        match = NAME.match(path.name)
        text = path.read_text(encoding="utf-8").strip()
        if not match or match["kind"] not in KINDS:
            faults.append(
                f"{path}:1: a fragment is called <short-name>.<kind>.md, kind one of {', '.join(KINDS)}"
            )
        elif not text:
            faults.append(f"{path}:1: the fragment is empty")
        else:
            fragments.append(Fragment(path, match["kind"], text))
    return fragments, faults


def add_release(page: str, version: str, date: str, fragments: list[Fragment]) -> str:
    """The text of CHANGELOG.md with a section for `version` above the older ones."""
    lines = [f"\n## {version} ({date})\n"]
    for kind, title in KINDS.items():
        texts = [fragment.text for fragment in fragments if fragment.kind == kind]
        if texts:
            lines.append(f"\n### {title}\n\n")
            lines += [f"- {' '.join(text.splitlines())}\n" for text in texts]
    return page.replace(MARK, MARK + "".join(lines), 1)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
