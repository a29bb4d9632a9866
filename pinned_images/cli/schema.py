"""``pinned-images schema``: the JSON schemas of the documents and files."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from importlib.resources import files
from typing import Any

import click

from pinned_images.cli.output import write
from pinned_images.wording import did_you_mean

#: The type of each document: module and class.
TYPES: Mapping[str, str] = {
    "check": "command_documents:Violations",
    "check-deployed": "aws_documents:Deployed",
    "context": "context_document:ContextObject",
    "lifecycle": "aws_documents:Lifecycle",
    "list": "command_documents:ImageList",
    "lock-check": "command_documents:LockCheck",
    "lock-file": "file_documents:LockFileContent",
    "lock-prune": "command_documents:LockPrune",
    "lock-update": "command_documents:LockUpdate",
    "lock-verify": "command_documents:LockVerify",
    "outdated": "command_documents:Outdated",
    "pin": "command_documents:FileChanges",
    "pin-check": "command_documents:PinCheck",
    "protect": "aws_documents:Protect",
    "record": "file_documents:Record",
    "release": "aws_documents:Release",
    "report-compare": "file_documents:Compared",
    "resolve": "command_documents:Resolved",
}

_DIALECT = "https://json-schema.org/draft/2020-12/schema"


def _names(_context: click.Context, _parameter: click.Parameter, beginning: str) -> list[str]:
    return [name for name in TYPES if name.startswith(beginning)]


@click.command()
@click.argument("name", required=False, shell_complete=_names)
def schema(name: str | None) -> None:
    """Print the JSON schema of a document or a file.

    Without NAME, the names are printed. The schemas are in the package, too, in the folder
    pinned_images/schemas.
    """
    if name is None:
        for each in TYPES:
            write(f"{each}\n")
        return
    if name not in TYPES:
        raise click.BadParameter(
            f"There is no schema {name!r}.{did_you_mean(name, TYPES)}", param_hint="NAME"
        )
    write(published(name))


def published(name: str) -> str:
    """The schema of a document, as it is in the package."""
    return (files("pinned_images") / "schemas" / f"{name}.json").read_text(encoding="utf-8")


def generated(name: str) -> dict[str, Any]:
    """The schema of a document, from its type; JSON Schema, draft 2020-12."""
    import msgspec  # noqa: PLC0415 - for --help

    module, _, title = TYPES[name].partition(":")
    kind = getattr(import_module(f"pinned_images.cli.documents.{module}"), title)
    found = msgspec.json.schema(kind)
    parts = found.pop("$defs")
    for each in parts.values():
        _require_what_is_always_written(each, module)
    root = parts.pop(title)
    return {
        "$schema": _DIALECT,
        "$id": f"urn:pinned-images:{name}:1",
        **root,
        **({"$defs": dict(sorted(parts.items()))} if parts else {}),
    }


def _require_what_is_always_written(part: dict[str, Any], module: str) -> None:
    """Require the fields that have a default and are written all the same; drop defaults."""
    import msgspec  # noqa: PLC0415 - for --help

    kind = getattr(import_module(f"pinned_images.cli.documents.{module}"), part["title"])
    if not kind.__struct_config__.omit_defaults:
        defaults = dict(
            zip(
                reversed(kind.__struct_encode_fields__),
                reversed(kind.__struct_defaults__),
                strict=False,
            )
        )
        part["required"] = [
            name for name in part["properties"] if defaults.get(name) is not msgspec.UNSET
        ]
    for field in part["properties"].values():
        field.pop("default", None)
        if "anyOf" in field:  # versions of msgspec order it in different ways
            field["anyOf"].sort(key=lambda each: (each.get("type") == "null", sorted(each)))
