"""Images in string literals of Python and TypeScript sources.

A literal is an image if it is a whole reference with a registry host or a digest; or, with a tag,
where the code says that it is one: in a variable, parameter, key or property that is named for an
image, or as the first argument of a call that is. Words with a registry host count in longer
literals too.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from pinned_images.errors import InvalidReference
from pinned_images.files import plain_text, syntax_trees
from pinned_images.files.content import Content
from pinned_images.files.places import Format, Found, Place, Span
from pinned_images.files.plain_text import Names
from pinned_images.files.syntax_trees import Language, text_of
from pinned_images.reference import ImageReference

if TYPE_CHECKING:
    from tree_sitter import Node

_LITERALS = {
    "python": ("string",),
    "typescript": ("string", "template_string"),
    "tsx": ("string", "template_string"),
}
_WHOLE = re.compile(r"[A-Za-z0-9._:/@-]{3,2000}")
_PARTS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z0-9]+")
_NAMED = {
    "assignment": "left",
    "assignment_expression": "left",
    "default_parameter": "name",
    "keyword_argument": "name",
    "named_expression": "name",
    "pair": "key",
    "public_field_definition": "name",
    "required_parameter": "pattern",
    "optional_parameter": "pattern",
    "typed_default_parameter": "name",
    "variable_declarator": "name",
}
_IMAGE_ENDINGS = (["image", "uri"], ["image", "name"], ["image", "ref"], ["image", "identifier"])
#: Functions of the AWS CDK whose argument is an image even without a tag.
_TAKE_IMAGES = ("fromRegistry", "from_registry", "fromDockerRegistry", "from_docker_registry")
_WRAPPERS = frozenset(
    {
        "as_expression",
        "binary_expression",
        "binary_operator",
        "boolean_operator",
        "conditional_expression",
        "parenthesized_expression",
        "satisfies_expression",
        "ternary_expression",
    }
)
_CALLS = {"call": "function", "call_expression": "function", "new_expression": "constructor"}


def find(content: Content, language: Language, wanted: Names = frozenset()) -> Iterator[Found]:
    """The images of a source file.

    Args:
        content: The file.
        language: Its language.
        wanted: Repositories (`ImageReference.name`) of which any spelling counts.
    """
    file_format: Format = "python" if language == "python" else "typescript"
    for node in syntax_trees.nodes_of(content.data, language, *_LITERALS[language]):
        if _is_docstring(node):
            continue
        start, end = _inside(content.masked, node)
        whole = content.masked[start:end]
        place = _whole(file_format, whole, start, node) if _WHOLE.fullmatch(whole) else None
        if place is not None:
            yield place
        elif plain_text.may_hold_images(whole) or wanted:
            yield from plain_text.find(
                content.masked, start, end, wanted=wanted, format=file_format
            )


def _whole(file_format: Format, text: str, start: int, node: Node) -> Place | None:
    """A literal that is a whole image; without a tag only where nothing else is accepted."""
    try:
        reference = ImageReference.parse(text)
    except InvalidReference:
        return None
    has_tag = reference.tag is not None or reference.digest is not None
    if not (_is_said_to_be_image(node) if has_tag else _called(node) in _TAKE_IMAGES):
        return None
    return Place(file_format, start, reference, Span(start, start + len(text)))


def _inside(masked: str, node: Node) -> tuple[int, int]:
    """The bytes between the quotes."""
    start, end = node.start_byte, node.end_byte
    while start < end and masked[start] not in "'\"`":
        start += 1
    quote = masked[start : start + 3]
    width = 3 if quote in ("'''", '"""') and end - start >= 6 else 1  # noqa: PLR2004
    return start + width, max(end - width, start + width)


def _is_docstring(node: Node) -> bool:
    return node.parent is not None and node.parent.type == "expression_statement"


def _is_said_to_be_image(node: Node) -> bool:
    parent = node.parent
    while parent is not None and parent.type in _WRAPPERS:
        node, parent = parent, parent.parent
    if parent is None:
        return False
    field = _NAMED.get(parent.type)
    if field is None:
        return _is_call_of_image(_function_of(node, parent))
    name = parent.child_by_field_name(field)
    return name != node and _is_image_name(text_of(name))


def _function_of(node: Node, arguments: Node) -> str:
    """The function with a node as its first argument, as written."""
    call = arguments.parent
    field = _CALLS.get(call.type) if call is not None else None
    if call is None or field is None or arguments != call.child_by_field_name("arguments"):
        return ""
    return text_of(call.child_by_field_name(field)) if arguments.named_children[0] == node else ""


def _called(node: Node) -> str:
    """The name of the function with a literal as its first argument."""
    return "" if node.parent is None else _function_of(node, node.parent).rpartition(".")[2]


def _is_image_name(text: str) -> bool:
    """Whether the last name of an expression ends with ``image``: ``this.baseImage``."""
    words = [word.lower() for word in _PARTS.findall(re.split(r"[.\[]", text)[-1])]
    return bool(words) and (words[-1] in ("image", "img") or words[-2:] in _IMAGE_ENDINGS)


def _is_call_of_image(text: str) -> bool:
    """Whether a function takes an image by its name: ``fromRegistry``, ``GenericContainer``."""
    names = re.split(r"[.\s(]+", text.strip())
    words = [word.lower() for word in _PARTS.findall(names[-1])]
    return bool(words) and (
        words[-1] in ("registry", "image")
        or (words[-1] == "container" and names[-1][:1].isupper())
        or (names[-1] in ("parse", "of", "from") and len(names) > 1 and "Image" in names[-2])
    )
