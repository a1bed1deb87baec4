"""F287: HTTPS on one's own machine, by one option."""

from __future__ import annotations

import ssl
import urllib.request
from pathlib import Path

import pytest

from tests.cli.processes import Running

pytestmark = pytest.mark.slow

SITE = 'from bistro import App\napp = App()\n@app.get("/")\nasync def hello() -> str:\n    return "hello"\n'


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1"])
def test_f287_local_https_is_believed_by_who_trusts_its_authority(tmp_path: Path, host: str) -> None:
    (tmp_path / "app.py").write_text(SITE)
    with Running(["run", "--https", "--port", "0"], tmp_path, {"XDG_DATA_HOME": str(tmp_path)}) as running:
        authority = running.wait_for_line(r"once you trust (\S+) as an authority")[1]
        port = running.wait_for_line(r"Bistro serves https://127\.0\.0\.1:(\d+)")[1]
        context = ssl.create_default_context(cafile=authority)
        with urllib.request.urlopen(f"https://{host}:{port}/", context=context, timeout=10) as answer:
            assert answer.read() == b"hello"
