"""Images in Kubernetes objects, by the same rules as in CloudFormation templates.

`pinned_images.cloudformation.kubernetes_images` knows which strings are images; here its findings
get the bytes of a YAML or JSON file.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from pinned_images.cloudformation.json_text import InvalidJson, Members
from pinned_images.cloudformation.kubernetes_images import (
    FoundImage,
    KubernetesExemptRule,
    find_images,
)
from pinned_images.files.documents import image
from pinned_images.files.image_fields import helm_values, kustomize
from pinned_images.files.nodes import (
    JSON_WORD,
    Mapping,
    Node,
    Scalar,
    Sequence,
    child,
    text_of,
    walk,
)
from pinned_images.files.places import Found, Skipped

_REASONS: dict[KubernetesExemptRule, str] = {
    "istio-injected": "Istio's sidecar injection replaces it by its proxy",
    "kubernetes-template": "it is part of {what}, which runs no image itself",
    "kubernetes-variable": "it names a variable that the object's controller fills in",
}
_OF_HELM = frozenset(
    {
        ("argoproj.io", "Application"),
        ("argoproj.io", "ApplicationSet"),
        ("helm.toolkit.fluxcd.io", "HelmRelease"),
    }
)
# YAML 1.2, "Core schema": plain scalars that are no strings.
_NO_STRING = re.compile(
    r"|~|null|Null|NULL|true|True|TRUE|false|False|FALSE"
    r"|[-+]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][-+]?[0-9]+)?"
)


def kubernetes(masked: str, root: Node) -> Iterator[Found]:
    """The images of an object, or of a list of objects.

    Args:
        masked: The text of the file, one character for each byte.
        root: The object.
    """
    strings = _Strings()
    try:
        found = find_images(strings.data(root), strings.spans.__getitem__).images
    except InvalidJson:
        return
    for each in found:
        scalar = strings.scalars.get(each.span) if each.span is not None else None
        if scalar is None:
            continue
        if each.exempt_rule is not None:
            yield Skipped("kubernetes", scalar.start, scalar.value, _reason(each))
        else:
            yield from image(masked, scalar, "kubernetes")
    yield from _of_deployers(masked, root)


def _of_deployers(masked: str, root: Node) -> Iterator[Found]:
    """The images in values and overrides that Argo CD and Flux hand to Helm and Kustomize.

    Argo CD user guide, "Helm"; Flux documentation, "Helm Releases" and "Kustomization".
    """
    api, kind = text_of(child(root, "apiVersion")) or "", text_of(child(root, "kind")) or ""
    if api.startswith("kustomize.toolkit.fluxcd.io/"):
        yield from kustomize(masked, child(root, "spec") or root)
    if (api.partition("/")[0], kind) not in _OF_HELM:
        return
    for path, node in walk(root):
        if path[-1:] not in (("values",), ("valuesObject",)):
            continue
        if isinstance(node, Mapping):
            yield from helm_values(masked, node)
        elif isinstance(node, Scalar) and "mage" in node.value:
            reason = "it is a text, in which no image is looked for: write it as an object"
            yield Skipped("kubernetes", node.start, "the values of the chart", reason)


def _reason(found: FoundImage) -> str:
    return "" if found.exempt_rule is None else _REASONS[found.exempt_rule].format(what=found.what)


class _Strings:
    """The strings of a tree by path, as `json_text` has them; an aliased node is in it once."""

    def __init__(self) -> None:
        self.spans: list[tuple[int, int]] = []
        self.scalars: dict[tuple[int, int], Scalar] = {}
        self._seen: set[int] = set()

    def data(self, node: Node) -> Any:
        if isinstance(node, Scalar):
            if node.tag == JSON_WORD or (not node.quote and _NO_STRING.fullmatch(node.value)):
                return None
            return self._string(node)
        if id(node) in self._seen:
            return None
        self._seen.add(id(node))
        if isinstance(node, Sequence):
            return [self.data(each) for each in node.items]
        return Members(self._members(node))

    def _members(self, node: Mapping) -> Iterator[tuple[str, Any]]:
        for key, value in node.entries:
            if isinstance(key, Scalar):
                name = self._string(key)
                yield name, self.data(value)

    def _string(self, scalar: Scalar) -> str:
        span = (scalar.start, scalar.end)
        self.spans.append(span)
        self.scalars[span] = scalar
        return scalar.value
