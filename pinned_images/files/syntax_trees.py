"""Syntax trees of Terraform, Python and TypeScript, with byte offsets; needs tree-sitter."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from tree_sitter import Language as Grammar
    from tree_sitter import Node

Language = Literal["hcl", "python", "typescript", "tsx"]


@cache
def _grammar(language: Language) -> Grammar:
    import tree_sitter  # noqa: PLC0415 - for files of these languages alone

    if language == "hcl":
        import tree_sitter_hcl  # noqa: PLC0415

        return tree_sitter.Language(tree_sitter_hcl.language())
    if language == "python":
        import tree_sitter_python  # noqa: PLC0415

        return tree_sitter.Language(tree_sitter_python.language())
    import tree_sitter_typescript  # noqa: PLC0415

    if language == "tsx":
        return tree_sitter.Language(tree_sitter_typescript.language_tsx())
    return tree_sitter.Language(tree_sitter_typescript.language_typescript())


def nodes_of(data: bytes, language: Language, *kinds: str) -> Iterator[Node]:
    """The nodes of some kinds in a source, in the order of their first bytes.

    Invalid parts are skipped; the rest of the source is read.
    """
    from tree_sitter import Parser, Query, QueryCursor  # noqa: PLC0415 - see above

    grammar = _grammar(language)
    tree = Parser(grammar).parse(data)
    query = Query(grammar, "[" + " ".join(f"({kind})" for kind in kinds) + "] @found")
    found = QueryCursor(query).captures(tree.root_node).get("found", [])
    yield from sorted(found, key=lambda node: node.start_byte)


def text_of(node: Node | None) -> str:
    """The text of a node."""
    return node.text.decode("utf-8", "replace") if node is not None and node.text else ""
