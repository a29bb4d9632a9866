"""Templates in all forms that tests use, as plain data."""

from __future__ import annotations

import json
from collections.abc import Mapping
from os import PathLike
from pathlib import Path
from typing import Any

from pinned_images.errors import ConfigurationError


def as_data(template: Any) -> dict[str, Any]:
    """A template from a mapping, a JSON file, or an `aws_cdk.assertions.Template`.

    Raises:
        ConfigurationError: It is none of these, or the file cannot be read.
    """
    if isinstance(template, Mapping):
        return dict(template)
    if isinstance(template, str | PathLike):
        return _read(Path(template))
    if hasattr(template, "to_json"):
        return dict(template.to_json())
    raise ConfigurationError(
        f"A {type(template).__name__} is no template: give a Template of aws_cdk.assertions, "
        "a dict, or the path of a template in JSON."
    )


def _read(file: Path) -> dict[str, Any]:
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ConfigurationError(f"The template {file} cannot be read: {error}") from error
    if not isinstance(content, dict):
        raise ConfigurationError(f"The template {file} holds no JSON object.")
    return content
