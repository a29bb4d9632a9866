"""``pinned-images lock verify``: whether a deployment would find what is locked."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from pinned_images.cli.compared_parameters import changed_parameters, read_parameters
from pinned_images.cli.comparison import ask, read_lock
from pinned_images.cli.output import echo, error, grouped_errors
from pinned_images.cli.shared_options import own_lock_file_option, registry_options
from pinned_images.lockfile import LockFile
from pinned_images.wording import counted

if TYPE_CHECKING:
    from pinned_images.cli.shared_options import Network


@click.command()
@click.option(
    "--platforms", is_flag=True, help="Check too that each image still has the platforms listed."
)
@registry_options
@own_lock_file_option
def verify(lock_file: Path, platforms: bool, network: Network) -> None:  # noqa: FBT001 - a flag
    """Check that each locked digest still exists in its registry, else exit with 1.

    An SSM parameter has to be there, and to name the repository in which the digest is.
    """
    lock = read_lock(lock_file)
    answers = ask(lock.entries, network, by_digest=True, with_platforms=platforms)
    wrong = [key for key, answer in answers.items() if answer.errors]
    unusable = _unusable_parameters(lock, network)
    errors = ((key, error) for key in wrong for error in answers[key].errors)
    for problem in (*grouped_errors(errors), *unusable):
        error(problem)
    verified = [f"{len(answers) - len(wrong)} of {counted(len(answers), 'image')}"]
    if lock.parameters:
        usable = len(lock.parameters) - len(unusable)
        verified.append(f"{usable} of {counted(len(lock.parameters), 'parameter')}")
    echo(f"{', '.join(verified)} verified.")
    if wrong or unusable:
        raise SystemExit(1)


def _unusable_parameters(lock: LockFile, network: Network) -> list[str]:
    """Why a deployment would stop at a parameter; the digest decides whatever tag it names."""
    values = read_parameters(lock.parameters, network)
    return [
        *(str(value) for value in values.values() if not isinstance(value, str)),
        *(
            f"The SSM parameter {str(each.key)!r} names another repository now, and the digest is "
            f"that of {each.locked}: run `pinned-images lock update` and synthesize again."
            for each in changed_parameters(lock, values)
            if each.names_other_repository
        ),
    ]
