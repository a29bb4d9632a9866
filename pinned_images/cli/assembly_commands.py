"""Options and output of the commands on cloud assemblies."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from pinned_images.acknowledgements import rule_id
from pinned_images.cli.output import echo, show, write
from pinned_images.errors import ConfigurationError
from pinned_images.printable import printable
from pinned_images.wording import counted

if TYPE_CHECKING:
    from pinned_images.assembly import AssemblyOutcome
    from pinned_images.options import Options
    from pinned_images.rules import Violation

JSON_VERSION = 1


def options_of(arguments: Mapping[str, object], context: Mapping[str, Any]) -> Options:
    """The options of a command, of the app's context and of the environment.

    Args:
        arguments: By the names of the options of `PinImages`; None where one is left out. What is
            typed for one run counts before everything else.
        context: The context of the app.
    """
    from pinned_images.options import Options  # noqa: PLC0415 - for --help

    given = {name: value for name, value in arguments.items() if value is not None}
    typed = Options.of(given)
    found = typed.with_settings(context, os.environ)
    counting: dict[str, Any] = {}
    for name in given:
        value, other = getattr(typed, name), getattr(found, name)
        if isinstance(value, Mapping):  # the first pattern that matches counts
            others = {key: other[key] for key in other if key not in value}
            counting[name] = {**value, **others}
        else:
            counting[name] = value
    options = replace(found, **counting)
    options.check(hosts_are_known=True)
    return options


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


def is_assembly(folder: Path) -> bool:
    """Whether a folder is a cloud assembly, even a broken one, or one that a crash left."""
    from pinned_images.cloud_assembly.edits import MARKER  # noqa: PLC0415 - for --help
    from pinned_images.cloud_assembly.replacement import JOURNAL  # noqa: PLC0415
    from pinned_images.files.walking import is_cloud_assembly  # noqa: PLC0415

    return (folder / MARKER).is_file() or (folder / JOURNAL).is_file() or is_cloud_assembly(folder)


def show_outcome(outcome: AssemblyOutcome, *, as_json: bool) -> NoReturn:
    """Print the violations as a table or as JSON, and exit with the code they mean."""
    if as_json:
        write_json(outcome)
    elif outcome.violations:
        from pinned_images.cli.violation_table import violation_table  # noqa: PLC0415 - needs rich

        show(violation_table(outcome.violations))
    errors = sum(each.rule.severity != "warning" for each in outcome.violations)
    warnings = len(outcome.violations) - errors
    echo(f"{counted(errors, 'error')}, {counted(warnings, 'warning')}.")
    raise SystemExit(1 if outcome.has_errors else 0)


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
