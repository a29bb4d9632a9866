"""Images in Terraform and OpenTofu: attributes and object keys with a name for images.

Other strings count where they are whole references with a registry host or a digest. The names are
those of the providers' documentation: ``image`` (containers of `aws_ecs_task_definition` in
``jsonencode``, `kubernetes_*`, `docker_container`, `aws_codebuild_project`), ``image_uri``
(`aws_lambda_function`), ``image_identifier`` (`aws_apprunner_service`) and the ``name`` of
`docker_image`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from pinned_images.files import plain_text, syntax_trees
from pinned_images.files.content import Content
from pinned_images.files.documents import image
from pinned_images.files.nodes import Node as Tree
from pinned_images.files.nodes import child, elements_of, items_of, text_of, walk
from pinned_images.files.places import Found, Place, Skipped, found_in
from pinned_images.files.plain_text import Names
from pinned_images.reference import Platform, Style

if TYPE_CHECKING:
    from tree_sitter import Node

_NAMES = ("image", "image_uri", "image_identifier")
_ENDINGS = ("_image", "Image")
_PLURALS = ("images", "_images", "Images")
# Attributes of a target of `docker buildx bake` that name what is built; they take no digest.
_BUILT = ("tags", "cache-to", "output")
# Functions that give one of their arguments (Terraform language, "Functions").
_CHOOSING = ("coalesce", "one", "try", "toset", "tolist", "tomap")
# AWS Lambda user guide, "Create a function using a container image": a tag or a digest.
_LAMBDA = "image_uri"
_STYLES: dict[str, Style] = {_LAMBDA: "digest"}
# The same of these services (`image_properties.json` names the sources).
_TAKE_DIGEST_ALONE = (
    "aws_codebuild_project",
    "aws_sagemaker_model",
    "aws_emrserverless_application",
)
_TAKE_DIGEST_ALONE_SET = frozenset(_TAKE_DIGEST_ALONE)
_CONTEXT_IMAGE = "docker-image://"
_DEEPEST = 50
_CURATED = "aws/codebuild/"
_CONTAINERS = ("container", "init_container")
_RUN_CONTAINERS = ("docker_container", "docker_image", "docker_service")
_IN_HEREDOC = re.compile(r'"[iI]mage"\s*:\s*"(?P<image>[^"\\]*)"')
_IN_STRING = re.compile(r'\\"[iI]mage\\"\s*:\s*\\"(?P<image>[^"\\]*)\\"')


def find(content: Content, wanted: Names = frozenset()) -> Iterator[Found]:
    """The images of a file.

    Args:
        content: The file.
        wanted: Repositories (`ImageReference.name`) of which any spelling counts.
    """
    nodes = syntax_trees.nodes_of(
        content.data, "hcl", "attribute", "object_elem", "heredoc_template", "string_lit"
    )
    platforms: dict[int, Platform] = {}
    for node in nodes:
        if node.type == "heredoc_template":
            yield from _heredoc(content, node)
            continue
        if node.type == "string_lit":
            yield from _literal(content, node, wanted)
            continue
        key, value = _key_and_value(node)
        is_plural = key.endswith(_PLURALS)
        if is_plural or _is_image_key(key, node):
            platform = _lambda_platform(node, platforms) if key == _LAMBDA else None
            style = _STYLES.get(key) or _style_of(node)
            for each in _strings(value, of_collection=is_plural):
                for found in _string(content, each, style, platform):
                    if _counts(found, node):
                        yield found


def find_in_json(masked: str, root: Tree) -> Iterator[Found]:
    """The images of a file in Terraform's JSON syntax.

    Args:
        masked: The text of the file, one character for each byte.
        root: Its root.
    """
    for path, block in walk(root):
        style: Style = "digest" if not _TAKE_DIGEST_ALONE_SET.isdisjoint(path) else "tag-and-digest"
        of_variable = path[:1] == ("variable",) and str(path[-1]).endswith("image")
        of_image = path[1:2] == ("docker_image",) and len(path) == 3  # noqa: PLR2004 - its body
        for key, value in items_of(block):
            if key == _LAMBDA:
                listed = map(text_of, elements_of(child(block, "architectures")))
                architecture = "arm64" if "arm64" in listed else "amd64"
                platform = Platform("linux", architecture)
                yield from image(masked, value, "terraform", style=_STYLES[key], platform=platform)
            elif (
                key in _NAMES
                or key.endswith(_ENDINGS)
                or (of_variable and key == "default")
                or (of_image and key == "name")
            ):
                yield from image(masked, value, "terraform", style=style)


def _is_image_key(key: str, node: Node) -> bool:
    """Whether an attribute or a key has a name for images, or is the default of such a variable."""
    if key in _NAMES or key.endswith(_ENDINGS):
        return True
    block = node.parent.parent if node.parent is not None else None
    if block is None or block.type != "block":
        return False
    if key == "default":
        return syntax_trees.text_of(block.children[0]) == "variable" and _label(block).endswith(
            "image"
        )
    return key == "name" and _label(block) == "docker_image"


def _literal(content: Content, node: Node, wanted: Names) -> Iterator[Found]:
    """A string anywhere that is a whole reference with a registry host or a digest."""
    start, end = node.start_byte + 1, node.end_byte - 1
    if content.masked.startswith(_CONTEXT_IMAGE, start):
        start += len(_CONTEXT_IMAGE)
        found = found_in("terraform", content.masked[start:end], (start, end))
        if found is not None:
            yield found
        return
    for match in _IN_STRING.finditer(content.masked, start, end):
        found = found_in("terraform", match["image"], match.span("image"))
        if found is not None:
            yield found
    for place in plain_text.find(content.masked, start, end, wanted=wanted, format="terraform"):
        if isinstance(place, Place) and len(str(place.reference)) == end - start:
            yield replace(place, style="tag") if _is_built(node) else place


def _is_built(node: Node) -> bool:
    """Whether a string is in an attribute that names what a build makes."""
    current: Node | None = node
    while current is not None and current.type != "attribute":
        current = current.parent
    return current is not None and syntax_trees.text_of(current.children[0]) in _BUILT


def _key_and_value(node: Node) -> tuple[str, Node | None]:
    if node.type == "object_elem":
        key = syntax_trees.text_of(node.child_by_field_name("key")).strip('"')
        return key, node.child_by_field_name("val")
    return syntax_trees.text_of(node.children[0]), node.children[-1]


def _style_of(node: Node) -> Style:
    """The form of digests that the service of the enclosing resource accepts."""
    current: Node | None = node
    while current is not None:
        if current.type == "block" and _label(current) in _TAKE_DIGEST_ALONE:
            return "digest"
        current = current.parent
    return "tag-and-digest"


def _lambda_platform(node: Node, known: dict[int, Platform]) -> Platform:
    """The architecture of a Lambda function, which takes the manifest of one image and no index.

    Args:
        node: The attribute of the image.
        known: Platforms by the block that they are of.
    """
    body = node.parent
    if body is None:
        return Platform("linux", "amd64")
    if body.id not in known:
        architecture = "amd64"
        for sibling in body.children:
            if sibling.type == "attribute":
                key, value = _key_and_value(sibling)
                if key == "architectures" and "arm64" in syntax_trees.text_of(value):
                    architecture = "arm64"
        known[body.id] = Platform("linux", architecture)
    return known[body.id]


def _strings(value: Node | None, *, of_collection: bool, depth: int = 0) -> Iterator[Node]:
    """The strings that the value of an expression may be, or hold as a collection."""
    if value is None or depth > _DEEPEST:
        return
    below: list[Node] = []
    if value.type in ("string_lit", "quoted_template"):
        yield value
    elif value.type == "conditional":
        below = value.named_children[1:]
    elif value.type == "function_call":
        called = syntax_trees.text_of(value.children[0])
        below = [
            each
            for arguments in value.named_children[1:]
            for each in arguments.named_children[2 if called == "lookup" else 0 :]
            if called in (*_CHOOSING, "lookup")
        ]
    elif of_collection and value.type == "object_elem":
        below = [each for each in (value.child_by_field_name("val"),) if each is not None]
    elif value.type in ("expression", "literal_value", "template_expr"):
        below = value.named_children if value.named_child_count == 1 else []
    elif of_collection and value.type in ("collection_value", "object", "tuple"):
        below = value.named_children
    for each in below:
        yield from _strings(each, of_collection=of_collection, depth=depth + 1)


def _string(
    content: Content, value: Node, style: Style, platform: Platform | None
) -> Iterator[Found]:
    """The image in a string."""
    start, end = value.start_byte + 1, value.end_byte - 1
    text = content.masked[start:end]
    if value.type == "quoted_template" or "%{" in text:
        yield Skipped("terraform", start, text, "it is interpolated")
        return
    if "\\" not in text and not text.startswith(_CURATED):
        found = found_in("terraform", text, (start, end), style, platform)
        if found is not None:
            yield found


def _counts(found: Found, node: Node) -> bool:
    """A name without tag may be an image of virtual machines, outside of what runs containers."""
    if isinstance(found, Skipped):
        return found.reason != "it is not an image reference"
    if found.reference.tag is not None or found.reference.digest is not None:
        return True
    return _is_in_container(node) or "/" in str(found.reference).partition(".")[2]


def _is_in_container(node: Node) -> bool:
    current: Node | None = node
    while current is not None:
        name = syntax_trees.text_of(current.children[0]) if current.children else ""
        if current.type == "function_call" and name == "jsonencode":
            return True
        if current.type == "block" and (name in _CONTAINERS or _label(current) in _RUN_CONTAINERS):
            return True
        current = current.parent
    return False


def _label(block: Node) -> str:
    labels = [each for each in block.children if each.type == "string_lit"]
    return syntax_trees.text_of(labels[0]).strip('"') if labels else ""


def _heredoc(content: Content, node: Node) -> Iterator[Found]:
    """Container definitions that are written as JSON in a heredoc."""
    for match in _IN_HEREDOC.finditer(content.masked, node.start_byte, node.end_byte):
        found = found_in("terraform", match["image"], match.span("image"))
        if isinstance(found, (Place, Skipped)):
            yield found
    yield from plain_text.find_keyed(content.masked, node.start_byte, node.end_byte, "terraform")
