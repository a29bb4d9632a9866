"""The types of options: parsers beyond Python types, and the places of values."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple

from msgspec import Struct

from pinned_images.errors import ConfigurationError
from pinned_images.printable import quoted

#: The place in a template that records the pinned images.
RecordIn = Literal["metadata", "outputs"]

#: ``missing`` resolves what the lock file lacks, ``always`` all images, ``never``
#: nothing.
UpdateMode = Literal["missing", "always", "never"]

#: The treatment of ECS containers whose ``versionConsistency`` is ``disabled``.
VersionConsistency = Literal["pin", "respect"]


class Example(NamedTuple):
    """An example of an option's value, in Python and in JSON alike; for errors."""

    text: str


class Place(Struct, frozen=True):
    """The place of a value.

    Attributes:
        kind: ``argument``, ``context value`` or ``environment variable``.
        name: Its name there.
        is_text: Whether values may be strings: ``false``, ``60``, ``a,b``, ``a=1,b=2`` or JSON.
    """

    kind: str
    name: str
    is_text: bool = False

    def at(self, key: str | int) -> Place:
        """A place inside this one."""
        shown = key if isinstance(key, int) else quoted(key)
        return Place(self.kind, f"{self.name}[{shown}]", self.is_text)

    def __str__(self) -> str:
        """The subject of an error."""
        return f"The {self.kind} {self.name}"


class Parser(NamedTuple):
    """A check of a value beyond its type."""

    #: Returns the converted value, or raises a `ConfigurationError` that says what to write.
    parse: Callable[[Any], Any]


def parse_account(text: str) -> str:
    """An AWS account id; anything else is refused."""
    if not _ACCOUNT.fullmatch(text):
        raise ConfigurationError("An AWS account has 12 digits, such as 123456789012.")
    return text


def parse_role(text: str) -> str:
    """The ARN of an IAM role; anything else is refused."""
    if not _ROLE.fullmatch(text):
        raise ConfigurationError(
            "That is no ARN of an IAM role: write one such as "
            "arn:aws:iam::123456789012:role/image-reader."
        )
    return text


def parse_host(text: str) -> str:
    """A registry host as in image references."""
    from pinned_images.registry.mirrors import normalize_host  # noqa: PLC0415  if there is one

    return normalize_host(text)


def parse_seconds(seconds: float) -> float:
    """A duration in seconds, above zero and at most a week; anything else is refused."""
    if not 0 < seconds <= _LONGEST:
        raise ConfigurationError(
            f"It is {seconds!r}, and must be above zero and at most {_LONGEST} seconds."
        )
    return seconds


def parse_name(text: str) -> str:
    """A name that is not empty and has no blanks around it or in it."""
    if not text or text.split() != [text]:
        raise ConfigurationError("A name here is not empty and has no blanks.")
    return text


def parse_file(path: Path) -> Path:
    """The path of a file; anything else is refused, words that are switches elsewhere too."""
    if not path.name or str(path).lower() in _SWITCHES:
        raise ConfigurationError(
            "It names no file: write one such as pinned-images.lock.json. To have no lock file, "
            "write None as an argument, and false elsewhere."
        )
    return path


def parse_resolver(value: object) -> object:
    """A resolver; anything without `resolve` is refused."""
    if not callable(getattr(value, "resolve", None)) or isinstance(value, type):
        raise ConfigurationError(
            f"{type(value).__name__} has no method resolve: write an object that has, such as a "
            "FixedResolver of pinned_images.testing."
        )
    return value


_SWITCHES = ("0", "1", "false", "no", "none", "null", "off", "on", "true", "yes")

# IAM API reference, CreateRole: RoleName and Path.
_ROLE = re.compile(r"arn:aws[a-z-]*:iam::[0-9]{12}:role/[\w+=,.@/-]{1,576}", re.ASCII)
_ACCOUNT = re.compile(r"[0-9]{12}")
_LONGEST = 604_800  # a week


AccountId = Annotated[str, Parser(parse_account)]
File = Annotated[Path, Parser(parse_file)]
Host = Annotated[str, Parser(parse_host)]
ParameterName = Annotated[str, Parser(parse_name)]
RoleArn = Annotated[str, Parser(parse_role)]
Seconds = Annotated[float, Parser(parse_seconds)]
