"""Options and output of the commands on cloud assemblies."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pinned_images.acknowledgements import rule_id
from pinned_images.cli.output import echo, write
from pinned_images.errors import ConfigurationError
from pinned_images.printable import printable

if TYPE_CHECKING:
    from pinned_images.assembly import AssemblyOutcome
    from pinned_images.options import Options
    from pinned_images.rules import Violation

JSON_VERSION = 1


def options_of(arguments: Mapping[str, object], context: Mapping[str, Any]) -> Options:
    """The options of a command, of the app's context and of the environment.

    Args:
        arguments: By the names of the options of `PinImages`; None where one is left out.
        context: The context of the app.
    """
    from pinned_images.options import Options  # noqa: PLC0415 - for --help

    given = {name: value for name, value in arguments.items() if value is not None}
    return Options.of(given).with_settings(context, os.environ)


def context_of_cli() -> dict[str, Any]:
    """The context that the CDK CLI passes to an app: in a variable, and a longer one in a file.

    Raises:
        ConfigurationError: It cannot be read.
    """
    context = _json(os.environ.get("CDK_CONTEXT_JSON") or "{}", "CDK_CONTEXT_JSON")
    overflow = os.environ.get("CONTEXT_OVERFLOW_LOCATION_ENV")
    if overflow and Path(overflow).is_file():
        context = {**context, **_json(Path(overflow).read_text(encoding="utf-8"), overflow)}
    return context


def context_of_folder(folder: Path) -> dict[str, Any]:
    """The context in the ``cdk.json`` of a folder; empty without one.

    Raises:
        ConfigurationError: It cannot be read.
    """
    file = folder / "cdk.json"
    if not file.is_file():
        return {}
    context = _json(file.read_text(encoding="utf-8-sig"), str(file)).get("context")
    return context if isinstance(context, dict) else {}


def _json(text: str, name: str) -> dict[str, Any]:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ConfigurationError(f"{name} is not JSON.") from error
    return found if isinstance(found, dict) else {}


def print_violations(outcome: AssemblyOutcome) -> None:
    """Print the violations to stderr, as the CDK CLI prints them."""
    for violation in outcome.violations:
        echo(_sentence(violation))


def _sentence(violation: Violation) -> str:
    problem = violation.problem
    severity = "WARNING" if violation.rule.severity == "warning" else "ERROR"
    where = f" [{violation.construct_path}]" if violation.construct_path else ""
    way_out = "" if violation.rule.severity == "fatal" else f" ({rule_id(violation.rule.id)})"
    fix = f" {problem.fix}" if problem.fix else ""
    return f"{severity}{where} {problem.what}{fix}{way_out}"


def write_json(outcome: AssemblyOutcome) -> None:
    """Print the violations as JSON."""
    found = {
        "version": JSON_VERSION,
        "violations": [
            {
                "rule": rule_id(each.rule.id),
                "severity": each.rule.severity,
                "construct": each.construct_path,
                "resource": each.logical_id,
                "location": printable(each.location),
                "description": printable(each.problem.what),
                "fix": None if each.problem.fix is None else printable(each.problem.fix),
            }
            for each in outcome.violations
        ],
    }
    write(json.dumps(found, indent=2) + "\n")
