"""How options are written in the advice of errors: as arguments, or as options of a command.

An app in Python has arguments of `PinImages`. A command has options of its own, and reads the
context in ``cdk.json`` for all others.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class OptionSyntax:
    """The form in which options are written where advice is shown.

    Attributes:
        of_command: The options of a command, by the names of those of `PinImages`; None in an app.

    Example:
        >>> ARGUMENTS.written("ssm_parameters", {"/image": ...})
        "PinImages(ssm_parameters={'/image': ...})"
        >>> command = OptionSyntax({"ecr_roles": "--ecr-role"})
        >>> print(command.written("ecr_roles", {"123456789012": "arn:..."}))
        --ecr-role 123456789012=arn:...
        >>> print(command.written("ssm_parameters", {"/image": ...}))
        "pinned-images:ssm-parameters": {"/image": "..."} in cdk.json
    """

    of_command: Mapping[str, str] | None = None

    @property
    def is_for_app(self) -> bool:
        """Whether advice is for an app in Python, which has `PinImages` itself."""
        return self.of_command is None

    def written(self, name: str, value: Any) -> str:
        """An option with a value, as it can be written.

        Args:
            name: The name of the argument of `PinImages`.
            value: A value as in JSON; an ellipsis is left to the reader.
        """
        if self.of_command is None:
            written = json.dumps(value) if isinstance(value, str) else _python(value)
            return f"PinImages({name}={written})"
        option = self.of_command.get(name)
        if option is None:
            key = f"pinned-images:{name.replace('_', '-')}"
            return f"{json.dumps(key)}: {json.dumps(value, default=lambda _: '...')} in cdk.json"
        if isinstance(value, Mapping):
            return " ".join(f"{option} {key}={_word(each)}" for key, each in value.items())
        return option if value is True else f"{option} {_word(value)}"


#: The syntax in an app.
ARGUMENTS = OptionSyntax()


def _python(value: Any) -> str:
    if isinstance(value, Mapping):
        return f"{{{', '.join(f'{key!r}: {_python(each)}' for key, each in value.items())}}}"
    return _word(value) if value is ... else repr(value)


def _word(value: Any) -> str:
    return "..." if value is ... else str(value)
