"""The published JSON schemas, as the tests apply them: strictly."""

from __future__ import annotations

import functools
import json
from typing import Any

from jsonschema import Draft202012Validator

from pinned_images.cli.schema import published


def validate(name: str, document: Any) -> None:
    """Validate a document by its schema, and that it has no field that is not in there."""
    _strict_validator(name).validate(document)


@functools.cache
def _strict_validator(name: str) -> Draft202012Validator:
    schema = json.loads(published(name))
    Draft202012Validator.check_schema(schema)
    for part in (schema, *schema.get("$defs", {}).values()):
        part.setdefault("additionalProperties", False)
    return Draft202012Validator(schema)
