from __future__ import annotations

import functools
from pathlib import Path

import pytest

from bistro.routing import (
    PatternError,
    RouteError,
    Routes,
    RouteTable,
    TextConverter,
    delete,
    get,
    header,
    include,
    patch,
    post,
    put,
    redirect,
    route,
)
from tests.routing.support import handler


def show() -> None: ...


def edit() -> None: ...


def paths(routes: Routes) -> list[str]:
    return [str(each) for each in routes.all_routes()]


def test_a_decorator_records_and_gives_the_handler_back() -> None:
    routes = Routes()
    assert routes.get("/items/{id:int}")(show) is show
    assert paths(routes) == ["GET /items/{id:int}"]


@pytest.mark.parametrize("name", ["get", "post", "put", "patch", "delete", "head", "options"])
def test_every_usual_method_has_its_decorator(name: str) -> None:
    routes = Routes()
    getattr(routes, name)("/x")(show)
    assert routes.all_routes()[0].methods == {name.upper()}


def test_several_methods_are_given_as_a_list_in_any_case() -> None:
    routes = Routes()
    routes.route(["get", "POST"], "/x")(show)
    assert routes.all_routes()[0].methods == {"GET", "POST"}


@pytest.mark.parametrize("method", ["TRACE", "CONNECT", "", "GET /", "__INIT__", "G\nET", "É", "X" * 40])
def test_a_method_that_no_handler_should_get_is_refused(method: str) -> None:
    with pytest.raises(RouteError) as caught:
        Routes().route(method, "/x")(show)
    assert "test_group.py" in str(caught.value)


def test_a_route_without_methods_is_refused() -> None:
    with pytest.raises(RouteError, match="without methods"):
        Routes().route([], "/x")(show)


def test_a_handler_that_can_not_be_called_is_refused() -> None:
    with pytest.raises(RouteError, match="can't be called"):
        Routes().get("/x")("show")  # type: ignore[type-var]


def test_a_route_is_named_after_its_handler() -> None:
    assert Routes([get("/", show)]).all_routes()[0].name == "show"


def test_a_partial_is_named_after_its_function() -> None:
    assert Routes([get("/", functools.partial(show))]).all_routes()[0].name == "show"


def test_an_object_is_named_after_its_class() -> None:
    class Page:
        def __call__(self) -> None: ...

    assert Routes([get("/", Page())]).all_routes()[0].name == "Page"


def test_a_name_given_to_the_route_wins() -> None:
    assert Routes([get("/", show, name="home")]).all_routes()[0].name == "home"


def test_options_that_routing_does_not_read_are_kept_for_others() -> None:
    recorded = Routes(
        [get("/", show, name="n", host="a.example", when=[header("X")], blocking=False, status=201)]
    )
    only = recorded.all_routes()[0]
    assert dict(only.options) == {"blocking": False, "status": 201}
    assert (only.host, only.predicates) == ("a.example", (header("X"),))


def test_the_origin_of_a_decorated_handler_is_its_own_line() -> None:
    routes = Routes()

    @routes.get("/")
    def decorated() -> None: ...

    origin = routes.all_routes()[0].origin
    assert (Path(origin.file).name, origin.line) == ("test_group.py", decorated.__code__.co_firstlineno)


def test_the_origin_in_a_central_table_is_the_line_of_the_table() -> None:
    line = test_the_origin_in_a_central_table_is_the_line_of_the_table.__code__.co_firstlineno + 2
    origin = Routes([get("/", show)]).all_routes()[0].origin
    assert (Path(origin.file).name, origin.line, origin.name) == ("test_group.py", line, "show")


def test_a_central_table_takes_every_kind_of_entry() -> None:
    shop = Routes([get("/", show)])
    routes = Routes(
        [
            get("/a", show),
            post("/a", show),
            put("/a", show),
            patch("/a", show),
            delete("/a", show),
            route(["GET", "POST"], "/b", show),
            redirect("/old", "/a"),
            include(shop, at="/shop"),
        ]
    )
    assert paths(routes) == [
        "GET /a",
        "POST /a",
        "PUT /a",
        "PATCH /a",
        "DELETE /a",
        "GET|POST /b",
        "GET /old",
        "GET /shop/",
    ]


def test_a_group_adds_its_prefix_and_its_name() -> None:
    shop = Routes()
    shop.get("/{id:int}")(show)
    routes = Routes()
    routes.include(shop, at="/shop", name="shop")
    only = routes.all_routes()[0]
    assert (only.pattern.text, only.name) == ("/shop/{id:int}", "shop.show")


def test_groups_nest_to_any_depth() -> None:
    inner = Routes([get("/x", show)])
    middle = Routes([include(inner, at="/b", name="b")])
    outer = Routes([include(middle, at="/a", name="a")])
    only = outer.all_routes()[0]
    assert (only.pattern.text, only.name) == ("/a/b/x", "a.b.show")


def test_a_prefix_may_hold_parameters() -> None:
    routes = Routes([include(Routes([get("/{id:int}", show)]), at="/{tenant}")])
    assert list(routes.all_routes()[0].parameters) == ["tenant", "id"]


def test_an_empty_path_is_the_prefix_itself() -> None:
    routes = Routes([include(Routes([get("", show), get("/", edit)]), at="/shop")])
    assert [each.pattern.text for each in routes.all_routes()] == ["/shop", "/shop/"]


@pytest.mark.parametrize("at", ["", "/"])
def test_a_group_may_be_included_without_prefix(at: str) -> None:
    assert paths(Routes([include(Routes([get("/x", show)]), at=at)])) == ["GET /x"]


