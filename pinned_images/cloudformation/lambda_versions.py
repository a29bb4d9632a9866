"""Versions of Lambda functions that CDK names by a hash, renamed for a function that has changed.

CloudFormation publishes a version once, when its resource is created. So CDK ends the logical id of
``Function.currentVersion`` with a hash of the function's properties (aws-cdk-lib,
aws-lambda/lib/function-hash.ts): another function is another resource, and publishes again. For an
image that changes after the synth the hash is made of the old one and the new image: it is another
one exactly if CDK's own or the image is.

Names that merely contain a logical id stay: outputs and exports, which other stacks import by name
(`PinImages` leaves them, too), and parameters of nested stacks.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from pinned_images.cloudformation.intrinsics import (
    Intrinsic,
    intrinsic_of,
    sub_arguments,
    sub_fragments,
)

FUNCTION, VERSION = "AWS::Lambda::Function", "AWS::Lambda::Version"

#: The construct's id and its path's hash, as in every logical id; then that of the function.
_NAMED_BY_HASH = re.compile(r"CurrentVersion[0-9A-F]{8}[0-9a-f]{32}\Z")
_HASH = 32
#: CDK names these, or what belongs to them, by hashes of their properties too: a deployment of an
#: API by its methods (aws-apigateway/lib/deployment.ts), an instance by its user data.
_NAMED_BY_CONTENT = ("AWS::ApiGateway::", "AWS::EC2::Instance", "AWS::Lambda::Function")


def versions_named_by_hash(template: Mapping[str, Any], function: str) -> Iterator[str]:
    """The versions of a function whose names have to change with it.

    Others have a fixed name: CDK does not publish them again for a change of the app either.

    Args:
        template: The template.
        function: The logical id of the function.
    """
    resources = template.get("Resources")
    for logical_id, resource in resources.items() if isinstance(resources, Mapping) else ():
        match resource:
            case {"Type": type_, "Properties": {"FunctionName": {"Ref": name}}}:
                if type_ == VERSION and name == function and _NAMED_BY_HASH.search(logical_id):
                    yield logical_id


def obstacle_to_renaming(template: Mapping[str, Any], version: str) -> str | None:
    """The logical id of a resource whose own name CDK would change with that of a version.

    Args:
        template: The template.
        version: The logical id of the version, which that resource refers to.
    """
    for logical_id, resource in template["Resources"].items():
        type_ = resource.get("Type") if isinstance(resource, Mapping) else None
        if isinstance(type_, str) and type_.startswith(_NAMED_BY_CONTENT):
            properties = resource.get("Properties")
            if _with_names(properties, {version: f"{version}x"}) != properties:
                return str(logical_id)
    return None


def renamed_version(version: str, image: Any) -> str:
    """The new logical id of a version.

    Args:
        version: The logical id that CDK gave it.
        image: The new image of its function, which may be made by functions.

    Example:
        >>> renamed_version("WebCurrentVersion0123ABCD" + "0" * 32, "app@sha256:...")
        'WebCurrentVersion0123ABCD5d41b388d0d559a03768b32e6b120a35'
    """
    content = json.dumps([version, image], sort_keys=True)
    return version[:-_HASH] + hashlib.sha256(content.encode()).hexdigest()[:_HASH]


def with_renamed_resources(template: Mapping[str, Any], names: Mapping[str, str]) -> dict[str, Any]:
    """A template in which some resources, and all references to them, have other names.

    Args:
        template: The template.
        names: The new logical ids by the old ones.

    Example:
        >>> with_renamed_resources({"Resources": {"A": {}, "B": {"DependsOn": "A"}}}, {"A": "C"})
        {'Resources': {'C': {}, 'B': {'DependsOn': 'C'}}}
    """
    renamed: dict[str, Any] = _with_names(template, names)
    resources = {names.get(name, name): each for name, each in renamed["Resources"].items()}
    for logical_id, resource in resources.items():
        if isinstance(resource, Mapping) and "DependsOn" in resource:
            needed = resource["DependsOn"]
            if isinstance(needed, list):
                needed = [_name(each, names) for each in needed]
            resources[logical_id] = {**resource, "DependsOn": _name(needed, names)}
    return {**renamed, "Resources": resources}


def _with_names(value: Any, names: Mapping[str, str]) -> Any:
    """A value in which references name resources by other names."""
    match intrinsic_of(value):
        case Intrinsic("Ref", name):
            return {"Ref": _name(name, names)}
        case Intrinsic("Fn::GetAtt", str(text)):
            name, dot, attribute = text.partition(".")
            return {"Fn::GetAtt": f"{_name(name, names)}{dot}{attribute}"}
        case Intrinsic("Fn::GetAtt", [name, *attribute]):
            return {"Fn::GetAtt": [_name(name, names), *_with_names(attribute, names)]}
        case Intrinsic("Fn::Sub", argument):
            return {"Fn::Sub": _substituted(argument, names)}
    if isinstance(value, Mapping):
        return {key: _with_names(each, names) for key, each in value.items()}
    return [_with_names(each, names) for each in value] if isinstance(value, list) else value


def _name(value: Any, names: Mapping[str, str]) -> Any:
    return names.get(value, value) if isinstance(value, str) else value


def _substituted(argument: Any, names: Mapping[str, str]) -> Any:
    """The argument of ``Fn::Sub``, whose own variables count before resources."""
    arguments = sub_arguments(argument)
    if arguments is None:
        return _with_names(argument, names)
    text, variables = arguments
    written = []
    for fragment in sub_fragments(text):
        name, dot, attribute = (fragment.variable or "").partition(".")
        is_renamed = name in names and fragment.variable not in variables
        variable = f"${{{names.get(name, name)}{dot}{attribute}}}"
        written.append(variable if is_renamed else fragment.written)
    text = "".join(written)
    return text if isinstance(argument, str) else [text, *_with_names(argument[1:], names)]
