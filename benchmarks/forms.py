"""A form of ten fields, parsed, validated and rendered: `./run bench forms`; and an upload of 20 MiB.

Each library gets the same body and has the same rules: two texts with lengths, an email, a whole
number in a range, a price, a day, a long text, a choice, a box and a URL. `right` gives a value;
`wrong` has two mistakes, and its page is rendered with what was sent and what is wrong.
"""

from __future__ import annotations

import asyncio
import os
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from functools import partial
from typing import Annotated, Any, Literal
from urllib.parse import urlencode

from msgspec import Meta, Struct

from benchmarks import extra_packages
from bistro.forms import FormView, Widget
from bistro.http.forms import parse_urlencoded
from bistro.http.multipart import parse_multipart

RIGHT = {
    "title": "Green tea", "email": "ann@example.com", "stars": "4", "price": "12.50", "day": "2026-11-26",
    "body": "Fresh & good.\r\nSecond line.", "size": "m", "is_public": "true", "maker": "Uji", "url": "https://example.com/tea",
}  # fmt: skip
WRONG = {**RIGHT, "title": "x" * 121, "stars": "9"}
EMAIL = r"^[^@\s]+@[^@\s]+\.[^@\s]+$"
ROUNDS = 7
UPLOAD_SIZE = 20 * 1024 * 1024


def main(_: list[str]) -> int:
    cases = {"bistro": bistro_case()}
    extra_packages.prepare("forms", "Django and WTForms")
    for name, make in (("django", django_case), ("wtforms", wtforms_case)):
        try:
            cases[name] = make()
        except ImportError:
            print(f"{name} is not installed, and left out")
    for kind, sent in (("right", RIGHT), ("wrong", WRONG)):
        body = urlencode(sent).encode()
        times = measure({name: partial(run, body) for name, run in cases.items()})
        base = times["bistro"]
        for name, seconds in times.items():
            print(f"forms/{kind:6} {name:8} {seconds * 1e6:8.1f} µs  {seconds / base:5.1f} x")
    measure_upload()
    return 0


def measure(cases: dict[str, Callable[[], Any]]) -> dict[str, float]:
    """The best of several rounds, taken in turn, in seconds."""
    best = dict.fromkeys(cases, float("inf"))
    for run in cases.values():
        run()
    for _ in range(ROUNDS):
        for name, run in cases.items():
            count = 400 if name == "bistro" else 100
            started = time.perf_counter()
            for _ in range(count):
                run()
            best[name] = min(best[name], (time.perf_counter() - started) / count)
    return best


class Tea(Struct, kw_only=True):
    title: Annotated[str, Meta(min_length=1, max_length=120)]
    email: Annotated[str, Meta(max_length=254, pattern=EMAIL), Widget(kind="email")]
    stars: Annotated[int, Meta(ge=1, le=5)]
    price: Decimal
    day: date
    body: Annotated[str, Widget(kind="textarea")] = ""
    size: Literal["s", "m", "l"] = "m"
    is_public: bool = False
    maker: Annotated[str, Meta(max_length=80)] = ""
    url: Annotated[str, Meta(max_length=200, pattern=r"^https?://"), Widget(kind="url")] = ""


def bistro_case() -> Callable[[bytes], str]:
    def run(body: bytes) -> str:
        return FormView.read(Tea, parse_urlencoded(body)).html

    return run


def django_case() -> Callable[[bytes], str]:
    import django
    from django.conf import settings

    if not settings.configured:
        settings.configure(USE_TZ=True, INSTALLED_APPS=["django.forms"])
        django.setup()
    from django import forms
    from django.http import QueryDict

    class Tea(forms.Form):
        title = forms.CharField(min_length=1, max_length=120)
        email = forms.EmailField(max_length=254)
        stars = forms.IntegerField(min_value=1, max_value=5)
        price = forms.DecimalField()
        day = forms.DateField(widget=forms.DateInput(attrs={"type": "date"}))
        body = forms.CharField(widget=forms.Textarea, required=False)
        size = forms.ChoiceField(choices=[("s", "S"), ("m", "M"), ("l", "L")])
        is_public = forms.BooleanField(required=False)
        maker = forms.CharField(max_length=80, required=False)
        url = forms.URLField(max_length=200, required=False, assume_scheme="https")

    def run(body: bytes) -> str:
        form = Tea(QueryDict(body))
        form.is_valid()
        return form.as_div()

    return run


def wtforms_case() -> Callable[[bytes], str]:
    from urllib.parse import parse_qs

    from markupsafe import escape
    from wtforms import (
        BooleanField,
        DateField,
        DecimalField,
        EmailField,
        Form,
        IntegerField,
        SelectField,
        StringField,
        TextAreaField,
        URLField,
        validators,
    )  # fmt: skip

    class Tea(Form):
        title = StringField(validators=[validators.InputRequired(), validators.Length(1, 120)])
        email = EmailField(
            validators=[validators.InputRequired(), validators.Length(max=254), validators.Regexp(EMAIL)]
        )
        stars = IntegerField(validators=[validators.InputRequired(), validators.NumberRange(1, 5)])
        price = DecimalField(validators=[validators.InputRequired()])
        day = DateField(validators=[validators.InputRequired()])
        body = TextAreaField()
        size = SelectField(choices=[("s", "S"), ("m", "M"), ("l", "L")])
        is_public = BooleanField()
        maker = StringField(validators=[validators.Length(max=80)])
        url = URLField(validators=[validators.Optional(), validators.Length(max=200), validators.URL()])

    class Sent(dict):  # what WTForms asks of a framework's form data
        def getlist(self, name: str) -> list[str]:
            return self.get(name, [])

    def run(body: bytes) -> str:
        form = Tea(Sent(parse_qs(body.decode(), keep_blank_values=True)))
        form.validate()
        # It renders inputs alone; a page puts label and messages around each.
        parts = []
        for field in form:
            errors = "".join(f"<li>{escape(each)}</li>" for each in field.errors)
            parts.append(f"<div>{field.label()}{field()}<ul>{errors}</ul></div>")
        return "".join(parts)

    return run


def measure_upload() -> None:
    """What it costs to take an upload of 20 MiB, next to writing the same bytes to a file."""
    content = os.urandom(UPLOAD_SIZE)
    boundary = "x" * 20
    head = f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="a.bin"\r\n\r\n'.encode()
    body = head + content + f"\r\n--{boundary}--\r\n".encode()

    def write() -> None:
        with tempfile.TemporaryFile() as file:
            for start in range(0, len(content), 65536):
                file.write(content[start : start + 65536])

    async def pieces() -> Any:
        for start in range(0, len(body), 65536):
            yield body[start : start + 65536]

    async def take() -> None:
        data = await parse_multipart(pieces(), f"multipart/form-data; boundary={boundary}")
        assert data.files["file"].size == UPLOAD_SIZE
        data.close()

    async def measure_both() -> tuple[float, float]:
        best_write = best_take = float("inf")
        for _ in range(3 * ROUNDS):
            started = time.perf_counter()
            write()
            best_write = min(best_write, time.perf_counter() - started)
            started = time.perf_counter()
            await take()
            best_take = min(best_take, time.perf_counter() - started)
        return best_write, best_take

    best_write, best_take = asyncio.run(measure_both())
    print(f"upload/write  file     {best_write * 1e3:8.1f} ms")
    print(f"upload/20 MiB bistro   {best_take * 1e3:8.1f} ms  {best_take / best_write:5.2f} x")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
