"""Readable forms of values: ``nginx:${Tag}`` in place of the JSON of intrinsic functions."""

from __future__ import annotations

import json
from typing import Any

from pinned_images.cloudformation.fragments import Fragments, LiteralText
from pinned_images.cloudformation.intrinsics import Intrinsic, if_arguments, intrinsic_of

_MAXIMUM_DEPTH = 12
_MAXIMUM_LENGTH = 300
_CUT = "..."


def display(value: Any) -> str:
    """A value for display, on one line and of bounded length.

    Nothing is evaluated, so it holds no secret that the value itself does not hold.

    Args:
        value: A string, or intrinsic functions as plain data.

    Example:
        >>> display({"Fn::Join": ["", [{"Fn::GetAtt": ["Shop", "RepositoryUri"]}, ":v1"]]})
        '${Shop.RepositoryUri}:v1'
        >>> display({"Fn::Select": [4, {"Fn::Split": [":", {"Ref": "Arn"}]}]})
        '${Arn[4]}'
    """
    text = _text(value, 0)
    if not text or text != text.strip():
        text = repr(text)
    if len(text) > _MAXIMUM_LENGTH:
        half = (_MAXIMUM_LENGTH - len(_CUT)) // 2
        text = f"{text[:half]}{_CUT}{text[-half:]}"
    return text


def _text(value: Any, depth: int) -> str:
    if depth > _MAXIMUM_DEPTH:
        return _CUT
    fragments = Fragments.of(value)
    if fragments.form == "token" and intrinsic_of(value) is None:
        return _plain(value)
    return "".join(
        fragment.reads if isinstance(fragment, LiteralText) else _token(fragment.value, depth + 1)
        for fragment in fragments.row
    )


def _plain(value: Any) -> str:
    try:
        return json.dumps(value, default=str)
    except (RecursionError, ValueError, TypeError):
        return _CUT


def _token(value: Any, depth: int) -> str:
    intrinsic = intrinsic_of(value)
    if intrinsic is None or intrinsic.name in ("Fn::Join", "Fn::Sub"):
        return _text(value, depth)
    return f"${{{_name(intrinsic, depth)}}}"


def _name(intrinsic: Intrinsic, depth: int) -> str:
    """The name between the braces: the one that a function refers to, or its own."""
    match intrinsic:
        case ("Ref" | "Fn::GetAtt", str(name)):
            return name
        case ("Fn::GetAtt" | "Fn::FindInMap", [*names]) if names:
            return ".".join(_inside(name, depth) for name in names)
        case ("Fn::Select", [index, values]):
            return f"{_inside(values, depth)}[{_inside(index, depth)}]"
        case ("Fn::ImportValue", source) | ("Fn::Split", [_, source]):
            return _inside(source, depth)
        case ("Fn::If", argument) if (choice := if_arguments(argument)) is not None:
            when_true, when_false = (_text(each, depth + 1) for each in choice[1:])
            return f"{choice.condition} ? {when_true} : {when_false}"
    return intrinsic.name


def _inside(value: Any, depth: int) -> str:
    """A part of a name, without braces of its own."""
    intrinsic = intrinsic_of(value)
    if depth > _MAXIMUM_DEPTH:
        return _CUT
    if intrinsic is None or intrinsic.name in ("Fn::Join", "Fn::Sub"):
        return _text(value, depth + 1)
    return _name(intrinsic, depth + 1)
