from __future__ import annotations

import pytest

from bistro.app import BaseApp
from bistro.http import NotFound
from bistro.plugins import Cors, CorsError
from bistro.testing import Client

SHOP = "https://shop.example"
PREFLIGHT = {
    "origin": SHOP,
    "access-control-request-method": "PUT",
    "access-control-request-headers": "content-type",
}


def make_app(cors: Cors) -> BaseApp:
    app = BaseApp(cors)

    @app.put("/items/{id:int}")
    async def put(id: int) -> dict[str, int]:
        return {"id": id}

    @app.get("/missing")
    async def missing() -> str:
        raise NotFound

    @app.options("/own")
    async def own() -> str:
        return "own"

    return app


def client_of(cors: Cors) -> Client:
    return Client(make_app(cors))


def test_origin_in_the_list_may_read_the_answer() -> None:
    headers = client_of(Cors([SHOP])).put("/items/1", headers={"origin": SHOP}).headers
    assert headers["access-control-allow-origin"] == SHOP
    assert headers["vary"] == "origin"
    assert "access-control-allow-credentials" not in headers


@pytest.mark.parametrize(
    "origin",
    [
        "https://shopXexample",
        "https://shop.example.evil",
        "http://shop.example",
        "https://shop.example:444",
        "null",
        SHOP.upper(),
        SHOP + "/",
    ],
)
def test_other_origin_may_not(origin: str) -> None:
    headers = client_of(Cors([SHOP])).put("/items/1", headers={"origin": origin}).headers
    assert "access-control-allow-origin" not in headers
    assert headers["vary"] == "origin"


def test_answer_without_an_origin_varies_too() -> None:
    assert client_of(Cors([SHOP])).put("/items/1").headers["vary"] == "origin"


def test_errors_can_be_read_by_the_allowed_origin() -> None:
    response = client_of(Cors([SHOP])).get("/missing", headers={"origin": SHOP})
    assert (response.status, response.headers["access-control-allow-origin"]) == (404, SHOP)


def test_preflight_is_answered_before_handlers() -> None:
    response = client_of(Cors([SHOP], max_age_seconds=60)).options("/items/1", headers=PREFLIGHT)
    assert response.status == 204
    assert response.headers["access-control-allow-origin"] == SHOP
    assert "PUT" in response.headers["access-control-allow-methods"]
    assert response.headers["access-control-allow-headers"] == "authorization, content-type"
    assert response.headers["access-control-max-age"] == "60"
    assert "access-control-request-method" in response.headers["vary"]


def test_preflight_of_a_path_with_its_own_options_is_answered_too() -> None:
    assert client_of(Cors([SHOP])).options("/own", headers=PREFLIGHT).status == 204


def test_options_that_is_no_preflight_goes_to_the_handler() -> None:
    assert client_of(Cors([SHOP])).options("/own", headers={"origin": SHOP}).text == "own"


def test_preflight_of_another_origin_is_refused() -> None:
    response = client_of(Cors([SHOP])).options(
        "/items/1", headers={**PREFLIGHT, "origin": "https://evil.example"}
    )
    assert response.status == 403
    assert "access-control-allow-origin" not in response.headers
    assert "origin" in response.headers["vary"]


def test_credentials_are_allowed_where_told() -> None:
    client = client_of(Cors([SHOP], credentials=True))
    assert (
        client.put("/items/1", headers={"origin": SHOP}).headers["access-control-allow-credentials"] == "true"
    )
    assert client.options("/items/1", headers=PREFLIGHT).headers["access-control-allow-credentials"] == "true"


def test_every_origin_is_a_star_and_no_echo() -> None:
    headers = client_of(Cors(["*"])).put("/items/1", headers={"origin": "https://a.example"}).headers
    assert headers["access-control-allow-origin"] == "*"


def test_every_origin_with_credentials_keeps_the_app_from_starting() -> None:
    with pytest.raises(CorsError, match="cookies"):
        make_app(Cors(["*"], credentials=True)).freeze()


def test_headers_are_exposed_to_scripts() -> None:
    headers = (
        client_of(Cors([SHOP], expose_headers=["x-total"])).put("/items/1", headers={"origin": SHOP}).headers
    )
    assert headers["access-control-expose-headers"] == "x-total"


@pytest.mark.parametrize(
    "origin",
    [
        "shop.example",
        "https://shop.example/",
        "https://shop.example/a",
        "https://Shop.example",
        "https://shop.example:443",
        "https://*.example",
        "null",
        "",
        "https://",
    ],
)
def test_origin_that_no_browser_sends_keeps_the_app_from_starting(origin: str) -> None:
    with pytest.raises(CorsError, match="not an origin"):
        make_app(Cors([origin])).freeze()


def test_text_in_place_of_a_list_keeps_the_app_from_starting() -> None:
    with pytest.raises(CorsError, match="list"):
        make_app(Cors("https://shop.example")).freeze()


@pytest.mark.parametrize("origin", ["http://localhost:5173", "https://[::1]:8443", "capacitor://localhost"])
def test_origin_with_port_address_or_scheme_of_an_app_is_fine(origin: str) -> None:
    headers = client_of(Cors([origin])).put("/items/1", headers={"origin": origin}).headers
    assert headers["access-control-allow-origin"] == origin
