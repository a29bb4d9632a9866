"""The configuration of a command: its options, the environment, and the context of the CDK app.

It is that of a synth: what ``cdk.json`` says of registries counts for the commands, too.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from pinned_images.errors import ConfigurationError
from pinned_images.option_syntax import OptionSyntax
from pinned_images.printable import quoted

if TYPE_CHECKING:
    from pinned_images.options import Options

#: The options of commands that are fields of `Options`, too, by their names there.
COMMAND_OPTIONS = {
    "bootstrap_qualifier": "--qualifier",
    "deadline": "--timeout",
    "ecr_roles": "--ecr-role",
    "exempt": "--exempt",
    "insecure_registries": "--insecure-registry",
    "lock_file": "--lock-file",
    "mirror_fallback": "--mirror-fallback",
    "mirrors": "--mirror",
    "update": "--frozen",
}

_CONTEXT_VARIABLE = "CDK_CONTEXT_JSON"
_OVERFLOW_VARIABLE = "CONTEXT_OVERFLOW_LOCATION_ENV"


def options_of(
    typed: Mapping[str, object],
    context: Mapping[str, Any] | None = None,
    *,
    with_default_lock_file: bool = True,
    **defaults: Any,
) -> Options:
    """The options of `PinImages` for a command.

    Args:
        typed: The options of the command, by the names of those of `PinImages`; None where one is
            left out. They count before everything else.
        context: The context; that of the app in the working directory by default.
        with_default_lock_file: Use the lock file in the working directory where nothing names one.
        defaults: Values that count where nothing else does.

    Raises:
        ConfigurationError: A setting cannot be used; the message says where it is.
    """
    from pinned_images.lockfile import default_lock_file  # noqa: PLC0415 - for --help
    from pinned_images.option_types import Place  # noqa: PLC0415 - for --help
    from pinned_images.options import Options, Setting  # noqa: PLC0415 - for --help

    settings = [
        Setting(name, value, Place("option", COMMAND_OPTIONS[name], is_text=True))
        for name, value in typed.items()
        if value is not None
    ]
    default = default_lock_file() if with_default_lock_file else None
    known = context_of_app() if context is None else context
    return Options(syntax=_syntax(), **defaults).with_settings(known, os.environ, default, settings)


def _syntax() -> OptionSyntax:
    """How errors write options: as the command that runs takes them, else as for ``cdk.json``."""
    context = click.get_current_context(silent=True)
    parameters = [] if context is None else context.command.params
    own = {option for parameter in parameters for option in parameter.opts}
    return OptionSyntax({name: each for name, each in COMMAND_OPTIONS.items() if each in own})


def lock_file_of(typed: str | None, *, with_default: bool = True) -> Path | None:
    """The lock file that a command uses; None where nothing names one, or it is declined.

    Args:
        typed: The option ``--lock-file``.
        with_default: Use the lock file in the working directory where nothing names one.
    """
    options = options_of({"lock_file": typed}, with_default_lock_file=with_default)
    return options.lock_file or None


def required_lock_file(typed: str | None) -> Path:
    """The lock file of a command that is about one; there need not be such a file.

    Args:
        typed: The option ``--lock-file``.

    Raises:
        ConfigurationError: The configuration says that there is none.
    """
    from pinned_images.lockfile import DEFAULT_NAME  # noqa: PLC0415 - for --help

    found = options_of({"lock_file": typed}).lock_file
    if found is False:
        raise ConfigurationError(
            "The configuration says that there is no lock file (lock-file is false): name one "
            "with --lock-file."
        )
    return found or Path(DEFAULT_NAME)


def context_of_app() -> dict[str, Any]:
    """The context of the CDK app: as the CDK CLI hands it over, or else as its files have it.

    Raises:
        ConfigurationError: It cannot be read.
    """
    if os.environ.get(_CONTEXT_VARIABLE) or os.environ.get(_OVERFLOW_VARIABLE):
        return _context_of_cli()
    return context_of_folder(Path())


def _context_of_cli() -> dict[str, Any]:
    """The context that the CDK CLI passes to an app: in a variable, and a longer one in a file."""
    context = _json(os.environ.get(_CONTEXT_VARIABLE) or "{}", _CONTEXT_VARIABLE)
    overflow = os.environ.get(_OVERFLOW_VARIABLE)
    if overflow and Path(overflow).is_file():
        context = {**context, **_json(_text(Path(overflow)), overflow)}
    return context


def context_of_folder(folder: Path) -> dict[str, Any]:
    """The context in the files of a folder and of the user, merged as the CDK CLI merges them.

    ``cdk.json`` counts before ``cdk.context.json``, and that before ``~/.cdk.json``; of objects
    every key counts on its own (aws-cdk: ``user-configuration.ts``, ``Configuration.load``;
    ``Context.all`` merges deeply).

    Args:
        folder: The folder of ``cdk.json``.

    Raises:
        ConfigurationError: A file cannot be read.
    """
    merged: dict[str, Any] = {}
    user = _json_of(Path(os.path.expanduser("~"), ".cdk.json"))  # noqa: PTH111 - never raises
    for found in (
        user.get("context"),
        _json_of(folder / "cdk.context.json"),
        _json_of(folder / "cdk.json").get("context"),
    ):
        if isinstance(found, dict):
            try:
                _merge(merged, found)
            except RecursionError as error:
                raise ConfigurationError("The context is nested too deeply to be read.") from error
    return merged


def _merge(target: dict[str, Any], source: Mapping[str, Any]) -> None:
    """Add a source that counts more (toolkit-lib: ``deepMerge`` of ``util/objects.ts``)."""
    for key, value in source.items():
        if isinstance(value, dict):
            below = target.get(key)
            target[key] = dict(below) if isinstance(below, dict) else {}
            _merge(target[key], value)
        else:
            target[key] = value


def _json_of(file: Path) -> dict[str, Any]:
    """The object in a file; an empty one where there is no file."""
    return _json(_text(file), str(file)) if file.is_file() else {}


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8-sig")
    except (OSError, ValueError) as error:
        reason = str(getattr(error, "strerror", None) or "it is not UTF-8")
        raise ConfigurationError(f"The file {quoted(file)} cannot be read ({reason}).") from error


def _json(text: str, name: str) -> dict[str, Any]:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError) as error:
        place, reason = quoted(name), "it is nested too deeply, or a number is too long"
        if isinstance(error, json.JSONDecodeError):
            place, reason = f"{place}, line {error.lineno}", error.msg
        raise ConfigurationError(f"{place}: this is not JSON ({reason}): correct it.") from error
    return found if isinstance(found, dict) else {}
