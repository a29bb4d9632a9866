"""The resource that a reference names, if its template is in the app."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from pinned_images.cloudformation.evaluation import text_of
from pinned_images.cloudformation.intrinsics import intrinsic_of
from pinned_images.cloudformation.scope import TemplateScope

_MAXIMUM_DEPTH = 20


class NamedResource(NamedTuple):
    """A resource and the template that it is in."""

    logical_id: str
    resource_type: str
    properties: Mapping[str, Any]
    scope: TemplateScope


def resource_named_by(
    value: Any, scope: TemplateScope, depth: int = _MAXIMUM_DEPTH
) -> NamedResource | None:
    """The resource that a value is a reference to.

    It follows parameters of nested stacks, their outputs, and exports of other stacks.

    Args:
        value: ``Ref``, ``Fn::GetAtt`` or ``Fn::ImportValue``.
        scope: The template that the value is in.
        depth: The most references that are followed.

    Returns:
        The resource; None where the value names none that is in the app.

    Example:
        >>> scope = TemplateScope({"Resources": {"Topic": {"Type": "AWS::SNS::Topic"}}})
        >>> found = resource_named_by({"Fn::GetAtt": ["Topic", "Arn"]}, scope)
        >>> found.resource_type if found else None
        'AWS::SNS::Topic'
    """
    intrinsic = intrinsic_of(value)
    if intrinsic is None or depth == 0:
        return None
    match intrinsic.name, intrinsic.argument:
        case "Ref", str(name):
            return _resource(name, scope) or _parameter(name, scope, depth)
        case "Fn::GetAtt", str(text):
            name, _, attribute = text.partition(".")
            return _attribute(name, attribute, scope, depth)
        case "Fn::GetAtt", [str(name), str(attribute)]:
            return _attribute(name, attribute, scope, depth)
        case "Fn::ImportValue", name:
            return _import(name, scope, depth)
    return None


def _resource(logical_id: str, scope: TemplateScope) -> NamedResource | None:
    resource = scope.entry("Resources", logical_id)
    if resource is None:
        return None
    properties = scope.resource_properties(logical_id)
    return NamedResource(logical_id, str(resource.get("Type")), properties, scope)


def _parameter(name: str, scope: TemplateScope, depth: int) -> NamedResource | None:
    if scope.parent is None:
        return None
    bound = scope.parent.resource_properties(scope.logical_id_in_parent).get("Parameters")
    if not isinstance(bound, Mapping) or name not in bound:
        return None
    return resource_named_by(bound[name], scope.parent, depth - 1)


def _attribute(name: str, attribute: str, scope: TemplateScope, depth: int) -> NamedResource | None:
    nested = scope.nested.get(name)
    if nested is None or not attribute.startswith("Outputs."):
        return _resource(name, scope)
    output = nested.entry("Outputs", attribute.removeprefix("Outputs.")) or {}
    return resource_named_by(output.get("Value"), nested, depth - 1)


def _import(name: Any, scope: TemplateScope, depth: int) -> NamedResource | None:
    export = text_of(name, scope, {})
    if scope.app is None or scope.deployer is not None or not isinstance(export, str):
        return None
    found = scope.app.exports(scope.account, scope.region).by_name.get(export, ())
    if not found and scope.app.add_others():
        found = scope.app.exports(scope.account, scope.region).by_name.get(export, ())
    return resource_named_by(*found[0], depth - 1) if len(found) == 1 else None
