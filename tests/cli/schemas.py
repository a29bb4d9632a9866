"""The published JSON schemas, as the tests apply them: strictly."""

from __future__ import annotations

import json
from typing import Any

from jsonschema import Draft202012Validator

from pinned_images.cli.schema import published


def validate(name: str, document: Any) -> None:
    """Validate a document by its schema, and that it has no field that is not in there."""
    schema = json.loads(published(name))
    Draft202012Validator.check_schema(schema)
    for part in (schema, *schema.get("$defs", {}).values()):
        part.setdefault("additionalProperties", False)
    Draft202012Validator(schema).validate(document)
