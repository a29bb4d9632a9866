"""When a locked digest is asked for anew."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import cast, get_args

from pinned_images.errors import ConfigurationError
from pinned_images.option_types import UpdateMode

UPDATE_VARIABLE = "PINNED_IMAGES_UPDATE"

#: What the CDK CLI reads in place of ``--lookups``. The option itself it does not tell the app.
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
    """The mode that environment variables ask for.

    Where the CDK CLI is kept from lookups, nothing is asked for either.

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


def synth_that_may_ask() -> str:
    """The command that adds to a lock file what is missing.

    Where the environment says how to update, context does not count.
    """
    if os.environ.get(UPDATE_VARIABLE) or _lookups_are_off(os.environ):
        return f"{UPDATE_VARIABLE}=missing cdk synth"
    return "cdk synth -c pinned-images:update=missing"


def _lookups_are_off(environment: Mapping[str, str]) -> bool:
    """As the CLI reads a switch from its environment: whatever is not "true" is off."""
    return environment.get(LOOKUPS_VARIABLE, "true") != "true"
