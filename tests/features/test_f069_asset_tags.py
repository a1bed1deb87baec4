"""F69: the tags for scripts and styles have the hash, the integrity and the nonce that they should have."""

from __future__ import annotations

import base64
import hashlib
import re
from pathlib import Path

import pytest

from bistro import App, render
from bistro.cli.checks import run_checks
from bistro.plugins import Rendered, Rendering, SecurityHeaders, Static
from bistro.testing import Client
from tests.features.static_support import bistro, make_site

PAGE = '{{ stylesheet("css/base.css", media="print") }}{{ script("js/soup.js", type="module", defer=true, data_x=word) }}'
POLICY = "script-src 'self' {nonce}; style-src 'self' {nonce}"


def app_with(folder: Path, page: str = PAGE, *, policy: str | None = POLICY) -> App:
    headers = SecurityHeaders(content_security_policy=policy)
    app = App(headers, Static(folder / "static"), Rendering(sources={"page.html": page}))

    @app.get("/")
    async def show() -> Rendered:
        return render("page.html", word='"<')

    return app


def test_f069_collected_files_have_hash_integrity_and_nonce(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_site(tmp_path)
    assert bistro(tmp_path, "static", "collect").returncode == 0
    monkeypatch.setenv("ENV", "production")
    monkeypatch.setenv("ALLOWED_HOSTS", "localhost")
    with Client(app_with(tmp_path)) as client:
        answer = client.get("/")
        nonce = re.search(r"'nonce-([^']+)'", answer.headers["content-security-policy"])
        links = re.findall(r'(?:src|href)="([^"]+)"', answer.text)
        hashes = re.findall(r'integrity="sha384-([^"]+)"', answer.text)
        files = [client.get(link).content for link in links]
    assert nonce is not None
    assert re.fullmatch(
        r'<link rel="stylesheet" href="/static/css/base-\w+\.css" integrity="[^"]+" nonce="[^"]+" media="print">'
        r'<script src="/static/js/soup-\w+\.js" integrity="[^"]+" nonce="[^"]+" type="module" defer data-x="&#34;&lt;">'
        r"</script>",
        answer.text,
    )
    assert (
        answer.text.count(f'nonce="{nonce[1]}"'.replace("+", "&#43;")) == 2
        or answer.text.count(nonce[1]) == 2
    )
    assert hashes == [base64.b64encode(hashlib.sha384(each).digest()).decode() for each in files]


def test_f069_while_it_is_developed_the_plain_file_may_change(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_site(tmp_path)
    monkeypatch.setenv("ENV", "development")
    text = Client(app_with(tmp_path, '{{ script("js/app.js") }}', policy=None)).get("/").text
    assert text.startswith('<script src="/static/js/app.js"></script>')


def test_f069_a_name_that_is_no_attribute_is_refused(tmp_path: Path) -> None:
    make_site(tmp_path)
    app = app_with(tmp_path, "{{ script('js/app.js', **{'x onload=alert(1)': true}) }}")
    with pytest.raises(ValueError, match="can't be the name of an attribute"):
        Client(app).get("/")


def test_f069_a_missing_file_is_found_before_serving(tmp_path: Path) -> None:
    make_site(tmp_path)
    app = app_with(tmp_path, "{{ script('js/app.js') }}\n{{ stylesheet('css/site.sass', media='all') }}")
    found = [each for each in run_checks(app, app.freeze()) if each.id == "templates.E011"]
    assert [each.where[0].line for each in found] == [2]
