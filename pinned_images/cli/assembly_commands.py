"""Output of the commands on cloud assemblies."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from click.exceptions import Exit

from pinned_images.acknowledgements import rule_id
from pinned_images.cli.exit_codes import ExitCode, code_of, worst
from pinned_images.cli.output import echo, show, write_document
from pinned_images.printable import printable
from pinned_images.wording import counted

if TYPE_CHECKING:
    from pinned_images.assembly import AssemblyOutcome
    from pinned_images.options import Options
    from pinned_images.problem import Problem
    from pinned_images.rules import Violation


def is_assembly(folder: Path) -> bool:
    """Whether a folder is a cloud assembly, even a broken one, or one that a crash left."""
    from pinned_images.cloud_assembly.assembly_files import MARKER  # noqa: PLC0415 - for --help
    from pinned_images.cloud_assembly.replacement import JOURNAL  # noqa: PLC0415
    from pinned_images.files.walking import is_cloud_assembly  # noqa: PLC0415

    return (folder / MARKER).is_file() or (folder / JOURNAL).is_file() or is_cloud_assembly(folder)


def show_outcome(outcome: AssemblyOutcome, *, as_json: bool) -> NoReturn:
    """Print the violations as a table or as JSON, and exit with their code."""
    if as_json:
        write_json(outcome)
    elif outcome.violations:
        from pinned_images.cli.tables import violation_table  # noqa: PLC0415 - needs rich

        show(violation_table(outcome.violations))
    errors = sum(each.rule.severity != "warning" for each in outcome.violations)
    warnings = len(outcome.violations) - errors
    echo(f"{counted(errors, 'error')}, {counted(warnings, 'warning')}.")
    raise Exit(code_of_outcome(outcome))


def code_of_outcome(outcome: AssemblyOutcome) -> ExitCode:
    """The exit code of an assembly that was pinned or checked."""
    if outcome.failure is not None:
        return code_of(outcome.failure)
    errors = (each.problem for each in outcome.violations if each.rule.severity != "warning")
    return worst(map(_code_of_problem, errors))


def _code_of_problem(problem: Problem) -> ExitCode:
    if problem.error is not None:
        return code_of(problem.error)
    return ExitCode.UNKNOWN if problem.is_unanswered else ExitCode.FINDING


def print_summary(outcome: AssemblyOutcome, options: Options) -> None:
    """Print what the pinning of an assembly did in one line; nothing where there are no images."""
    from pinned_images.report.synth_line import synth_line  # noqa: PLC0415 - for --help

    line = synth_line(outcome.report.records, [options.lock_file or None])
    if line is not None:
        echo(line)


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
    from pinned_images.cli.documents.command_documents import (  # noqa: PLC0415 - for --help
        ReportedViolation,
        Violations,
        kind_of,
    )

    violations = [
        ReportedViolation(
            rule=rule_id(each.rule.id),
            severity=each.rule.severity,
            construct=each.construct_path,
            resource=each.logical_id,
            location=printable(each.location),
            description=printable(each.problem.what),
            fix=None if each.problem.fix is None else printable(each.problem.fix),
            kind=None if each.problem.error is None else kind_of(each.problem.error),
        )
        for each in outcome.violations
    ]
    write_document(Violations(violations=violations))
