"""Conversion of option values: from Python arguments, and from JSON or text in settings.

A value of a wrong type would end the synth with a traceback of jsii. It may be secret, so that
errors show its type alone; only where an option takes one of a few words is the wrong one shown.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

import msgspec

from pinned_images.errors import ConfigurationError
from pinned_images.exemptions import Exemption
from pinned_images.option_types import Example, Parser, Place
from pinned_images.printable import quoted
from pinned_images.wording import did_you_mean


def convert(value: object, hint: Any, place: Place, *notes: object) -> Any:
    """A value converted to the type of an option.

    Args:
        value: The given value.
        hint: The type, perhaps ``Annotated`` with an `Example` and a `Parser`.
        place: Where it was written, for errors.
        notes: The annotations of the type.

    Raises:
        ConfigurationError: It is none of that type; the message says where and what to write.

    Example:
        >>> convert(["a", "b"], tuple[str, ...], Place("argument", "resource_types"))
        ('a', 'b')
        >>> convert("60", float, Place("context value", "pinned-images:deadline", is_text=True))
        60.0
    """
    origin = get_origin(hint)
    if origin is Annotated:
        return convert(value, hint.__origin__, place, *notes, *hint.__metadata__)
    if origin in (Union, UnionType):
        [some] = [each for each in get_args(hint) if each not in (NoneType, _DECLINED)]
        if _DECLINED in get_args(hint):
            if _is_declined(value, place):
                return False
            notes = (*notes, Example(f"pinned-images.lock.json, or {_no(place)} for none"))
        return None if value is None else convert(value, some, place, *notes)
    if place.is_text and isinstance(value, str):
        value = _of_text(value, hint, place)
    converted = _converted(value, hint, place, notes)
    for note in notes:
        if isinstance(note, Parser):
            try:
                converted = note.parse(converted)
            except ConfigurationError as error:
                raise ConfigurationError(f"{place}: {error}") from None
    return converted


#: In the type of an option that can be declined, as the lock file can.
_DECLINED = Literal[False]


def _is_declined(value: object, place: Place) -> bool:
    """Whether an option says no on purpose: None as an argument, false everywhere else."""
    if not place.is_text:
        return value is None
    return value is False or (isinstance(value, str) and value.strip().lower() == "false")


def _no(place: Place) -> str:
    return "false" if place.is_text else "None"


@cache
def type_hints(kind: type) -> Mapping[str, Any]:
    """The types of a dataclass' fields, with their annotations."""
    return get_type_hints(kind, include_extras=True)


def takes_a_dict(hint: Any) -> bool:
    """Whether an option takes a dict."""
    origin = get_origin(hint)
    return takes_a_dict(hint.__origin__) if origin is Annotated else origin is Mapping


def _converted(value: Any, hint: Any, place: Place, notes: tuple[object, ...]) -> Any:
    origin = get_origin(hint)
    if origin is Mapping:
        return _dict(value, get_args(hint), place, _such_as(notes))
    if origin is tuple:
        if isinstance(value, (str, bytes, Mapping)) or not isinstance(value, Iterable):
            raise _wrong(value, place, f"a list of texts{_such_as(notes)}")
        return tuple(
            convert(each, get_args(hint)[0], place.at(number)) for number, each in enumerate(value)
        )
    if origin is Literal:
        return _choice(value, get_args(hint), place)
    if hint is Exemption:
        return _exemption(value, place)
    if getattr(hint, "_is_protocol", False):  # its methods are checked by a `Parser`
        return value
    try:
        return msgspec.convert(value, hint, strict=not place.is_text, dec_hook=_custom)
    except msgspec.ValidationError:
        words = "true or false" if hint is bool and place.is_text else _WORDS.get(hint, "a value")
        raise _wrong(value, place, f"{words}{_such_as(notes)}") from None


