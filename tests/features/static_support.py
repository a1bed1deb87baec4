"""A small site whose static files were collected, served as in production."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

APP = """
from bistro import App
from bistro.plugins import StaticUrls

app = App()

@app.get("/url")
async def url(name: str, static: StaticUrls) -> str:
    return static(name)
"""
FILES = {
    "static/css/site.css": '@import "base.css";\nbody { background: url("../img/bowl.svg") }\n'
    + "a {}\n" * 400,
    "static/css/base.css": "html { margin: 0 }\n",
    "static/img/bowl.svg": "<svg xmlns='http://www.w3.org/2000/svg'>" + "<path/>" * 300 + "</svg>",
    "static/js/app.js": 'import { soup } from "./soup.js";\nsoup();\n',
    "static/js/soup.js": "export const soup = () => 1;\n",
}


def make_site(folder: Path, files: dict[str, str] | None = None) -> None:
    """Write the site into `folder`."""
    for name, content in {"app.py": APP, **(FILES if files is None else files)}.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)


def bistro(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the command line in `folder`, as a user does."""
    env = {**os.environ, "ENV": "production", "ALLOWED_HOSTS": "localhost,127.0.0.1"}
    command = [sys.executable, "-m", "bistro", *arguments]
    return subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, check=False)
