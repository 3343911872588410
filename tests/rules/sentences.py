"""Find the sentences that a module can say: its texts that end with a full stop and are no docstring, as patterns."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

VALUE = "…"
"""Stands for what differs from deal to deal."""


def sentences_in(file: Path, functions: tuple[str, ...] = ()) -> set[str]:
    """Return the sentences of a file, or of some of its functions, with a sign for each value in them."""
    tree = ast.parse(file.read_text("utf-8"))
    parts = [
        node
        for node in ast.walk(tree)
        if not functions or (isinstance(node, ast.FunctionDef) and node.name in functions)
    ]
    roots = parts if functions else [tree]
    return {text for root in roots for text in _texts(root) if _is_sentence(text)}


def _is_sentence(text: str) -> bool:
    """Tell a sentence from a word; one that ends with a value has another sentence before it, or a colon."""
    ends = text.endswith(".") or (text.endswith(VALUE) and (". " in text or ": " in text))
    return ends and len(text) > 12


def _texts(root: ast.AST) -> Iterator[str]:
    said = {id(node) for each in ast.walk(root) for node in _silent(each)}
    for node in ast.walk(root):
        if id(node) in said:
            continue
        if isinstance(node, ast.JoinedStr):
            yield "".join(_part(value) for value in node.values)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


def _part(node: ast.expr) -> str:
    return str(node.value) if isinstance(node, ast.Constant) else VALUE


def _silent(node: ast.AST) -> Iterator[ast.AST]:
    """Yield what is no sentence of its own: docstrings, and the pieces of a longer text."""
    body = getattr(node, "body", None)
    for each in body if isinstance(body, list) else ():
        if isinstance(each, ast.Expr) and isinstance(each.value, ast.Constant):
            yield each.value
    if isinstance(node, ast.JoinedStr):
        for inside in ast.walk(node):
            if inside is not node:
                yield inside
