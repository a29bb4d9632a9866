"""What the Python class of a resource tells without a question to Node.js."""

from __future__ import annotations

import re
from functools import cache

from aws_cdk import CfnResource

_TYPE_NAME = "CFN_RESOURCE_TYPE_NAME"


@cache
def type_of(kind: type[CfnResource]) -> str | None:
    """The CloudFormation type of a class; None for a `CfnResource` of any type.

    Example:
        >>> from aws_cdk.aws_ecs import CfnTaskDefinition
        >>> type_of(CfnTaskDefinition)
        'AWS::ECS::TaskDefinition'
    """
    if any(_TYPE_NAME in vars(each) for each in kind.mro()):
        return str(getattr(kind, _TYPE_NAME))
    return None


@cache
def attribute_name(property_name: str) -> str:
    """The Python attribute of an L1 construct for a CloudFormation property.

    Example:
        >>> attribute_name("ContainerDefinitions")
        'container_definitions'
    """
    words = re.sub(r"([a-z0-9])([A-Z])", r"\1_\2", property_name)
    return re.sub(r"([A-Z])([A-Z][a-z])", r"\1_\2", words).lower()


def has_attribute(resource: CfnResource, property_name: str) -> bool:
    """Whether the resource is a typed L1 that has the property as an attribute of its own."""
    attribute = getattr(type(resource), attribute_name(property_name), None)
    return isinstance(attribute, property) and attribute.fset is not None
