"""Replacing property values of a resource: by values that are known, or while it is rendered."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jsii
from aws_cdk import CfnResource, IAnyProducer, IResolveContext, Lazy, Token

from pinned_images.construct_tree.interruption import interruptible
from pinned_images.construct_tree.resource_classes import attribute_name

#: Given the resolve context, the value to render.
Producer = Callable[[IResolveContext], Any]


@jsii.implements(IAnyProducer)
class _Producer:
    def __init__(self, produce: Producer) -> None:
        self._produce = produce

    def produce(self, context: IResolveContext) -> Any:
        with interruptible():
            return self._produce(context)


def set_property(
    resource: CfnResource, property_name: str, original: object, value: object
) -> object:
    """Give a typed L1 a value that is known, intrinsic functions and all.

    Args:
        resource: A typed L1 for which `has_attribute` holds.
        property_name: The CloudFormation name, such as ``ContainerDefinitions``.
        original: The value that is there now; a string asks for a string, or a token that is one.
        value: Plain data.

    Returns:
        What the property holds from now on.
    """
    held = value
    if not isinstance(value, str):
        token = Token.as_any(value)
        held = Token.as_string(token) if isinstance(original, str) else token
    setattr(resource, attribute_name(property_name), held)
    return held


def restore_property(resource: CfnResource, property_name: str, original: object) -> None:
    """Give a typed L1 back what it had before `set_property`."""
    setattr(resource, attribute_name(property_name), original)


def replace_property(
    resource: CfnResource, property_name: str, original: object, produce: Producer
) -> object:
    """Have a typed L1 render what `produce` gives in place of a property's value.

    Cross-stack references in the value go on working and overrides made later win, since CDK
    still sees one value that it renders itself.

    Args:
        resource: A typed L1 for which `has_attribute` holds.
        property_name: The CloudFormation name, such as ``ContainerDefinitions``.
        original: The value that is there now; a string asks for a token that is a string.
        produce: Called each time the property is rendered.

    Returns:
        What the property holds from now on.
    """
    lazy: object = Lazy.uncached_any(_Producer(produce))
    if isinstance(original, str):
        lazy = Token.as_string(lazy)
    setattr(resource, attribute_name(property_name), lazy)
    return lazy


def override_property(
    resource: CfnResource, path: tuple[str | int, ...], produce: Producer
) -> None:
    """Have a raw `CfnResource` render what `produce` gives at a path below its properties.

    Only for a property that has no override yet: this one would take its place.

    Args:
        resource: The resource.
        path: Keys and indices below ``Properties``.
        produce: Called each time the resource is rendered.
    """
    dotted = ".".join(str(part).replace(".", "\\.") for part in path)
    resource.add_property_override(dotted, Lazy.uncached_any(_Producer(produce)))


def add_silent_metadata(resource: CfnResource, produce: Callable[[IResolveContext], None]) -> None:
    """Have `produce` called each time a resource is rendered, which stays as it is.

    Args:
        resource: Any resource.
        produce: Called with the resolve context; what renders nothing is left out of templates.
    """
    resource.add_metadata("pinned-images", Lazy.uncached_any(_Producer(produce)))
