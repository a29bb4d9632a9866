"""Update modes: when a locked digest is resolved again."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from typing import cast, get_args

from pinned_images.errors import ConfigurationError
from pinned_images.option_types import UpdateMode

UPDATE_VARIABLE = "PINNED_IMAGES_UPDATE"

#: The CDK CLI reads it in place of ``--lookups``. It does not pass the option itself to the app.
LOOKUPS_VARIABLE = "CDK_LOOKUPS"


def parse_mode(text: str) -> UpdateMode:
    """The mode that a context value or an environment variable names.

    Args:
        text: ``missing``, ``always`` or ``never``.

    Raises:
        ConfigurationError: It is none of them.

    Example:
        >>> parse_mode("never")
        'never'
    """
    if text not in get_args(UpdateMode):
        raise ConfigurationError(
            f"{text!r} is not a way to update the lock file: write missing, always or never "
            f"(in the argument update=, the context pinned-images:update or {UPDATE_VARIABLE})."
        )
    return cast("UpdateMode", text)


def mode_of(environment: Mapping[str, str]) -> UpdateMode | None:
    """The mode that environment variables set.

    Where lookups of the CDK CLI are off, nothing is resolved either.

    Raises:
        ConfigurationError: A variable names no mode.

    Example:
        >>> mode_of({"CDK_LOOKUPS": "false"})
        'never'
    """
    text = environment.get(UPDATE_VARIABLE)
    if text:
        return parse_mode(text)
    return "never" if _lookups_are_off(environment) else None


def synth_with_lookups() -> str:
    """The command of a synth that adds missing entries to the lock file.

    The environment takes precedence over context. On Windows it is set as in PowerShell.
    """
    if os.environ.get(UPDATE_VARIABLE) or _lookups_are_off(os.environ):
        if sys.platform == "win32":
            return f"$env:{UPDATE_VARIABLE} = 'missing'; cdk synth"
        return f"{UPDATE_VARIABLE}=missing cdk synth"
    return "cdk synth -c pinned-images:update=missing"


def _lookups_are_off(environment: Mapping[str, str]) -> bool:
    """Whether lookups are off, as the CLI reads a boolean variable: all but "true" is off."""
    return environment.get(LOOKUPS_VARIABLE, "true") != "true"
