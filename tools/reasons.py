"""Find what the house allows only with a reason: `Any` and `type: ignore` without a comment that says why."""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections.abc import Iterator

from tools.imports import Module

TYPE_IGNORE = re.compile(r"#\s*(?:type|pyright):\s*ignore(?P<codes>\[[\w, -]+\])?(?P<reason>.*)")
WORDS_MIN = 2


def find_unexplained(module: Module) -> Iterator[tuple[int, str]]:
    """Lines with an `Any` or a `type: ignore` that no comment explains, each with what is missing."""
    comments = read_comments(module.path.read_text(encoding="utf-8"))
    yield from find_unexplained_ignores(comments)
    yield from find_unexplained_any(module.tree, comments)


def read_comments(source: str) -> dict[int, str]:
    tokens = tokenize.generate_tokens(io.StringIO(source).readline)
    return {token.start[0]: token.string for token in tokens if token.type == tokenize.COMMENT}


def find_unexplained_ignores(comments: dict[int, str]) -> Iterator[tuple[int, str]]:
    """The reason stands behind the code, or in a comment line right above."""
    for line, comment in comments.items():
        match = TYPE_IGNORE.search(comment)
        if not match:
            continue
        if not match["codes"]:
            yield line, "type: ignore without a code"
        elif len(match["reason"].split()) < WORDS_MIN and line - 1 not in comments:
            yield line, "type: ignore without a reason"


def find_unexplained_any(tree: ast.Module, comments: dict[int, str]) -> Iterator[tuple[int, str]]:
    """A comment naming `Any` explains it for its own statement, function or class.

    One at the import of `Any`, or above it, speaks for the whole file.
    """
    explained: set[int] = set()
    lines: set[int] = set()
    about_any = {line for line, comment in comments.items() if re.search(r"\bAny\b", comment)}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and any(alias.name == "Any" for alias in node.names):
            if has_comment(node, about_any, comments):
                return
        elif isinstance(node, ast.Name) and node.id == "Any":
            lines.add(node.lineno)
        elif isinstance(node, ast.stmt) and has_comment(node, about_any, comments):
            explained.update(range(node.lineno, (node.end_lineno or node.lineno) + 1))
    yield from ((line, "Any without a reason") for line in sorted(lines - explained))


def has_comment(node: ast.stmt, wanted: set[int], comments: dict[int, str]) -> bool:
    """Whether a wanted comment stands in the first lines of a statement or right above it.

    For a function the lines of its signature count, but not its body: a reason inside speaks for
    the statement that it stands at.
    """
    first = min([node.lineno, *(each.lineno for each in getattr(node, "decorator_list", []))])
    body = getattr(node, "body", None)
    last = body[0].lineno - 1 if isinstance(body, list) and body else node.end_lineno or node.lineno
    above = first - 1
    while above in comments:
        above -= 1
    return any(line in wanted for line in range(above + 1, max(last, first) + 1))
