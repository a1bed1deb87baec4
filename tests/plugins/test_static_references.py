from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bistro.plugins.static.references import find_references, resolve, rewrite


def names(file: str, text: str) -> list[str]:
    return [reference.name for reference in find_references(file, text, "/static")]


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("a { background: url(../img/a.png) }", "img/a.png"),
        ("a { background: url( '../img/a.png' ) }", "img/a.png"),
        ('a { background: URL("../img/a.png") }', "img/a.png"),
        ("a { background: url(/static/img/a.png) }", "img/a.png"),
        ("a { background: url(../img/a%20b.png) }", "img/a b.png"),
        ("@font-face { src: url(f.woff2?v=1#iefix) format('woff2') }", "css/f.woff2"),
        ('@import "base.css";', "css/base.css"),
        ("@import 'base.css' screen;", "css/base.css"),
        ("@import url(base.css);", "css/base.css"),
        ("/*# sourceMappingURL=site.css.map */", "css/site.css.map"),
        ("a{content:'it'}b{background:url(x.png)}", "css/x.png"),
        ('a{content:"\\"("}b{background:url(x.png)}', "css/x.png"),
    ],
)
def test_a_style_sheet_refers_to(text: str, meant: str) -> None:
    assert names("css/site.css", text) == [meant]


@pytest.mark.parametrize(
    "text",
    [
        "a { background: url(https://cdn.example/a.png) }",
        "a { background: url(//cdn.example/a.png) }",
        "a { background: url(/other/a.png) }",
        "a { background: url(data:image/png;base64,AAAA) }",
        "a { fill: url(#gradient) }",
        "a { background: url() }",
        "/* url(a.png) @import 'b.css' */",
        "a { content: 'url(a.png)' }",
        'a { content: "@import \\"b.css\\"" }',
        "a { background: url(../../../etc/passwd) }",
        "/* never closed url(a.png)",
    ],
)
def test_nothing_is_meant_by(text: str) -> None:
    assert names("css/site.css", text) == []


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ('import { a, b as c } from "./x.js";', ["js/x.js"]),
        ("import a, * as b from './x.js'", ["js/x.js"]),
        ('import"./x.js"', ["js/x.js"]),
        ('import{a}from"../lib/x.js"', ["lib/x.js"]),
        ("import {\n  a,\n  b,\n} from './x.js';", ["js/x.js"]),
        ('export * from "./x.js"', ["js/x.js"]),
        ('export { a } from "./x.js"', ["js/x.js"]),
        ('const m = await import("./x.js")', ["js/x.js"]),
        ('import("./x.js", { with: { type: "json" } })', ["js/x.js"]),
        ('import "/static/js/x.js"', ["js/x.js"]),
        ("//# sourceMappingURL=x.js.map", ["js/x.js.map"]),
        ("const q = /['\"]/; import './x.js'", ["js/x.js"]),
        ("const q = `a ${1} b`; import './x.js'", ["js/x.js"]),
        ("a = b / c; import './x.js'; d = e / f", ["js/x.js"]),
        ("import './x.js'; import './y.js'", ["js/x.js", "js/y.js"]),
        ('import "lit"', []),
        ('import "https://cdn.example/x.js"', []),
        ('// import "./x.js"', []),
        ('/* import "./x.js" */', []),
        ("const text = 'import \"./x.js\"'", []),
        ('const text = `import "./x.js"`', []),
        ('thing.import("./x.js")', []),
        ('important("./x.js")', []),
        ("import(name)", []),
        ('import("./x" + name)', []),
        ('export const path = "./x.js"', []),
        ('export default "./x.js"', []),
    ],
)
def test_a_module_refers_to(text: str, meant: list[str]) -> None:
    assert names("js/app.js", text) == meant


def test_other_files_refer_to_nothing() -> None:
    assert names("page.html", 'import "./x.js"; url(a.png)') == []


def test_only_the_last_part_of_the_path_changes_and_the_rest_stays() -> None:
    text = "a { background: url(../img/a.png?v=1#x) } b { background: url(c.png) }"
    found = find_references("css/site.css", text, "/static")
    assert rewrite(text, found, {"img/a.png": "img/a-123.png"}) == (
        "a { background: url(../img/a-123.png?v=1#x) } b { background: url(c.png) }"
    )


@given(st.text(max_size=300), st.sampled_from(["a.css", "a.js"]))
def test_any_text_stays_itself_where_no_name_has_a_hash(text: str, name: str) -> None:
    assert rewrite(text, find_references(name, text, "/static"), {}) == text


@given(st.text(alphabet="./%ab\\:#?", max_size=40))
def test_no_path_leads_out_of_the_folder(path: str) -> None:
    meant = resolve("css/site.css", path, "/static")
    assert meant is None or not meant.startswith(("..", "/"))


@pytest.mark.timed
@pytest.mark.parametrize(
    "piece",
    ["/*", "url(", '"', "import ", "export a ", "`", "/*# sourceMappingURL=", "@import ", "a/b", "\\"],
)
@pytest.mark.parametrize("name", ["a.css", "a.js"])
def test_the_walk_is_linear(name: str, piece: str) -> None:
    def seconds(size: int) -> float:
        text = piece * (size // len(piece))
        least = float("inf")
        for _ in range(3):
            started = time.perf_counter()
            find_references(name, text, "/static")
            least = min(least, time.perf_counter() - started)
        return least

    assert seconds(200_000) < max(4 * seconds(100_000), 0.05)
