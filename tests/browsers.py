"""A real browser for tests, and what axe-core finds on its pages."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from playwright.sync_api import Browser, Page, sync_playwright

FLAGS: Final = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
)
AXE: Final = Path(__file__).parent / "vendor" / "axe-core" / "axe.min.js"
AXE_SHA256: Final = "880970c081707360e64f34cea25ff91892f5bc95675b0776925b9709dd8a68bb"
RULES: Final = "{runOnly: ['wcag2a', 'wcag2aa', 'wcag21aa', 'wcag22aa', 'best-practice']}"


@contextmanager
def open_browser(chromium: str) -> Iterator[Browser]:
    """A browser without windows, of the program `chromium`."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        yield browser
        browser.close()


def find_faults(page: Page, options: str = RULES) -> list[str]:
    """What axe-core finds on a page, which must have JavaScript."""
    source = AXE.read_bytes()
    assert hashlib.sha256(source).hexdigest() == AXE_SHA256
    page.evaluate(source.decode())  # by the debugger, which no policy of the page keeps away
    found = page.evaluate(f"axe.run({options})")
    assert len(found["passes"]) > 5
    return [f"{page.url} {each['id']}: {each['nodes'][0]['html']}" for each in found["violations"]]
