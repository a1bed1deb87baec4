from __future__ import annotations

import pytest

from bistro.testing import Client, FakeClock, TooManyRedirects


def redirect_to(location: str, status: int = 302):
    return lambda exchange: exchange.send(status, f"location: {location}\r\n".encode(), b"")


def test_redirect_is_not_followed_unless_asked(app, client):
    app.handlers["/"] = redirect_to("/seen")
    response = client.get("/")
    assert (response.status, response.is_redirect, response.headers["location"]) == (302, True, "/seen")


def test_followed_redirect_tells_its_history(app, client, seen):
    app.handlers["/a"] = redirect_to("/b?x=1")
    app.handlers["/b"] = redirect_to("seen", 307)
    response = client.get("/a", follow_redirects=True)
    assert [step.status for step in response.history] == [302, 307]
    assert response.url == "http://localhost/seen"


def test_client_may_follow_all_redirects(app, seen):
    app.handlers["/a"] = redirect_to("/seen")
    with Client(app, follow_redirects=True) as client:
        assert client.get("/a").status == 200
        assert client.get("/a", follow_redirects=False).status == 302


@pytest.mark.parametrize(
    ("status", "method", "then"),
    [
        (301, "POST", "GET"),
        (302, "POST", "GET"),
        (303, "POST", "GET"),
        (303, "DELETE", "GET"),
        (302, "PUT", "PUT"),
        (307, "POST", "POST"),
        (308, "POST", "POST"),
    ],
)
def test_redirect_changes_the_method_as_browsers_do(app, client, seen, status, method, then):
    app.handlers["/a"] = redirect_to("/seen", status)
    client.request(method, "/a", content=b"body", follow_redirects=True)
    assert (seen[0].method, seen[0].body) == (then, b"" if then == "GET" else b"body")
    assert ("content-length" in seen[0].headers) is (then != "GET")


def test_head_stays_head_after_every_redirect(app, client, seen):
    app.handlers["/a"] = redirect_to("/seen", 303)
    client.head("/a", follow_redirects=True)
    assert seen[0].method == "HEAD"


def test_eleventh_redirect_is_refused(app, client):
    app.handlers["/"] = redirect_to("/")
    with pytest.raises(TooManyRedirects, match="more than 10"):
        client.get("/", follow_redirects=True)


def test_credentials_do_not_follow_to_another_host(app, client, seen):
    app.handlers["/a"] = redirect_to("http://evil.example/seen", 307)
    client.cookies["session"] = "secret"
    client.post(
        "/a", headers={"authorization": "Bearer x"}, cookies={"once": "secret"}, follow_redirects=True
    )
    headers = seen[0].headers
    assert headers["host"] == "evil.example"
    assert headers["sec-fetch-site"] == "cross-site"
    assert not {"cookie", "authorization"} & headers.keys()


def test_body_given_as_iterator_is_not_sent_again(app, client):
    app.handlers["/"] = redirect_to("/b", 307)
    with pytest.raises(ValueError, match="iterator"):
        client.post("/", content=iter([b"x"]), follow_redirects=True)


def test_cookies_are_kept_and_sent_back(app, client, seen):
    app.handlers["/set"] = lambda exchange: exchange.send(
        200, b"set-cookie: a=1\r\nset-cookie: b=2; path=/\r\n", b""
    )
    response = client.get("/set")
    client.get("/seen")
    assert response.cookies == {"a": "1", "b": "2"}
    assert seen[0].headers["cookie"] == "a=1; b=2"


def test_cookies_of_one_request_are_not_kept(client, seen):
    client.get("/seen", cookies={"once": "1"})
    client.get("/seen")
    assert seen[0].headers["cookie"] == "once=1"
    assert "cookie" not in seen[1].headers


def test_cookie_expires_by_the_clients_clock(app, seen):
    app.handlers["/set"] = lambda exchange: exchange.send(200, b"set-cookie: a=1; max-age=60\r\n", b"")
    clock = FakeClock()
    with Client(app, clock=clock) as client:
        client.get("/set")
        clock.advance(59)
        client.get("/seen")
        clock.advance(1)
        client.get("/seen")
    assert [request.headers.get("cookie") for request in seen] == ["a=1", None]


def test_cookies_may_be_given_from_the_start(app, seen):
    with Client(app, cookies={"a": "1"}) as client:
        client.get("/seen")
    assert seen[0].headers["cookie"] == "a=1"
