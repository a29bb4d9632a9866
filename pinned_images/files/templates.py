"""CloudFormation and SAM templates in JSON and YAML, short forms of functions included.

The catalog of image properties and the evaluator are those that pin the templates of CDK apps.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path as FilePath
from typing import Any

from pinned_images.cloudformation.catalog import Catalog
from pinned_images.cloudformation.evaluation import Assumptions, evaluate
from pinned_images.cloudformation.fragments import Fragments, LiteralText
from pinned_images.cloudformation.intrinsics import if_arguments, intrinsic_of
from pinned_images.cloudformation.outcomes import Condition, Known
from pinned_images.cloudformation.property_paths import Path
from pinned_images.cloudformation.scope import TemplateScope
from pinned_images.cloudformation.sites import Site, find_sites
from pinned_images.cloudformation.workload_platforms import platform_of
from pinned_images.errors import ConfigurationError, InvalidReference
from pinned_images.files import json_nodes, nodes
from pinned_images.files.content import Content, Edit
from pinned_images.files.nodes import Node, Scalar, Sequence, Unparsable, child, items_of, span_of
from pinned_images.files.places import Found, Place, Skipped, Span, Unwritable
from pinned_images.printable import quoted
from pinned_images.problem import Problem
from pinned_images.reference import ImageReference, Platform

_RESOURCE_TYPE = re.compile(r"[A-Za-z0-9]+::[A-Za-z0-9_@:-]+")
_INTEGER = re.compile(r"-?(?:0|[1-9][0-9]{0,15})")
_MAXIMUM_BRANCHES = 256
# The values of a template with its aliases written out; AWS CloudFormation takes 1 MB in all.
_MOST_VALUES = 1_000_000
# AWS CloudFormation template reference, "Fn::ForEach": identifier, collection, what is repeated.
_PARTS_OF_LOOP = 3


def is_template(root: Node) -> bool:
    """Whether a document is a CloudFormation template."""
    if child(root, "AWSTemplateFormatVersion") is not None:
        return True
    resources = child(root, "Resources")
    return isinstance(resources, nodes.Mapping) and any(
        _RESOURCE_TYPE.fullmatch(nodes.text_of(child(resource, "Type")) or "")
        for _, resource in items_of(resources)
    )


def read_template(path: FilePath) -> Mapping[str, Any] | None:
    """A template in JSON or YAML as plain data; None for anything else.

    Raises:
        ConfigurationError: Its aliases make it too large.
    """
    try:
        raw = path.read_bytes()
    except OSError:
        return None
    content = Content.read(raw)
    if content is None:
        return None
    try:
        if content.data.lstrip()[:1] == b"{":
            root: Node | None = json_nodes.parse(content.masked)
        else:
            from pinned_images.files import yaml_nodes  # noqa: PLC0415 - for such files alone

            found = yaml_nodes.documents(content.masked)
            root = found[0].root if len(found) == 1 else None
    except Unparsable:
        return None
    if root is None or not is_template(root):
        return None
    if nodes.size_of(root) > _MOST_VALUES:
        raise ConfigurationError(
            f"The template {quoted(path)} has more than {_MOST_VALUES} values with its aliases "
            "written out, which AWS CloudFormation would not take: write it with fewer."
        )
    plain = _Plain().of(root)
    return plain if isinstance(plain, dict) else None


def template(masked: str, root: Node) -> Iterator[Found]:
    """The images of a template's resources."""
    plain = _Plain()
    scope = TemplateScope(plain.of(root))
    catalog = Catalog.default()
    for resource in _resources(child(root, "Resources"), 0):
        resource_type = nodes.text_of(child(resource, "Type")) or ""
        properties = child(resource, "Properties")
        if properties is None or resource_type not in catalog.resource_types:
            continue
        for site in find_sites(resource_type, plain.of(properties), catalog):
            node = _at(properties, site.path)
            if node is not None:
                platform = None
                if site.image_property.takes != "any":
                    platform = platform_of(resource_type, plain.of(properties), scope)
                finder = _Finder(masked, root, scope, site, platform)
                yield from finder.found(node, site.value)


