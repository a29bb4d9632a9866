"""``pinned-images check``: the gate for a finished cloud assembly, or for a template."""

from __future__ import annotations

from pathlib import Path

import click

from pinned_images.cli.assembly_commands import show_outcome
from pinned_images.cli.configuration import options_of
from pinned_images.cli.shared_options import exempt_option, exemptions_of, json_option


@click.command()
@click.argument("path", type=click.Path(path_type=Path), default="cdk.out")
@exempt_option
@json_option
def check(path: Path, exemptions: tuple[str, ...], as_json: bool) -> None:  # noqa: FBT001 - a flag
    """Show the images without a digest in a synth or a template.

    PATH is the folder that a synth wrote, cdk.out if left out, or a template of CloudFormation in
    JSON or YAML. No registry is asked and nothing is changed.
    """
    from pinned_images.assembly import check_assembly, check_template  # noqa: PLC0415 - for --help

    options = options_of({"exempt": exemptions_of(exemptions) or None})
    outcome = (check_template if path.is_file() else check_assembly)(path, options)
    show_outcome(outcome, as_json=as_json)
