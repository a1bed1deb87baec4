"""Errors that become answers: their status, their headers and their problem document."""

import json

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bistro.ground.errors import BistroError
from bistro.ground.problems import Problem
from bistro.http import errors
from bistro.http.errors import (
    BadRequest,
    ClientDisconnected,
    HttpError,
    InternalServerError,
    MethodNotAllowed,
    NotFound,
    TooManyRequests,
    UnprocessableContent,
    http_error_for,
    problem_details,
)
from bistro.http.headers import HeaderValueError

# Those of Bistro: other tests make kinds of their own, as sites do.
KINDS = [kind for kind in HttpError.__subclasses__() if kind.__module__ == HttpError.__module__]

# Names and numbers as RFC 9110 §15.5 and §15.6, RFC 4918, RFC 6585 and RFC 7725 have them.
TITLES = {
    400: "Bad Request", 401: "Unauthorized", 402: "Payment Required", 403: "Forbidden", 404: "Not Found",
    405: "Method Not Allowed", 406: "Not Acceptable", 408: "Request Timeout", 409: "Conflict", 410: "Gone",
    411: "Length Required", 412: "Precondition Failed", 413: "Content Too Large", 414: "URI Too Long",
    415: "Unsupported Media Type", 416: "Range Not Satisfiable", 417: "Expectation Failed",
    421: "Misdirected Request", 422: "Unprocessable Content", 423: "Locked", 426: "Upgrade Required",
    428: "Precondition Required", 429: "Too Many Requests", 431: "Request Header Fields Too Large",
    451: "Unavailable For Legal Reasons", 500: "Internal Server Error", 501: "Not Implemented",
    502: "Bad Gateway", 503: "Service Unavailable", 504: "Gateway Timeout", 505: "HTTP Version Not Supported",
    507: "Insufficient Storage",
}  # fmt: skip


def test_statuses_have_the_titles_of_their_standards():
    assert {kind.status: kind.title for kind in KINDS} == TITLES


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_code_of_every_error_names_its_status(kind):
    assert kind.code == f"B{kind.status}"


@pytest.mark.parametrize("kind", [*KINDS, HttpError, ClientDisconnected], ids=lambda kind: kind.__name__)
def test_every_error_says_what_it_means_to_see_it(kind):
    assert "If you see this: " in kind.__doc__


def test_error_without_detail_shows_its_title():
    assert str(NotFound()) == "NotFound (B404): Not Found"


def test_error_with_detail_shows_the_detail():
    assert str(NotFound("no such shop")) == "NotFound (B404): no such shop"


def test_http_errors_are_errors_of_bistro():
    assert isinstance(BadRequest(), BistroError)


def test_client_disconnected_is_no_answer():
    assert not isinstance(ClientDisconnected(), HttpError)


def test_headers_of_an_error_have_lower_case_names():
    assert TooManyRequests(headers={"Retry-After": "5"}).headers == {"retry-after": "5"}


def test_error_refuses_a_header_that_would_split_the_answer():
    with pytest.raises(HeaderValueError):
        TooManyRequests(headers={"retry-after": "5\r\nx: 1"})


def test_method_not_allowed_lists_the_methods_in_order():
    assert MethodNotAllowed(allow={"POST", "GET"}).headers == {"allow": "GET, POST"}


def test_method_not_allowed_keeps_other_headers():
    error = MethodNotAllowed(allow=["GET"], headers={"Vary": "Cookie"})
    assert error.headers == {"vary": "Cookie", "allow": "GET"}


def test_method_not_allowed_without_methods_still_has_the_header():
    assert http_error_for(405).headers == {"allow": ""}


@pytest.mark.parametrize("status", sorted(TITLES))
def test_every_known_status_has_its_own_class(status):
    assert http_error_for(status, "why").status == status


@pytest.mark.parametrize(
    ("status", "kind"), [(418, BadRequest), (499, BadRequest), (599, InternalServerError)]
)
def test_unknown_status_is_treated_as_the_x00_of_its_class(status, kind):
    # RFC 9110 §15: "a client MUST ... treat an unrecognized status code as being equivalent to the x00".
    assert type(http_error_for(status)) is kind


@pytest.mark.parametrize("status", [-1, 0, 200, 304, 399, 600])
def test_status_that_is_no_error_is_refused(status):
    with pytest.raises(ValueError, match="no error status"):
        http_error_for(status)


def test_shortest_problem_document_has_type_title_and_status():
    assert problem_details(NotFound()) == {"type": "about:blank", "title": "Not Found", "status": 404}


def test_problem_document_has_every_member_of_rfc_9457():
    error = HttpError("No credit.", type="https://example.com/out-of-credit", extensions={"balance": 30})
    assert problem_details(error, "/account/12345") == {
        "type": "https://example.com/out-of-credit",
        "title": "Internal Server Error",
        "status": 500,
        "detail": "No credit.",
        "instance": "/account/12345",
        "balance": 30,
    }


def test_problem_document_lists_each_problem_with_its_place():
    error = UnprocessableContent(
        "Two values.", problems=[Problem("body", "items[0].price", "too small", "too-small")]
    )
    assert problem_details(error)["errors"] == [
        {"place": "body", "path": "items[0].price", "message": "too small", "code": "too-small"}
    ]


def test_extension_cannot_replace_a_standard_member():
    error = NotFound("real", extensions={"status": 200, "detail": "false"})
    assert problem_details(error)["status"] == 404
    assert problem_details(error)["detail"] == "real"


def test_lone_surrogate_in_an_error_does_not_break_its_answer():
    error = UnprocessableContent(
        "bad \ud800", problems=[Problem("query", "\udfff", "\ud801")], extensions={"given": ["\udc00"]}
    )
    assert msgspec.json.encode(problem_details(error, "/\udbff"))


@given(st.text(alphabet=st.characters()), st.text(alphabet=st.characters()))
def test_any_text_in_an_error_gives_a_document_that_can_be_sent(detail, path):
    document = problem_details(BadRequest(detail, problems=[Problem("query", path, detail)]))
    assert json.loads(msgspec.json.encode(document))["status"] == 400


def test_numbers_and_nothing_in_extensions_stay_as_they_are():
    document = problem_details(BadRequest(extensions={"limit": 5, "when": None, "deep": {"ok": True}}))
    assert (document["limit"], document["when"], document["deep"]) == (5, None, {"ok": True})


def test_module_has_no_error_that_is_missing_in_the_lookup():
    classes = [
        each for each in vars(errors).values() if isinstance(each, type) and issubclass(each, HttpError)
    ]
    assert {each.status for each in classes} == set(TITLES)
