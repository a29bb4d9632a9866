"""When a locked digest is asked for anew."""

from __future__ import annotations

from typing import Literal, cast, get_args

from pinned_images.errors import ConfigurationError

#: ``missing`` resolves what the file lacks, ``always`` all that is asked for, ``never`` nothing.
UpdateMode = Literal["missing", "always", "never"]

UPDATE_VARIABLE = "PINNED_IMAGES_UPDATE"


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