def _resources(section: Node | None, depth: int) -> Iterator[Node]:
    """The definitions of resources; of a loop (``Fn::ForEach``), the one in it."""
    for logical_id, resource in items_of(section):
        elements = nodes.elements_of(resource)
        if logical_id.startswith("Fn::ForEach::") and len(elements) == _PARTS_OF_LOOP:
            if depth < nodes.MAXIMUM_DEPTH:
                yield from _resources(elements[-1], depth + 1)
        else:
            yield resource


class _Plain:
    """Documents as plain data, with the functions of CloudFormation in their full form."""

    def __init__(self) -> None:
        self._made: dict[int, Any] = {}

    def of(self, node: Node) -> Any:
        """The value of a node; a shared one is made once."""
        key = id(node)
        if key not in self._made:
            self._made[key] = None  # an anchor that holds its own alias
            self._made[key] = self._make(node)
        return self._made[key]

    def _make(self, node: Node) -> Any:
        value: Any
        if isinstance(node, Scalar):
            value = _scalar(node)
        elif isinstance(node, Sequence):
            value = [self.of(each) for each in node.items]
        else:
            value = {name: self.of(each) for name, each in items_of(node)}
        function = _function(node.tag)
        if function is None:
            return value
        if function == "Fn::GetAtt" and isinstance(value, str):
            value = value.split(".", 1)
        return {function: value}


def _scalar(node: Scalar) -> Any:
    if node.quote or node.tag not in (None, nodes.JSON_WORD):
        return node.value
    if node.value in ("", "~", "null", "Null", "NULL"):
        return None
    if node.value.lower() in ("true", "false"):
        return node.value.lower() == "true"
    return int(node.value) if _INTEGER.fullmatch(node.value) else node.value


def _function(tag: str | None) -> str | None:
    """The function of a short form (CloudFormation user guide, "Intrinsic function reference")."""
    if tag is None or not re.fullmatch("![A-Za-z]+", tag):
        return None
    return tag[1:] if tag in ("!Ref", "!Condition") else f"Fn::{tag[1:]}"


def _at(node: Node, path: Path) -> Node | None:
    """The node at a path of the plain value."""
    current: Node | None = node
    for key in path:
        if current is None or key == _function(current.tag):
            continue
        if isinstance(key, int):
            elements = nodes.elements_of(current)
            # One object where a list belongs is a list of it, and then has no index.
            current = elements[key] if key < len(elements) else None
        else:
            current = child(current, key)
    return current


def _argument(node: Node) -> Node | None:
    """The argument of a function, in its short or its full form."""
    if _function(node.tag) is not None:
        return node
    entries = list(items_of(node))
    return entries[0][1] if len(entries) == 1 else None


@dataclass(frozen=True, slots=True)
class _Finder:
    masked: str
    root: Node
    scope: TemplateScope
    site: Site
    platform: Platform | None

    def found(self, node: Node, value: Any) -> Iterator[Found]:
        """The images of a value: one, or one for each branch of ``Fn::If``."""
        if self.site.obstacle is not None:
            yield self._skipped(node, value, self.site.obstacle)
            return
        pending: list[tuple[Node, Any, dict[Condition, bool]]] = [(node, value, {})]
        for _ in range(_MAXIMUM_BRANCHES):
            if not pending:
                return
            current, below, assumed = pending.pop()
            intrinsic = intrinsic_of(below)
            branches = None
            if intrinsic is not None and intrinsic.name == "Fn::If":
                branches = if_arguments(intrinsic.argument)
            if branches is None:
                assumptions = {**self.site.assumed(self.scope), **assumed}
                yield from self._single(current, below, assumptions)
                continue
            arguments = nodes.elements_of(_argument(current))
            condition = Condition(branches.condition, self.scope.stack)
            for answer, index in ((False, 2), (True, 1)):
                if assumed.get(condition, answer) is answer:
                    branch = branches.when_true if answer else branches.when_false
                    pending.append((arguments[index], branch, {**assumed, condition: answer}))
        if pending:
            reason = f"it has more than {_MAXIMUM_BRANCHES} branches"
            yield Skipped("cloudformation", node.start, self.site.location, reason)

    def _single(self, node: Node, value: Any, assumptions: Assumptions) -> Iterator[Found]:
        image_property = self.site.image_property
        if image_property.holds != "image":
            return
        default = self._default(value)
        if default is not None:
            node, value = default, default.value
        evaluation = evaluate(
            value, self.scope, exempt_rule=image_property.exempt_rule, assumptions=assumptions
        )
        if isinstance(evaluation, Problem):
            yield self._skipped(node, value, evaluation)
            return
        if not isinstance(evaluation, Known):
            return
        try:
            reference = ImageReference.parse(evaluation.text)
        except InvalidReference:
            return
        writer = _writer(self.masked, node, value)
        if writer is None:
            yield Skipped(
                "cloudformation", node.start, evaluation.text, "functions make up its end"
            )
            return
        yield Place(
            "cloudformation", node.start, reference, writer, image_property.style, self.platform
        )

    def _default(self, value: Any) -> Scalar | None:
        """The default of the parameter that is the whole value: there the image is written."""
        match value:
            case {"Ref": str(name)} if len(value) == 1:
                parameter = child(child(self.root, "Parameters"), name)
                default = child(parameter, "Default")
                is_string = nodes.text_of(child(parameter, "Type")) == "String"
                return default if is_string and isinstance(default, Scalar) else None
        return None

    def _skipped(self, node: Node, value: Any, problem: Problem) -> Skipped:
        text = value if isinstance(value, str) else self.site.location
        reason = problem.what.rstrip(".")
        return Skipped("cloudformation", node.start, text, reason[:1].lower() + reason[1:])


