"""``pinned-images check``: the gate for a finished cloud assembly."""

from __future__ import annotations

from pathlib import Path

import click

from pinned_images.cli.assembly_commands import (
    context_of_folder,
    options_of,
    print_violations,
    write_json,
)
from pinned_images.cli.output import echo
from pinned_images.cli.shared_options import exempt_option, exemptions_of, json_option
from pinned_images.wording import counted


@click.command()
@click.argument("folder", type=click.Path(path_type=Path), default="cdk.out")
@exempt_option
@json_option
def check(folder: Path, exemptions: tuple[str, ...], as_json: bool) -> None:  # noqa: FBT001 - a flag
    """Show the images without a digest in FOLDER (cdk.out), the output of a synth.

    No registry is asked and nothing is changed. Exits with 1 where an image has no digest and is
    not exempt.
    """
    from pinned_images.assembly import check_assembly  # noqa: PLC0415 - for --help

    given = exemptions_of(exemptions)
    options = options_of({"exempt": given or None}, context_of_folder(Path.cwd()))
    outcome = check_assembly(folder, options)
    if as_json:
        write_json(outcome)
    else:
        print_violations(outcome)
    errors = sum(each.rule.severity != "warning" for each in outcome.violations)
    warnings = len(outcome.violations) - errors
    echo(f"{counted(errors, 'error')}, {counted(warnings, 'warning')}.")
    raise SystemExit(1 if outcome.has_errors else 0)
