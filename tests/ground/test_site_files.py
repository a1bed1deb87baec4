from __future__ import annotations

import json

import pytest

import bistro
from bistro.ground.site_files import is_site_file


@pytest.mark.parametrize("file", ["/srv/shop/app.py", "/home/me/bistro_shop/app.py", __file__])
def test_files_of_the_site(file: str) -> None:
    assert is_site_file(file)


@pytest.mark.parametrize(
    "file",
    [
        str(bistro.__file__),
        json.__file__,
        "/srv/shop/.venv/lib/python3.11/site-packages/click/core.py",
        "/usr/lib/python3/dist-packages/x.py",
        "<plan GET /items>",
        "<frozen importlib._bootstrap>",
        "msgspec/_core.pyx",
    ],
)
def test_files_that_are_not_the_sites(file: str) -> None:
    assert not is_site_file(file)
