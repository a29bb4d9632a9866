"""Advice that names an option, in the form in which it is written where the advice is shown.

An app in Python has arguments of `PinImages`. A command has options of its own, and reads the
context in ``cdk.json`` for all others.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

#: The options of the command that runs, by the names of those of `PinImages`; None in an app. Not a
#: context variable: what advises may run in a thread of its own.
_of_command: Mapping[str, str] | None = None


def option_advice(name: str, value: Any) -> str:
    """An option with a value, as it can be written.

    Args:
        name: The name of the argument of `PinImages`.
        value: A value as in JSON; an ellipsis is left to the reader.

    Example:
        >>> option_advice("ssm_parameters", {"/image": ...})
        "PinImages(ssm_parameters={'/image': ...})"
        >>> with options_of_command({"ecr_roles": "--ecr-role"}):
        ...     print(option_advice("ecr_roles", {"123456789012": "arn:..."}))
        ...     print(option_advice("ssm_parameters", {"/image": ...}))
        --ecr-role 123456789012=arn:...
        "pinned-images:ssm-parameters": {"/image": "..."} in cdk.json
    """
    if _of_command is None:
        written = json.dumps(value) if isinstance(value, str) else _python(value)
        return f"PinImages({name}={written})"
    option = _of_command.get(name)
    if option is None:
        key = f"pinned-images:{name.replace('_', '-')}"
        return f"{json.dumps(key)}: {json.dumps(value, default=lambda _: '...')} in cdk.json"
    if isinstance(value, Mapping):
        return " ".join(f"{option} {key}={_word(each)}" for key, each in value.items())
    return option if value is True else f"{option} {_word(value)}"


@contextmanager
def options_of_command(options: Mapping[str, str]) -> Iterator[None]:
    """A context in which advice is for a command.

    Args:
        options: The options that the command has, by the names of those of `PinImages`.
    """
    global _of_command  # noqa: PLW0603 - a process is either an app or a command
    before, _of_command = _of_command, options
    try:
        yield
    finally:
        _of_command = before


def _python(value: Any) -> str:
    if isinstance(value, Mapping):
        return f"{{{', '.join(f'{key!r}: {_python(each)}' for key, each in value.items())}}}"
    return _word(value) if value is ... else repr(value)


def _word(value: Any) -> str:
    return "..." if value is ... else str(value)
