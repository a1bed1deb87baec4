"""The one gate by which errors leave: each becomes an answer, and is logged where it is our fault."""

from __future__ import annotations

import inspect
import logging
from collections.abc import Sequence

from bistro.app.answers import Answers
from bistro.app.form_pages import RefusedPage
from bistro.app.hooks import Hook
from bistro.app.late import LateValues
from bistro.app.reply import response_maker
from bistro.forms import Form, FormRefused
from bistro.ground.errors import AnswerableError, BistroError
from bistro.ground.problems import Problem
from bistro.ground.text import escape
from bistro.http import Empty, HttpError, InternalServerError, Request, Response
from bistro.http.errors import (
    BadRequest,
    NotFound,
    UnprocessableContent,
    http_error_for,
    problem_details,
)
from bistro.http.response import HTML_BLOCK, PROBLEM_BLOCK
from bistro.validation import ValidationFailed, encode_json_safely

_logger = logging.getLogger("bistro.app")
_make_response = response_maker(200)


class FailureGate:
    """Answers the errors of one route: by its own hooks, inner before outer, else by their status."""

    def __init__(
        self,
        hooks: Sequence[Hook],
        answers: Answers,
        *,
        waits: bool = False,
        has_page: bool = False,
    ) -> None:
        """`hooks`: the on_error hooks that hold for the route, innermost first.

        `waits`: whether some answer may have to be awaited, even if no hook has.
        `has_page`: whether the page of the route's form can be shown again with what was sent.
        """
        self._has_page = has_page
        self._hooks = tuple(hooks)
        self._answers = answers
        self.is_async = waits or any(inspect.iscoroutinefunction(hook.function) for hook in hooks)
        self.answer = self._answer_async if self.is_async else self._answer

    def _answer(self, request: Request, error: BaseException, late: LateValues | None = None) -> Response:
        if (form_answer := self._answer_form(request, error)) is not None:
            return form_answer
        hook, error = self._choose(error)
        try:
            if hook is not None:
                result = hook.function(**hook.options["give"](request, error))
                return self._finish(request, result, self._answered(request, result, late), error, hook)
        except Exception as second:  # noqa: BLE001 - an error page must not fail
            error = second
        return answer_plainly(request, error)

    async def _answer_async(
        self, request: Request, error: BaseException, late: LateValues | None = None
    ) -> Response:
        if (form_answer := self._answer_form(request, error)) is not None:
            return form_answer
        hook, error = self._choose(error)
        try:
            if hook is not None:
                result = hook.function(**hook.options["give"](request, error))
                if inspect.isawaitable(result):
                    result = await result
                answer = self._answered(request, result, late)
                if inspect.iscoroutine(answer):
                    answer = await answer
                return self._finish(request, result, answer, error, hook)
        except Exception as second:  # noqa: BLE001 - an error page must not fail
            error = second
        return answer_plainly(request, error)

    def _answer_form(self, request: Request, error: BaseException) -> Response | None:
        """The answer to what is wrong with the form of the request, if the error is about that."""
        if isinstance(error, FormRefused) and error.is_live:
            return answer_live(error)
        if self._has_page and wants_html(request):
            refused = find_refused(request, error)
            if refused is not None:
                return RefusedPage(request, refused)
        return None

    def _choose(self, error: BaseException) -> tuple[Hook | None, BaseException]:
        """The hook that answers `error`, and the error as it is to be answered."""
        if isinstance(error, AnswerableError):
            # A site may have an answer of its own to the very kind; what is for all errors comes later.
            hook = self._find_hook(error)
            if hook is not None and hook.exception not in (BistroError, Exception, BaseException):
                return hook, error
        error = as_http_error(error)
        return self._find_hook(error), error

    def _answered(self, request: Request, result: object, late: LateValues | None) -> object:
        """What a plugin makes of a result of its own type, or the same result."""
        answer = self._answers[type(result)]
        return result if answer is None else answer(result, request, late)

    def _finish(
        self, request: Request, result: object, answer: object, error: BaseException, hook: Hook
    ) -> Response:
        """The hook's result, as `answer` made of it, as a response; plain data gets the error's status."""
        # A hook for a kind of its own handles it; one for every error only makes the page.
        if hook.exception in (Exception, BaseException) and not isinstance(error, HttpError):
            note_unhandled(request, error)
        is_plain = not isinstance(result, Response)
        response = _make_response(answer)
        if is_plain:
            response.status = error.status if isinstance(error, (HttpError, AnswerableError)) else 500
        return response

    def _find_hook(self, error: BaseException) -> Hook | None:
        # The nearest class wins over the nearest place: a hook for NotFound on the app
        # is meant for it more than a hook for Exception on the route.
        for kind in type(error).__mro__:
            for hook in self._hooks:
                if hook.exception is kind:
                    return hook
        return None


