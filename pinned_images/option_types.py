"""The types of arguments, which Python itself does not check.

A wrong one would end the synth with a traceback of jsii. Its value may be secret, so that errors
show its type alone.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from typing import Any

from pinned_images.errors import ConfigurationError


def texts(name: str, value: Iterable[str]) -> tuple[str, ...]:
    """The texts of an argument that takes several.

    Args:
        name: The argument.
        value: What was given.

    Raises:
        ConfigurationError: It is a single text, or holds something else than texts.

    Example:
        >>> texts("resource_types", ["AWS::ECS::TaskDefinition"])
        ('AWS::ECS::TaskDefinition',)
    """
    if isinstance(value, str) or not isinstance(value, Iterable):
        raise _wrong(name, value, "a list of texts")
    found = tuple(value)
    for each in found:
        if not isinstance(each, str):
            raise _wrong(name, each, "a list of texts")
    return found


def require_mapping(name: str, value: object, example: str) -> None:
    """Refuse what is no mapping of texts to something.

    Args:
        name: The argument.
        value: What was given.
        example: How it is written.

    Raises:
        ConfigurationError: It is no mapping, or a key of it is no text.
    """
    if not isinstance(value, Mapping):
        raise _wrong(name, value, f"a dict, such as {example}")
    for key in value:
        if not isinstance(key, str):
            raise _wrong(name, key, f"a dict whose keys are texts, such as {example}")


def require_texts_by_text(name: str, value: object, example: str) -> None:
    """Refuse what is no mapping of texts to texts; the values are not shown.

    Args:
        name: The argument.
        value: What was given.
        example: How it is written.

    Raises:
        ConfigurationError: It is no mapping, or holds something else than texts.
    """
    require_mapping(name, value, example)
    mapping: Mapping[str, Any] = value  # type: ignore[assignment]  # just seen
    for key, each in mapping.items():
        if not isinstance(each, str):
            raise _wrong(f"{name}[{key!r}]", each, f"a text, as in {example}")


def require_path(name: str, value: object) -> None:
    """Refuse what names no file.

    Args:
        name: The argument.
        value: What was given; None for no file.

    Raises:
        ConfigurationError: It is neither a text nor a path.
    """
    if value is not None and not isinstance(value, (str, os.PathLike)):
        raise _wrong(name, value, "the name of a file")


def require_seconds(name: str, value: object) -> None:
    """Refuse what is no time that something can take.

    Args:
        name: The argument.
        value: What was given.

    Raises:
        ConfigurationError: It is no number above zero.
    """
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise _wrong(name, value, "a number of seconds")
    if not value > 0:
        raise ConfigurationError(f"The argument {name} is {value!r}: it must be above zero.")


def require_resolver(value: object) -> None:
    """Refuse what answers no questions.

    Args:
        value: What was given; None for the registries.

    Raises:
        ConfigurationError: It has no method ``resolve``.
    """
    if value is not None and not callable(getattr(value, "resolve", None)):
        raise _wrong(
            "resolver",
            value,
            "an object with a method resolve, such as a FixedResolver of pinned_images.testing",
        )


def _wrong(name: str, value: object, wanted: str) -> ConfigurationError:
    kind = type(value).__name__
    return ConfigurationError(f"The argument {name} cannot be of the type {kind}: write {wanted}.")
