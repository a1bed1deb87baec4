from __future__ import annotations

import os
import sys
import traceback
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tools.doc_examples import find_pages, main, read_blocks, run_page


def write(folder: Path, text: str) -> Path:
    page = folder / "page.md"
    page.write_text(text)
    return page


def test_blocks_are_read_with_language_and_line() -> None:
    blocks = read_blocks("# Title\n\n```python\nx = 1\n```\ntext\n```console\n$ ls\n```\n")
    assert [(block.language, block.text, block.line) for block in blocks] == [
        ("python", "x = 1\n", 4),
        ("console", "$ ls\n", 8),
    ]


def test_block_in_a_list_loses_its_indent() -> None:
    (block,) = read_blocks("1. so:\n\n   ```python\n   if x:\n       y()\n   ```\n")
    assert block.text == "if x:\n    y()\n"


def test_fence_shown_inside_another_block_is_part_of_it() -> None:
    (block,) = read_blocks("```text\na ```python b\n```\n")
    assert block.text == "a ```python b\n"


@given(st.lists(st.text(st.characters(exclude_characters="`", exclude_categories=["C", "Z"])), max_size=5))
def test_any_block_comes_back_as_it_was_written(lines: list[str]) -> None:
    text = "".join(f"{line}\n" for line in lines)
    (block,) = read_blocks(f"```text\n{text}```\n")
    assert block.text == text


def test_blocks_of_a_page_share_one_namespace(tmp_path: Path) -> None:
    page = write(tmp_path, "```python\nx = 1\n```\n\n```python\nassert x == 1\n```\n")
    assert run_page(page) == 2


def test_blocks_in_other_languages_are_not_run(tmp_path: Path) -> None:
    assert run_page(write(tmp_path, "```text\nnot Python\n```\n```console\n$ rm -rf x\n```\n")) == 0


def test_failure_names_the_line_of_the_page(tmp_path: Path) -> None:
    page = write(tmp_path, "# Title\n\n```python\nx = 1\nx / 0\n```\n")
    with pytest.raises(ZeroDivisionError) as caught:
        run_page(page)
    last = traceback.extract_tb(caught.value.__traceback__)[-1]
    assert (last.filename, last.lineno) == (str(page), 5)


def test_block_with_a_file_name_is_written_and_can_be_imported(tmp_path: Path) -> None:
    text = "```python\n# file: shop/items.py\nprice = 3\n```\n```python\nfrom shop.items import price\nassert price == 3\n```\n"
    assert run_page(write(tmp_path, text)) == 2
    assert "shop.items" not in sys.modules


def test_file_written_twice_on_a_page_is_imported_anew(tmp_path: Path) -> None:
    text = (
        "```python\n# file: shop.py\nx = 1\n```\n```python\n# file: shop.py\nx = 2\n```\n"
        "```python\nimport shop\nassert shop.x == 2\n```\n"
    )
    assert run_page(write(tmp_path, text)) == 3


def test_template_is_written_and_not_run(tmp_path: Path) -> None:
    text = (
        "```html\n<!-- file: templates/a.html -->\n<p>\n```\n"
        "```python\nfrom pathlib import Path\nassert '<p>' in Path('templates/a.html').read_text()\n```\n"
    )
    assert run_page(write(tmp_path, text)) == 1


def test_file_outside_the_folder_of_the_page_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="outside"):
        run_page(write(tmp_path, "```text\n# file: ../x.txt\nx\n```\n"))


def test_annotations_of_classes_are_found_in_the_page(tmp_path: Path) -> None:
    text = (
        "```python\nfrom __future__ import annotations\nimport typing\nclass A: ...\nclass B:\n    a: A\n"
        "assert typing.get_type_hints(B) == {'a': A}\n```\n"
    )
    assert run_page(write(tmp_path, text)) == 1


def test_page_leaves_folder_and_modules_as_they_were(tmp_path: Path) -> None:
    before = Path.cwd(), list(sys.path)
    with pytest.raises(RuntimeError):
        run_page(write(tmp_path, "```python\nraise RuntimeError\n```\n"))
    assert (Path.cwd(), list(sys.path)) == before
    assert "bistro_doc_example" not in sys.modules


def test_page_leaves_the_environment_as_it_was(tmp_path: Path) -> None:
    before = dict(os.environ)
    page = tmp_path / "page.md"
    page.write_text('```python\nimport os\nos.environ["SHOP"] = "x"\nos.environ.pop("PATH")\n```\n')
    assert run_page(page) == 1
    assert dict(os.environ) == before


def test_command_tells_how_many_blocks_ran(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    page = write(tmp_path, "```python\nx = 1\n```\n")
    assert main([str(page)]) == 0
    assert "1 blocks ran" in capsys.readouterr().out


def test_command_answers_1_and_shows_the_error_when_an_example_fails(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    page = write(tmp_path, "```python\nraise KeyError('lost')\n```\n")
    assert main([str(page)]) == 1
    assert "KeyError: 'lost'" in capsys.readouterr().err


def test_pages_are_the_readme_and_everything_under_docs(tmp_path: Path) -> None:
    for name in ("README.md", "docs/index.md", "docs/howto/a.md", "NOTES.md"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("")
    assert [str(page.relative_to(tmp_path)) for page in find_pages(tmp_path)] == [
        "README.md",
        "docs/howto/a.md",
        "docs/index.md",
    ]
