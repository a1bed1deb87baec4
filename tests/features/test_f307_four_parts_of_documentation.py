"""F307: there is a tutorial, how-to pages, a reference and explanations, and what they show runs."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tools.doc_examples import find_pages, read_blocks

DOCS = Path(__file__).resolve().parents[2] / "docs"
PARTS = ("tutorial", "howto", "reference", "explanation")
LINK = re.compile(r"\]\(([^)\s#:]+\.md)")
PAGES = sorted(page for part in PARTS for page in (DOCS / part).glob("**/*.md"))


def find_reachable(page: Path) -> set[Path]:
    """The pages to which links lead from `page`, and from there on."""
    found, waiting = {page}, [page]
    while waiting:
        here = waiting.pop()
        targets = {(here.parent / link).resolve() for link in LINK.findall(here.read_text(encoding="utf-8"))}
        new = {target for target in targets if target.is_file() and target.suffix == ".md"} - found
        found |= new
        waiting += new
    return found


@pytest.mark.parametrize("part", PARTS)
def test_part_has_pages_and_links_lead_to_each_from_the_index(part: str) -> None:
    pages = {page for page in PAGES if page.is_relative_to(DOCS / part)}
    lost = pages - find_reachable(DOCS / "index.md")

    assert pages
    assert sorted(page.name for page in lost) == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(DOCS)))
def test_every_python_block_of_the_page_is_run(page: Path) -> None:
    # The run itself, once for each page, is in tests/test_documentation.py.
    assert page in find_pages(DOCS.parent)
    blocks = read_blocks(page.read_text(encoding="utf-8"))
    assert [block.line for block in blocks if block.language == "python" and not block.runs] == []


@pytest.mark.parametrize("part", ["tutorial", "howto", "reference"])
def test_parts_that_show_code_have_code_that_runs(part: str) -> None:
    texts = [page.read_text(encoding="utf-8") for page in (DOCS / part).glob("**/*.md")]

    assert any(block.runs for text in texts for block in read_blocks(text))
