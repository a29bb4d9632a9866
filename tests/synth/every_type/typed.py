"""CloudFormation properties as the arguments that Python's L1 constructs take."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from types import ModuleType
from typing import Any, get_args, get_origin, get_type_hints

from aws_cdk import CfnResource
from constructs import Construct

_MODULES = {"AWS::Serverless": "aws_sam"}

#: Makes one nested object of its struct class and its members by their names in Python.
Nested = Callable[[type, Mapping[str, Any]], Any]


def structs(struct: type, members: Mapping[str, Any]) -> Any:
    """``CfnTaskDefinition.ContainerDefinitionProperty(image=...)``."""
    return struct(**members)


def dicts(struct: Any, members: Mapping[str, Any]) -> Any:
    """``{"image": ...}``: in a dict the members carry their names of JavaScript."""
    return {struct.__jsii_name_mapping__[name]: value for name, value in members.items()}


def is_typed(resource_type: str, properties: Mapping[str, Any]) -> bool:
    """Whether this version of aws-cdk-lib has a class for a resource with such properties."""
    if resource_type.startswith("Custom::"):
        return False
    struct = getattr(_module(resource_type), f"{_class_name(resource_type)}Props", None)
    return struct is not None and {key.lower() for key in properties} <= _names(struct).keys()


def typed_resource(
    scope: Construct,
    construct_id: str,
    resource_type: str,
    properties: Mapping[str, Any],
    nested: Nested,
) -> CfnResource:
    """A typed L1, such as a ``CfnTaskDefinition``.

    Args:
        scope: Where it stands.
        construct_id: Its id there.
        resource_type: A type that aws-cdk-lib has a class for.
        properties: As they stand in a template.
        nested: How the objects in the properties are written.
    """
    module, name = _module(resource_type), _class_name(resource_type)
    arguments = _members(getattr(module, f"{name}Props"), properties, nested)
    resource = getattr(module, name)(scope, construct_id, **arguments)
    assert isinstance(resource, CfnResource)
    return resource


def _module(resource_type: str) -> ModuleType:
    service = resource_type.rpartition("::")[0]
    default = f"aws_{service.partition('::')[2].lower()}"
    return import_module(f"aws_cdk.{_MODULES.get(service, default)}")


def _class_name(resource_type: str) -> str:
    return f"Cfn{resource_type.rpartition('::')[2]}"


def _names(struct: Any) -> dict[str, str]:
    """Python's names of a struct's members; jsii writes ``MIMETypes`` as ``mimeTypes``."""
    return {jsii.lower(): name for name, jsii in struct.__jsii_name_mapping__.items()}


def _members(struct: Any, properties: Mapping[str, Any], nested: Nested) -> dict[str, Any]:
    """The members of a struct."""
    hints = get_type_hints(struct.__init__)
    names = _names(struct)
    return {
        names[key.lower()]: _value(hints[names[key.lower()]], value, nested)
        for key, value in properties.items()
    }


def _value(hint: Any, value: Any, nested: Nested) -> Any:
    """A value as one of the types that a hint allows."""
    kinds = _alternatives(hint)
    if isinstance(value, Mapping):
        for kind in kinds:
            if hasattr(kind, "__jsii_name_mapping__"):
                return nested(kind, _members(kind, value, nested))
        for kind in kinds:
            if get_origin(kind) in (dict, Mapping) and get_args(kind)[1] is not Any:
                return {key: _value(get_args(kind)[1], each, nested) for key, each in value.items()}
    if isinstance(value, list):
        [element] = [get_args(kind)[0] for kind in kinds if get_origin(kind) is Sequence]
        return [_value(element, each, nested) for each in value]
    return value


def _alternatives(hint: Any) -> Sequence[Any]:
    return get_args(hint) if get_origin(hint) not in (None, dict, Mapping, Sequence) else (hint,)