def _writer(masked: str, node: Node, value: Any) -> Span | _Appended | None:
    """The writer for the end of a value: its last literal, or a new element of its ``Fn::Join``."""
    if isinstance(value, str):
        span = span_of(masked, node) if isinstance(node, Scalar) else None
        return None if span is None else Span(*span)
    fragments = Fragments.of(value)
    last = fragments.row[-1] if fragments.row else None
    argument = _argument(node)
    if argument is None:
        return None
    if fragments.form == "join" and (not fragments.delimiter or isinstance(last, LiteralText)):
        elements = nodes.elements_of(argument)
        listed = elements[1] if len(elements) > 1 else None
        if isinstance(listed, Sequence) and listed.items:
            return _end_of_join(masked, listed, last)
    if fragments.form == "sub" and isinstance(last, LiteralText) and last.reads == last.written:
        elements = nodes.elements_of(argument)
        scalar = elements[0] if elements else argument
        return _end_of_scalar(masked, scalar, last.reads)
    if fragments.form == "sub":
        elements = nodes.elements_of(argument)
        return _end_of_scalar(masked, elements[0] if elements else argument, "")
    return None


def _end_of_join(masked: str, listed: Sequence, last: object) -> Span | _Appended | None:
    element = listed.items[-1]
    if isinstance(last, LiteralText):
        return _end_of_scalar(masked, element, last.reads)
    if isinstance(element, Scalar):
        end = element.end + (1 if element.quote in ('"', "'") else 0)
        if element.quote in ("|", ">"):
            return None
    else:
        end = element.end
    if listed.is_flow:
        return _Appended(end, ', "', '"')
    if isinstance(element, Scalar) or (hasattr(element, "is_flow") and element.is_flow):
        dash = masked.rfind("-", 0, element.start)
        line_start = masked.rfind("\n", 0, dash) + 1
        line_end = masked.find("\n", end)
        line_end = len(masked) if line_end < 0 else line_end
        newline = "\n"
        if masked[line_end - 1 : line_end] == "\r":
            newline, line_end = "\r\n", line_end - 1
        if not masked[line_start:dash].strip():
            indent = masked[line_start:dash]
            return _Appended(line_end, f'{newline}{indent}- "', '"')
    return None


def _end_of_scalar(masked: str, node: Node, end_text: str) -> Span | None:
    span = span_of(masked, node) if isinstance(node, Scalar) else None
    if span is None or not masked[span[0] : span[1]].endswith(end_text):
        return None
    return Span(span[1] - len(end_text), span[1], len(end_text))


@dataclass(frozen=True, slots=True)
class _Appended:
    """A writer that adds one more literal to the end of a list of parts."""

    offset: int
    before: str
    after: str

    def edits(self, old: ImageReference, new: ImageReference) -> list[Edit]:
        """See `Writer.edits`."""
        addition = str(new).removeprefix(str(old))
        if addition == str(new):
            raise Unwritable("functions make up the part that would have to change")
        return [Edit(self.offset, self.offset, f"{self.before}{addition}{self.after}")]
