from __future__ import annotations

import json

from tests.cli.conftest import HELLO, Site

UNUSED = (
    HELLO
    + """
class Store: ...

def make_store() -> Store:
    return Store()

app.provide(Store, make_store)
"""
)


def test_app_without_mistakes_ends_with_0(hello: Site) -> None:
    result = hello.run("check")
    assert (result.code, result.out, result.err) == (0, "", "Nothing is wrong.\n")


def test_finding_has_id_level_place_and_fix(site: Site) -> None:
    site.write(UNUSED)
    result = site.run("check")
    assert result.code == 1
    assert "warning app.W001: nothing asks for the Store that is provided\n    app.py:12" in result.out
    assert result.err == "1 warning\n"


def test_json_tells_the_same_for_machines(site: Site) -> None:
    site.write(UNUSED)
    (finding,) = json.loads(site.run("check", "--json").out)
    assert (finding["id"], finding["level"]) == ("app.W001", "warning")
    assert (finding["where"][0]["line"], finding["fix"]) == (12, "Use it, or delete the provider.")


def test_level_error_leaves_out_warnings(site: Site) -> None:
    site.write(UNUSED)
    assert site.run("check", "--level", "error").code == 0


def test_level_info_shows_more_and_is_no_problem(hello: Site) -> None:
    hello.write(HELLO + "\n@app.get('/plain')\ndef plain():\n    return ''\n")
    result = hello.run("check", "--level", "info")
    assert result.code == 0
    assert "info app.I001: GET /plain" in result.out


def test_finding_may_be_silenced_by_its_id(site: Site) -> None:
    site.write(UNUSED)
    result = site.run("check", "--silence", "app.W001")
    assert (result.code, result.err) == (0, "1 silenced\n")


def test_finding_may_be_silenced_with_a_reason_in_the_project_file(site: Site) -> None:
    site.write(UNUSED)
    site.write('[tool.bistro.check]\nsilence = {"app.W001" = "soon"}\n', "pyproject.toml")
    assert site.run("check").code == 0


def test_silence_without_a_finding_is_found(hello: Site) -> None:
    hello.write('[tool.bistro.check]\nsilence = {"app.W009" = "long gone"}\n', "pyproject.toml")
    result = hello.run("check")
    assert result.code == 1
    assert "check.W001" in result.out


def test_silence_without_a_reason_is_bad_configuration(hello: Site) -> None:
    hello.write('[tool.bistro.check]\nsilence = {"app.W001" = ""}\n', "pyproject.toml")
    assert hello.run("check").code == 78


def test_every_error_that_stops_the_start_is_a_finding(site: Site) -> None:
    site.write(
        HELLO
        + "\nclass A: ...\nclass B: ...\n@app.get('/a')\ndef a(a: A) -> None: ...\n@app.get('/b')\ndef b(b: B) -> None: ...\n"
    )
    findings = json.loads(site.run("check", "--json").out)
    assert [finding["id"] for finding in findings] == ["B302", "B302"]


def test_site_that_cannot_be_imported_shows_its_traceback_on_standard_error(site: Site) -> None:
    site.write("1 / 0\n")
    result = site.run("check", "--json")
    assert result.code == 1
    assert json.loads(result.out)[0]["id"] == "B702"
    assert 'app.py", line 1' in result.err


def test_configuration_that_is_wrong_ends_with_78(hello: Site) -> None:
    hello.write("SECRET_KEY=short\n", ".env")
    result = hello.run("check")
    assert result.code == 78
    assert "error B110" in result.out
    assert "short" not in result.out


def test_all_settings_that_production_lacks_are_told_at_once(hello: Site) -> None:
    hello.write(
        "from bistro import App\nfrom bistro.plugins import Accounts, Database\n"
        "app = App(Database(), Accounts())\n"
    )
    result = hello.run("check", "--env", "production", "--json")
    assert result.code == 78
    assert [each["id"] for each in json.loads(result.out)] == ["B310", "B970", "B110"]
    assert hello.run("run").code == 78


def test_checks_of_the_site_run_too(hello: Site) -> None:
    hello.write(
        HELLO
        + "\nfrom bistro.app import Finding\n@app.check\ndef look(app: App) -> list[Finding]:\n"
        + "    return [Finding('shop.E001', 'error', 'no prices', fix='Add some.')]\n"
    )
    result = hello.run("check")
    assert result.code == 1
    assert "error shop.E001: no prices\n    Add some." in result.out


def test_environment_may_be_chosen(hello: Site) -> None:
    hello.write("import os\n" + HELLO + "\nassert os.environ['BISTRO_ENV'] == 'testing'\n")
    assert hello.run("check", "--env", "testing").code == 0
