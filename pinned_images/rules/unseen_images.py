"""The rule `unseen-images`: images may come from a template that cannot be read here.

They are neither pinned nor refused.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from pinned_images.cloud_assembly import AssemblyStack
from pinned_images.cloudformation.catalog import Catalog
from pinned_images.problem import Problem
from pinned_images.rules.rule import Rule

# CloudFormation template reference, "Transforms": those of AWS itself add no images of their own,
# but for AWS::Include, which adds the content of a file.
_HARMLESS, _INCLUDE = "AWS::", "AWS::Include"
#: What CDK rotates secrets of databases with (`SecretRotation`): functions of AWS itself, made of
#: code (AWS Secrets Manager user guide, "AWS Secrets Manager rotation function templates").
_ROTATION = re.compile(
    r"arn:aws(?:-cn|-us-gov)?:serverlessrepo:[a-z0-9-]+:(?:297356227824|193023089310|023102451235):"
    r"applications/SecretsManager\w+",
    re.ASCII,
)
_MODULE = "::MODULE"
_TRANSFORM = "Fn::Transform"

_BRING_IN = (
    "Bring the template into the app (NestedStack, or CfnInclude with load_nested_stacks) to have "
    "its images pinned, or acknowledge that they are taken care of elsewhere."
)
_LOOK_THERE = "Pin the images there, and acknowledge it with a reason."


class _UnseenImages(Rule):
    id = "unseen-images"
    severity = "warning"

    def check_template(self, stack: AssemblyStack) -> Iterator[tuple[str, Problem]]:
        """Templates, macros and includes that are resolved at deployment and may hold images."""
        for logical_id, named in stack.unreadable_templates():
            if _is_rotation(logical_id, stack.template):
                continue
            what = (
                f"Images may be in the template that {named.location or 'Properties'} "
                "names: it is no JSON template of this app, so its images are not checked."
            )
            yield logical_id, Problem(what, _BRING_IN)
        for name in _transforms(stack.template):
            what = f"The macro {name} changes the template when it is deployed, and may add images."
            yield "", Problem(what, _LOOK_THERE)
        for logical_id, resource in _mapping(stack.template.get("Resources")).items():
            if isinstance(resource, Mapping):
                for what in _in_resource(resource):
                    yield logical_id, Problem(what, _LOOK_THERE)


def _is_rotation(logical_id: str, template: Mapping[str, Any]) -> bool:
    """Whether a resource is an application that rotates a secret, in every partition."""
    texts: list[Any] = []
    match _mapping(template.get("Resources")).get(logical_id):
        case {"Properties": {"Location": {"ApplicationId": str(text)}}}:
            texts = [text]
        case {
            "Properties": {
                "Location": {"ApplicationId": {"Fn::FindInMap": [str(name), _, str(key)]}}
            }
        }:
            mapping = _mapping(_mapping(template.get("Mappings")).get(name))
            texts = [_mapping(values).get(key) for values in mapping.values()]
    return bool(texts) and all(
        isinstance(each, str) and _ROTATION.fullmatch(each) for each in texts
    )


def _in_resource(resource: Mapping[str, Any]) -> Iterator[str]:
    resource_type = str(resource.get("Type"))
    if resource_type.endswith(_MODULE):
        yield f"Images may be in the module {resource_type}, which is read at deployment alone."
    if _TRANSFORM in resource and Catalog.default().properties_of(resource_type):
        for name in _names(resource[_TRANSFORM]):
            yield f"The macro {name} changes the resource when it is deployed, and may set images."


def _transforms(template: Mapping[str, Any]) -> Iterator[str]:
    for transform in (
        template.get("Transform"),
        template.get(_TRANSFORM),
        _mapping(template.get("Resources")).get(_TRANSFORM),
    ):
        for name in _names(transform):
            if name == _INCLUDE or not name.startswith(_HARMLESS):
                yield name


def _names(transform: Any) -> Iterator[str]:
    """The names of transforms: ``Transform`` is a name, ``Fn::Transform`` an object with one.

    Either may be a list.
    """
    if isinstance(transform, str):
        yield transform
    elif isinstance(transform, Mapping):
        yield from _names(transform.get("Name"))
    elif isinstance(transform, list):
        for each in transform:
            yield from _names(each)


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


UNSEEN_IMAGES = _UnseenImages()