def as_http_error(error: BaseException) -> BaseException:
    """The HTTP error that invalid input, or what names its answer, amounts to; else the same error."""
    if isinstance(error, AnswerableError) and error.status != 500:
        return _as_answered(error)
    if not isinstance(error, ValidationFailed):
        return error
    if isinstance(error, FormRefused) and not error.problems:
        return BadRequest("This button works only on a page that shows its form.")
    problems = [
        problem if problem.place else Problem("body", problem.path, problem.message, problem.code)
        for problem in error.problems
    ]
    if any(problem.place == "path" for problem in problems):
        return NotFound()
    if error.is_unreadable:
        return BadRequest("The body can't be read.", problems=problems)
    return UnprocessableContent("The request has invalid values.", problems=problems)


def _as_answered(error: AnswerableError) -> HttpError:
    if error.status >= 500:
        _logger.warning("%s", error)  # the answer does not tell what was wrong
    answer = http_error_for(error.status, error.detail)
    answer.headers = dict(error.headers)
    answer.problems = error.problems
    answer.__cause__ = error
    return answer


def find_refused(request: Request, error: BaseException) -> FormRefused | None:
    """The form of the request with what is wrong with it, where that is what `error` is about.

    That may also be what only the database knew, such as that a name is taken since it was checked.
    """
    if isinstance(error, FormRefused):
        return error
    form = request.taken_form
    if not (isinstance(form, Form) and isinstance(error, AnswerableError)):
        return None
    return form.refused(error.problems) if error.status in (409, 422) and error.problems else None


def answer_live(refused: FormRefused) -> Response:
    """What a script hears that asks while somebody types: 204, or the problems of that field."""
    if not refused.problems:
        return Empty()
    error = UnprocessableContent("The field has an invalid value.", problems=refused.problems)
    return Response.prepared(error.status, PROBLEM_BLOCK, encode_json_safely(problem_details(error)))


def answer_plainly(request: Request, error: BaseException) -> Response:
    """The answer to `error` without any hook: what an HTTP error says, or a bare 500."""
    if not isinstance(error, HttpError):
        note_unhandled(request, error)
        error = InternalServerError()
    response = render_failure(request, error)
    for name, value in error.headers.items():
        response.headers[name] = value
    return response


def note_unhandled(request: Request, error: BaseException) -> None:
    """Log an error that nobody expected, and tell an exchange that wants to know (the test client's)."""
    note = getattr(request.exchange, "note_error", None)
    if note is not None:
        note(error)
    _logger.error("unhandled error in %s %s", request.method, request.exchange.raw_path, exc_info=error)


def wants_html(request: Request) -> bool:
    """Whether a page serves the client better; not where its headers are malformed."""
    try:
        return request.wants_html
    except HttpError:
        return False


def render_failure(request: Request, error: HttpError) -> Response:
    """A plain page for browsers, `application/problem+json` (RFC 9457) for everyone else."""
    if wants_html(request):
        return Response.prepared(error.status, HTML_BLOCK, _page(error).encode())
    return Response.prepared(error.status, PROBLEM_BLOCK, encode_json_safely(problem_details(error)))


def _page(error: HttpError) -> str:
    title = escape(error.title)
    detail = escape(error.detail).encode("utf-8", "replace").decode()
    rows = "".join(
        f"<li>{escape(problem.path or problem.place)} {escape(problem.message)}</li>"
        for problem in error.problems
    )
    return (
        f'<!doctype html>\n<html lang="en"><meta charset="utf-8"><title>{error.status} {title}</title>'
        f'<meta name="viewport" content="width=device-width">\n<h1>{title}</h1>\n<p>{detail}</p>'
        + (f"\n<ul>{rows}</ul>" if rows else "")
        + "\n</html>\n"
    )
