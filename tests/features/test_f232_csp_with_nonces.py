"""F232: a content security policy with a nonce of its own for each answer."""

from __future__ import annotations

import re
from pathlib import Path

from bistro import App, Page
from bistro.plugins import Rendering, SecurityHeaders
from bistro.testing import Client


class Home(Page, template="home.html"):
    name: str = "Ann"


def test_script_with_the_nonce_of_the_answer_is_let_in(tmp_path: Path) -> None:
    (tmp_path / "home.html").write_text('<script nonce="{{ csp_nonce }}">1</script>{{ name }}')
    policy = "default-src 'self'; script-src 'self' {nonce}"
    app = App(SecurityHeaders(content_security_policy=policy), Rendering(tmp_path))

    @app.get("/")
    async def home() -> Home:
        return Home()

    seen = []
    for _ in range(2):
        answer = Client(app).get("/")
        nonce = re.search(r'nonce="([^"]{22,})"', answer.text)
        assert nonce is not None
        assert f"'nonce-{nonce[1]}'" in answer.headers["content-security-policy"]
        seen.append(nonce[1])
    assert seen[0] != seen[1]
