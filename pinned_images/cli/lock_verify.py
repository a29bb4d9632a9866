"""``pinned-images lock verify``: whether locked images still exist for a deployment."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import click
from click.exceptions import Exit

from pinned_images.cli.compared_parameters import (
    ChangedParameter,
    changed_parameters,
    read_parameters,
)
from pinned_images.cli.comparison import Answer, ask, read_lock
from pinned_images.cli.exit_codes import ExitCode, code_of, worst
from pinned_images.cli.output import echo, error, grouped_errors, write_document
from pinned_images.cli.shared_options import json_option, own_lock_file_option, registry_options
from pinned_images.errors import ResolutionError
from pinned_images.lockfile import LockFile, LockKey, ParameterKey
from pinned_images.printable import printable
from pinned_images.reference import Digest, ImageReference
from pinned_images.wording import counted

if TYPE_CHECKING:
    from pinned_images.cli.documents.command_documents import LockVerify
    from pinned_images.cli.shared_options import Network


@click.command()
@click.option(
    "--platforms", is_flag=True, help="Check too that each image still has the platforms listed."
)
@click.option(
    "--warm",
    is_flag=True,
    help="Ask private ECR by tag first: pull-through caches import an image by its tag alone.",
)
@json_option
@registry_options
@own_lock_file_option
def verify(
    *, lock_file: Path, platforms: bool, warm: bool, as_json: bool, network: Network
) -> None:
    """Check that each locked digest still exists in its registry.

    An SSM parameter has to be there, and to name the repository in which the digest is.
    """
    lock = read_lock(lock_file)
    tagged = _asked_by_tag(lock, network, with_platforms=platforms) if warm else {}
    served = {
        key: answer
        for key, answer in tagged.items()
        if not answer.errors and _digest(answer) == lock.entries[key].digest
    }
    others = {key: entry for key, entry in lock.entries.items() if key not in served}
    answers = {**served, **ask(others, network, by_digest=True, with_platforms=platforms)}
    wrong = [key for key in lock.entries if answers[key].errors]
    unusable = _unusable_parameters(lock, network)
    errors = [(key, error) for key in wrong for error in answers[key].errors]
    if as_json:
        write_document(_document(lock, errors, unusable))
    for problem in (*grouped_errors(errors), *(each.reason for each in unusable)):
        error(problem)
    for key, answer in tagged.items():
        if key not in served and (now := _digest(answer)) is not None:
            _report_moved_tag(key, now, is_there=key not in wrong)
    verified = [f"{len(answers) - len(wrong)} of {counted(len(answers), 'image')}"]
    if lock.parameters:
        usable = len(lock.parameters) - len(unusable)
        verified.append(f"{usable} of {counted(len(lock.parameters), 'parameter')}")
    echo(f"{', '.join(verified)} verified.")
    raise Exit(worst([*(code_of(each) for _, each in errors), *(each.code for each in unusable)]))


def _document(
    lock: LockFile,
    errors: Sequence[tuple[LockKey, ResolutionError]],
    unusable: Sequence[_Unusable],
) -> LockVerify:
    from pinned_images.cli.documents.command_documents import (  # noqa: PLC0415 - for --help
        LockedName,
        LockVerify,
        Problem,
        split,
    )

    of_parameters = [(each.key, each.error) for each in unusable if each.error is not None]
    problems, unknown = split([*errors, *of_parameters])
    problems += [
        Problem(parameter=str(each.key), kind="other-repository", reason=printable(each.reason))
        for each in unusable
        if each.error is None
    ]
    wrong = {key for key, _ in errors} | {each.key for each in unusable}
    return LockVerify(
        verified=[LockedName.of(key) for key in lock.keys if key not in wrong],
        problems=problems,
        unknown=unknown,
    )


class _Unusable(NamedTuple):
    """A parameter that a deployment would fail on; without an error it names another repository."""

    key: ParameterKey
    reason: str
    error: ResolutionError | None = None

    @property
    def code(self) -> ExitCode:
        """The exit code."""
        return ExitCode.FINDING if self.error is None else code_of(self.error)


def _asked_by_tag(
    lock: LockFile, network: Network, *, with_platforms: bool
) -> dict[LockKey, Answer]:
    """The answers of private ECR for the tags of its images; a cache imports missing ones."""
    from pinned_images.registry.aws.hosts import parse_ecr_host  # noqa: PLC0415 - for --help

    keys: dict[LockKey, LockKey] = {}
    for key in lock.entries:
        reference = key.request().reference
        if reference.tag is not None and parse_ecr_host(reference.registry) is not None:
            by_tag = ImageReference(reference.registry, reference.repository, reference.tag)
            keys[key] = LockKey(by_tag.normalized, key.platform)
    wanted = {by_tag: lock.entries[key] for key, by_tag in keys.items()}
    answers = ask(wanted, network, with_platforms=with_platforms)
    return {key: answers[by_tag] for key, by_tag in keys.items()}


def _digest(answer: Answer) -> Digest | None:
    return None if answer.entry is None else answer.entry.digest


def _report_moved_tag(key: LockKey, now: Digest, *, is_there: bool) -> None:
    """Report a moved tag: a pull-through cache cannot import the digest that was locked."""
    tag = f"The tag of {key.reference} leads to {now.short} now"
    if is_there:
        echo(f"Warning: {tag}; the locked digest is still there.")
        return
    error(
        f"{tag}, and a pull-through cache imports by tag alone: run "
        f"`pinned-images lock update {key.reference}` and synthesize again."
    )


def _unusable_parameters(lock: LockFile, network: Network) -> list[_Unusable]:
    """The parameters that a deployment would fail on.

    Another tag in the same repository is none: the digest takes precedence.
    """
    values = read_parameters(lock.parameters, network)
    return [
        *(
            _Unusable(key, str(value), value)
            for key, value in values.items()
            if not isinstance(value, str)
        ),
        *(
            _Unusable(each.key, _renamed(each))
            for each in changed_parameters(lock, values)
            if each.names_other_repository
        ),
    ]


def _renamed(parameter: ChangedParameter) -> str:
    return (
        f"The SSM parameter {str(parameter.key)!r} names another repository now, and the digest is "
        f"that of {parameter.locked}: run `pinned-images lock update` and synthesize again."
    )
