"""Every page of the documentation: its examples run, and its links inside the checkout lead somewhere."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tools.doc_examples import find_pages, read_blocks, run_page

ROOT = Path(__file__).resolve().parent.parent
PAGES = find_pages(ROOT)
TEXTS = sorted({*PAGES, *ROOT.glob("*.md"), *ROOT.glob("changes/*.md")})
LINK = re.compile(r"\]\((?!\w+:|#)(?P<target>[^)\s#]+)(?:#[^)\s]*)?\)")
HEADING_LINK = re.compile(r"\]\((?!\w+:)([^)\s#]*)#([^)\s]+)\)")
FENCED = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)


def name_of(page: Path) -> str:
    return str(page.relative_to(ROOT))


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_examples_of_the_page_run(page: Path) -> None:
    run_page(page)


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_code_of_the_page_says_its_language(page: Path) -> None:
    unnamed = [block.line for block in read_blocks(page.read_text(encoding="utf-8")) if not block.language]
    assert not unnamed, (
        f"blocks without a language at lines {unnamed}: ```text or ```console shows, ```python runs"
    )


@pytest.mark.parametrize("page", TEXTS, ids=name_of)
def test_links_inside_the_checkout_lead_to_a_file(page: Path) -> None:
    text = FENCED.sub("", page.read_text(encoding="utf-8"))
    lost = [target for target in LINK.findall(text) if not (page.parent / target).exists()]
    assert not lost


@pytest.mark.parametrize("page", TEXTS, ids=name_of)
def test_links_to_a_heading_lead_to_one(page: Path) -> None:
    text = FENCED.sub("", page.read_text(encoding="utf-8"))
    lost = []
    for file, heading in HEADING_LINK.findall(text):
        target = page.parent / file if file else page
        if target.suffix == ".md" and heading not in find_headings(target):
            lost.append(f"{file}#{heading}")
    assert not lost


def find_headings(page: Path) -> set[str]:
    """What GitHub makes of the headings of a page for links to them."""
    text = FENCED.sub("", page.read_text(encoding="utf-8"))
    found: set[str] = set()
    for heading in re.findall(r"^#{1,6} (.+)$", text, re.MULTILINE):
        plain = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading).strip().lower()
        slug = re.sub(r"[^\w\- ]", "", plain).replace(" ", "-")
        number = next(
            number for number in range(100) if (f"{slug}-{number}" if number else slug) not in found
        )
        found.add(f"{slug}-{number}" if number else slug)
    return found


def test_every_page_is_linked_from_the_index() -> None:
    docs = ROOT / "docs"
    linked = {(docs / target).resolve() for target in LINK.findall((docs / "index.md").read_text())}
    assert set(docs.rglob("*.md")) - linked - {docs / "index.md"} == set()


def test_each_decision_has_a_number_of_its_own() -> None:
    pages = sorted((ROOT / "docs" / "decisions").glob("*.md"))
    assert [page.name[:4] for page in pages] == [f"{number:04}" for number in range(1, len(pages) + 1)]
    for page in pages:
        assert page.read_text(encoding="utf-8").startswith(f"# {page.name[:4]} ")


def test_the_readme_shows_both_commands_and_the_five_line_app() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    assert "./run demo" in text
    assert "./run test" in text
    first = next(block for block in read_blocks(text) if block.runs)
    lines = [line for line in first.text.splitlines() if line.strip() and not line.startswith("#")]
    assert len(lines) == 5
