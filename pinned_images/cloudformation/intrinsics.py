"""The shapes of CloudFormation's intrinsic functions, without their meaning."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, NamedTuple

NO_VALUE = {"Ref": "AWS::NoValue"}
_FOR_EACH = "Fn::ForEach::"
_VARIABLE = re.compile(r"\$\{(?P<escape>!?)(?P<name>[^{}]*)\}")


class Intrinsic(NamedTuple):
    """An intrinsic function and its argument."""

    name: str
    argument: Any


def intrinsic_of(value: object) -> Intrinsic | None:
    """The intrinsic function that a value calls; None for plain data.

    Example:
        >>> intrinsic_of({"Ref": "Repository"})
        Intrinsic(name='Ref', argument='Repository')
    """
    if not isinstance(value, Mapping) or len(value) != 1:
        return None
    ((name, argument),) = value.items()
    if name == "Ref" or (isinstance(name, str) and name.startswith("Fn::")):
        return Intrinsic(name, argument)
    return None


class IfArguments(NamedTuple):
    """The arguments of a well-formed ``Fn::If``."""

    condition: str
    when_true: Any
    when_false: Any


def if_arguments(argument: object) -> IfArguments | None:
    """The arguments of ``Fn::If``; None where they are malformed."""
    match argument:
        case [str(condition), when_true, when_false]:
            return IfArguments(condition, when_true, when_false)
    return None


def function_among(keys: Mapping[Any, Any]) -> str | None:
    """The function in an object that adds to what is written in it; None without one."""
    for key in keys:
        if isinstance(key, str) and (key == "Fn::Transform" or key.startswith(_FOR_EACH)):
            return key
    return None


class SubFragment(NamedTuple):
    """A part of the string of ``Fn::Sub``: as written, as it reads, and the variable it names."""

    written: str
    reads: str
    variable: str | None = None


def sub_fragments(text: str) -> list[SubFragment]:
    """Split the string of ``Fn::Sub``; the parts as written join to the same string.

    Example:
        >>> [fragment.variable for fragment in sub_fragments("${Name}:${!Literal}")]
        ['Name', None, None]
    """
    fragments = []
    position = 0
    for match in _VARIABLE.finditer(text):
        if match.start() > position:
            between = text[position : match.start()]
            fragments.append(SubFragment(between, between))
        if match["escape"]:
            fragments.append(SubFragment(match[0], f"${{{match['name']}}}"))
        else:
            fragments.append(SubFragment(match[0], "", match["name"]))
        position = match.end()
    if position < len(text):
        fragments.append(SubFragment(text[position:], text[position:]))
    return fragments


def sub_arguments(argument: object) -> tuple[str, Mapping[str, Any]] | None:
    """The string and the variables of either form of ``Fn::Sub``; None where it is malformed."""
    match argument:
        case str(text):
            return text, {}
        case [str(text)]:
            return text, {}
        case [str(text), Mapping() as variables]:
            return text, variables
    return None
