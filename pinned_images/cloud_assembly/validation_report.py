"""``validation-report.json`` of a cloud assembly, from which the CDK CLI prints violations.

The format is that of aws-cdk-lib (core/lib/validation). The CLI shows each violation as its own and
ends with exit code 1 where there are errors, whatever program has written the file.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pinned_images.cloud_assembly.assembly_json import indented_json, parse_json
from pinned_images.errors import ConfigurationError

FILE = "validation-report.json"


def validation_report(
    root: Path,
    schema: str,
    plugin: str,
    version: str,
    violations: Sequence[Mapping[str, Any]],
    *,
    success: bool,
) -> bytes | None:
    """The content of the file with the report of a plugin, next to those of others.

    Args:
        root: The folder of the assembly.
        schema: The version of the assembly's schema: the CLI refuses one that is newer than its
            own, here as in the manifest.
        plugin: The plugin's name; an earlier report of the same one is replaced.
        version: The plugin's version.
        violations: Its violations, in the format of the file.
        success: Whether none of them is an error.

    Returns:
        The content; None where there is no file and nothing to say.

    Raises:
        ConfigurationError: The file cannot be read.
    """
    file = root / FILE
    document = {"version": schema, "title": "Validation Report", **_read(file)}
    others = [
        each
        for each in document.get("pluginReports") or ()
        if not (isinstance(each, Mapping) and each.get("pluginName") == plugin)
    ]
    if not violations and not file.exists():
        return None
    conclusion = "success" if success else "failure"
    own = {
        "pluginName": plugin,
        "pluginVersion": version,
        "conclusion": conclusion,
        "violations": list(violations),
    }
    document["pluginReports"] = [*others, own]
    return indented_json(document, 2)


def _read(file: Path) -> dict[str, Any]:
    document: Any = {}
    if file.exists():
        try:
            document = parse_json(file.read_bytes())
        except (OSError, ValueError, RecursionError) as error:
            raise ConfigurationError(
                f"{str(file)!r} cannot be read: synthesize the app again."
            ) from error
    if not isinstance(document, dict):
        raise ConfigurationError(f"{str(file)!r} cannot be read: synthesize the app again.")
    return document
