from __future__ import annotations

import ast
import json

from tests.cli.conftest import Site


def test_plan_that_answers_a_request_is_printed_as_code(hello: Site) -> None:
    result = hello.run("plan", "get", "/")
    assert result.code == 0
    assert "GET / -> hello" in result.out
    assert ast.parse(result.out).body


def test_json_holds_the_route_as_well(hello: Site) -> None:
    plan = json.loads(hello.run("plan", "GET", "/", "--json").out)
    assert plan["name"] == "hello"
    assert "plan(exchange, captured)" in plan["source"]


def test_request_that_no_route_answers_is_a_problem(hello: Site) -> None:
    result = hello.run("plan", "GET", "/nowhere")
    assert (result.code, result.out) == (1, "")
    assert "bistro routes --why /nowhere" in result.err


def test_interpreted_plan_is_printed_as_a_list_of_its_steps(site: Site) -> None:
    site.write(
        "from bistro import App\napp = App(plans='interpreted')\n"
        "@app.get('/')\ndef hello() -> str:\n    return ''\n"
    )
    assert "HostCheck" in site.run("plan", "GET", "/").out