def _dict(value: Any, types: tuple[Any, Any], place: Place, such_as: str) -> dict[str, Any]:
    if not isinstance(value, Mapping):
        raise _wrong(value, place, f"a dict{such_as}")
    found = {}
    for key, each in value.items():
        if not isinstance(key, str):
            raise _wrong(key, place, f"a dict whose keys are texts{such_as}")
        # A key is no list or object that is written as text.
        name = convert(key, types[0], Place(place.kind, place.name).at(key))
        if name in found:
            raise ConfigurationError(f"{place} names {quoted(name)} twice: leave one out.")
        found[name] = convert(each, types[1], place.at(key))
    return found


#: The names of types in errors, but for collections.
_WORDS: dict[Any, str] = {
    bool: "True or False",
    float: "a number of seconds",
    str: "a text",
    Path: "the name of a file",
}


def _custom(hint: Any, value: Any) -> Any:
    """A decode hook for the types that msgspec does not know."""
    if hint is Path and not isinstance(value, bytes):
        return Path(value)
    raise TypeError


def _choice(value: object, choices: tuple[str, ...], place: Place) -> str:
    if isinstance(value, str) and value in choices:
        return str(value)
    *others, last = map(repr, choices)
    if not isinstance(value, str):
        raise _wrong(value, place, f"{', '.join(others)} or {last}")
    raise ConfigurationError(
        f"{place} is {quoted(value)}.{did_you_mean(value, choices)} "
        f"It is {', '.join(others)} or {last}."
    )


def _exemption(value: object, place: Place) -> Exemption:
    if isinstance(value, Exemption):
        return value
    if isinstance(value, str):
        return Exemption(value)
    if not isinstance(value, Mapping) or not place.is_text:
        other = 'an object such as {"reason": "...", "expires": "2027-03-31"}'
        raise _wrong(
            value, place, f"the reason as a text, or {other if place.is_text else 'an Exemption'}"
        )
    hints = type_hints(Exemption)
    for name in value:
        if name not in hints:
            raise ConfigurationError(
                f"{place} has no key {quoted(name)}.{did_you_mean(str(name), hints)} "
                f"Known: {', '.join(hints)}."
            )
    if "reason" not in value:
        raise ConfigurationError(f"{place} has no reason: say why the images may stay unpinned.")
    try:
        expires = msgspec.convert(value.get("expires"), hints["expires"])
    except msgspec.ValidationError:
        raise ConfigurationError(
            f"{place.at('expires')} is no day: write one such as 2027-03-31."
        ) from None
    return Exemption(convert(value["reason"], str, place.at("reason")), expires)


def _of_text(text: str, hint: Any, place: Place) -> Any:
    """A list or a dict that is written as text: as JSON, or in the short form."""
    origin = get_origin(hint)
    if origin not in (Mapping, tuple) and not (hint is Exemption and text.startswith("{")):
        return text.lower() if hint is bool else text
    if text.lstrip().startswith(("{", "[")):
        try:
            return msgspec.json.decode(text)
        except (msgspec.DecodeError, UnicodeEncodeError, RecursionError):
            raise ConfigurationError(
                f"{place} begins as JSON does and is none: correct it, or write it into cdk.json."
            ) from None
    parts = list(filter(None, map(str.strip, text.split(","))))
    if origin is tuple:
        return parts
    found: dict[str, str] = {}
    for number, part in enumerate(parts, start=1):
        key, equals, value = (each.strip() for each in part.partition("="))
        if not (key and equals and value):
            raise ConfigurationError(
                f"Entry {number} of {place.name} is not of the form name=value: write "
                "name=value,name=value (docker.io=https://mirror.example for mirrors), or a JSON "
                "object."
            )
        if key in found:
            raise ConfigurationError(
                f"{place.name} names {quoted(key)} twice: leave one of them out."
            )
        found[key] = value
    return found


def _such_as(notes: tuple[object, ...]) -> str:
    return "".join(f", such as {note.text}" for note in notes if isinstance(note, Example))


def _wrong(value: object, place: Place, wanted: str) -> ConfigurationError:
    if place.is_text and isinstance(value, str):  # others may be, after `-c` and in variables
        return ConfigurationError(f"{place} cannot be used: write {wanted}.")
    kind = "null" if place.is_text and value is None else type(value).__name__
    return ConfigurationError(f"{place} cannot be of the type {kind}: write {wanted}.")