def test_a_slash_at_the_end_of_a_prefix_is_left_out() -> None:
    assert paths(Routes([include(Routes([get("/x", show)]), at="/shop/")])) == ["GET /shop/x"]


def test_a_prefix_without_slash_is_refused_where_it_is_written() -> None:
    with pytest.raises(PatternError) as caught:
        Routes().include(Routes(), at="shop")
    assert "Write at='/shop'" in str(caught.value)
    assert "test_group.py" in str(caught.value)


def test_a_group_may_be_included_twice() -> None:
    shop = Routes([get("/x", show)])
    routes = Routes([include(shop, at="/a", name="a"), include(shop, at="/b", name="b")])
    assert [each.name for each in routes.all_routes()] == ["a.show", "b.show"]


def test_a_route_added_after_the_include_counts() -> None:
    shop = Routes()
    routes = Routes([include(shop, at="/shop")])
    shop.get("/late")(show)
    assert paths(routes) == ["GET /shop/late"]


def test_a_group_that_includes_itself_is_refused() -> None:
    routes = Routes()
    with pytest.raises(RouteError, match="holds itself"):
        routes.include(routes, at="/x")


def test_a_longer_circle_of_groups_is_refused() -> None:
    first, second, third = Routes(), Routes(), Routes()
    first.include(second)
    second.include(third)
    with pytest.raises(RouteError, match="holds itself"):
        third.include(first)


def test_the_host_of_a_group_holds_for_its_routes() -> None:
    routes = Routes([include(Routes([get("/", show)]), host="api.example.com")])
    assert routes.all_routes()[0].host == "api.example.com"


def test_two_different_hosts_around_a_route_are_refused() -> None:
    routes = Routes([include(Routes([get("/", show, host="b.example")]), host="a.example")])
    with pytest.raises(RouteError, match="inside a group for the host"):
        routes.all_routes()


def test_one_name_in_host_and_path_is_refused() -> None:
    routes = Routes([get("/{tenant}", show, host="{tenant}.example.com")])
    with pytest.raises(PatternError, match="Give each its own name"):
        routes.all_routes()


def test_groups_of_a_route_are_outermost_first_and_carry_their_hooks() -> None:
    inner, outer = Routes([get("/", show)]), Routes()
    inner.before(edit)
    outer.after(handler)
    outer.include(inner, at="/in", name="in")
    groups = outer.all_routes()[0].groups
    assert [[hook.function for hook in group.hooks] for group in groups] == [[handler], [edit]]
    assert [(group.prefix, group.name) for group in groups] == [("", ""), ("/in", "in")]


def test_hooks_are_recorded_with_kind_options_and_place() -> None:
    routes = Routes()

    @routes.on_error(LookupError)
    def missing() -> None: ...

    routes.around(show, only_if_used=str)
    error, around = routes.hooks
    assert (error.kind, error.function, error.options) == ("on_error", missing, {"exception": LookupError})
    assert (around.kind, around.options) == ("around", {"only_if_used": str})
    assert Path(error.origin.file).name == "test_group.py"


def test_hooks_added_after_the_include_count() -> None:
    inner = Routes([get("/", show)])
    outer = Routes([include(inner)])
    inner.before(edit)
    assert [hook.function for hook in outer.all_routes()[0].groups[-1].hooks] == [edit]


def test_who_added_a_group_is_told_with_its_routes() -> None:
    inner = Routes([get("/x", show)])
    routes = Routes([include(Routes([include(inner)]), by="Shop")])
    assert routes.all_routes()[0].origin.by == "Shop"


def test_who_owns_the_routes_is_told_with_them() -> None:
    routes = Routes(by="Shop")
    routes.get("/x")(show)
    routes.before(edit)
    assert routes.all_routes()[0].origin.by == "Shop"
    assert routes.hooks[0].origin.by == "Shop"


def test_an_own_converter_is_known_in_its_group_and_below() -> None:
    even = TextConverter("even", int, parse=int)
    outer = Routes([include(Routes([get("/{n:even}", show)]))])
    outer.converter(even)
    assert outer.all_routes()[0].parameters["n"] is even


def test_an_own_converter_is_not_known_beside_its_group() -> None:
    routes = Routes(
        [include(Routes(converters=[TextConverter("even", int, parse=int)])), get("/{n:even}", show)]
    )
    with pytest.raises(PatternError, match="'even'"):
        routes.all_routes()


def test_all_wrong_patterns_are_told_at_once_with_their_places() -> None:
    routes = Routes([get("/{a:itn}", show), get("/fine", show), get("b", edit)])
    with pytest.raises(PatternError) as caught:
        routes.all_routes()
    text = str(caught.value)
    assert "'/{a:itn}'" in text
    assert "Write '/b'" in text
    assert text.count("test_group.py") == 2


def test_thousands_of_routes_are_flattened_and_compiled() -> None:
    shop = Routes([get(f"/thing{number}/{{id:int}}", show) for number in range(500)])
    routes = Routes([include(shop, at=f"/part{number}") for number in range(4)])
    table = RouteTable([(each, each.name) for each in routes.all_routes()])
    assert len(table.routes) == 2000


@pytest.mark.parametrize("decorator", [Routes().get, Routes().post, Routes().websocket])
def test_decorator_without_its_path_is_told_with_the_place_of_the_handler(decorator) -> None:
    with pytest.raises(RouteError, match="the path of a route is a text, not function") as caught:
        decorator(show)
    assert caught.value.where[0].name == "show"
