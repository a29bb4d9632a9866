"""Resources without a typed L1 construct, whose images can be replaced by overrides alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from aws_cdk import Stack

from pinned_images.cloudformation.catalog import Catalog
from pinned_images.cloudformation.sites import find_sites
from pinned_images.cloudformation.trees import Path, value_at
from pinned_images.construct_tree.attachment import Attachment, PhaseOfSynth
from pinned_images.construct_tree.rendering import render_template


def override_images(
    stack: Stack, attachments: Sequence[Attachment], catalog: Catalog, phase: PhaseOfSynth
) -> None:
    """Override each image of raw resources, where the user has no override of their own.

    An override takes the place of one that stands at the same path or above, so the stack is
    rendered once to see whether there are any. Images that are left are found by the gate.

    Args:
        stack: The stack of the resources.
        attachments: The resources.
        catalog: Where images stand.
        phase: The phase of the synth that they belong to.
    """
    resources = render_template(stack).get("Resources", {})
    for attachment in attachments:
        logical_id = str(stack.resolve(attachment.resource.logical_id))
        rendered = resources.get(logical_id, {}).get("Properties", {})
        as_written = stack.resolve(dict(attachment.properties))
        for path in _paths(attachment, catalog):
            name = str(path[0])
            if _without_empty(rendered.get(name)) == _without_empty(as_written.get(name)):
                attachment.take_over(path, value_at(attachment.properties, path), phase)


def _paths(attachment: Attachment, catalog: Catalog) -> list[Path]:
    """Where to override: at the images, or at the functions and lists around them.

    CDK merges an override into what is there, and takes an intrinsic function away when a value
    inside it is overridden; so the function is overridden as a whole. Overrides count the elements
    of lists as they are rendered, without those that resolve to nothing; so a list with an element
    that may do so is overridden as a whole, too.
    """
    sites = find_sites(attachment.resource_type, attachment.properties, catalog)
    paths = dict.fromkeys(_as_a_whole(site.path, attachment.properties) for site in sites)
    return [path for path in paths if path]


def _as_a_whole(path: Path, properties: Any) -> Path:
    value = properties
    for index, key in enumerate(path):
        is_function = isinstance(key, str) and key.startswith("Fn::")
        if is_function or (isinstance(value, list) and any(map(_may_be_nothing, value))):
            return path[:index]
        value = value[key]
    return path


def _may_be_nothing(element: Any) -> bool:
    """Whether an element may be missing from the rendered list: a null, or a token."""
    if isinstance(element, str):
        return "{Token[" in element
    return element is None or hasattr(element, "__jsii_ref__")


def _without_empty(value: Any) -> Any:
    """A value as CDK renders it: without nulls, empty objects and empty lists."""
    if isinstance(value, Mapping):
        cleaned = {key: _without_empty(each) for key, each in value.items()}
        return {key: each for key, each in cleaned.items() if each not in (None, {}, [])} or None
    if isinstance(value, list):
        return [each for each in map(_without_empty, value) if each is not None] or None
    return value
