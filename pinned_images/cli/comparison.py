"""The comparison of a lock file with the current answers of registries and AWS."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from pinned_images.cli.compared_parameters import (
    ChangedParameter,
    changed_parameters,
    read_parameters,
)
from pinned_images.cli.exit_codes import ExitCode, code_of, worst
from pinned_images.cli.output import grouped_errors, show
from pinned_images.errors import ConfigurationError, ResolutionError
from pinned_images.lockfile import LockEntry, LockFile, LockKey, ParameterKey
from pinned_images.media_types import INDEX_TYPES
from pinned_images.printable import quoted
from pinned_images.reference import Platform
from pinned_images.resolution import Outcome, Resolution, ResolutionRequest
from pinned_images.wording import counted

if TYPE_CHECKING:
    from pinned_images.cli.shared_options import Network


@dataclass(frozen=True, slots=True)
class Answer:
    """The current answer of a registry for one entry.

    Attributes:
        entry: The current entry, or None where there is no usable answer.
        errors: The errors; also where a platform that the entry lists is gone.
    """

    entry: LockEntry | None
    errors: tuple[ResolutionError, ...] = ()


def read_lock(path: Path) -> LockFile:
    """The lock file, which must exist.

    Raises:
        ConfigurationError: It does not exist.
        LockFileError: It is broken.
    """
    if not path.exists():
        above = _folder_above_with(path)
        if above is not None:
            raise ConfigurationError(
                f"There is no lock file {str(path)!r} here, but one in {quoted(above)}: run the "
                "command there, in the folder of cdk.json, or name the file with --lock-file."
            )
        raise ConfigurationError(
            f"There is no lock file {str(path)!r}: make it with "
            f"`cdk synth -c pinned-images:lock-file={path}`, or name another one with --lock-file."
        )
    return LockFile.read(path)


def _folder_above_with(path: Path) -> Path | None:
    """The nearest folder above the working folder that has a file."""
    try:
        folders = Path.cwd().parents
    except OSError:  # the working folder is gone
        return None
    return next((each for each in folders if os.path.isfile(each / path)), None)  # noqa: PTH113 - no error is raised


def ask(
    entries: Mapping[LockKey, LockEntry],
    network: Network,
    *,
    by_digest: bool = False,
    with_platforms: bool = True,
) -> dict[LockKey, Answer]:
    """Resolve entries, all at once.

    Args:
        entries: The entries.
        network: The registries.
        by_digest: Resolve by the locked digest, in place of the tag.
        with_platforms: Get the platforms too, where the entry lists some; it takes a GET.
    """
    questions = {
        key: list(_questions(key, entry, by_digest=by_digest, with_platforms=with_platforms))
        for key, entry in entries.items()
    }
    asked = [question for each in questions.values() for question in each]
    outcomes = network.registries.resolve(asked) if asked else {}
    return {key: _answer(each, outcomes) for key, each in questions.items()}


def _questions(
    key: LockKey, entry: LockEntry, *, by_digest: bool, with_platforms: bool
) -> Iterable[ResolutionRequest]:
    """The requests for an entry: one for each platform that it lists.

    An answer lists an image's platforms if the image has the requested one. It may have lost some,
    so each platform that the entry lists is requested; the resolver reads the image
    once for all.
    """
    request = key.request()
    if by_digest:
        reference = request.reference.with_digest(entry.digest)
        request = replace(request, reference=reference, platform=None, select=False)
    if with_platforms and entry.platforms and key.platform is None:
        return [replace(request, platform=platform) for platform in entry.platforms]
    return [request]


def _answer(
    questions: Iterable[ResolutionRequest], outcomes: Mapping[ResolutionRequest, Outcome]
) -> Answer:
    entry: LockEntry | None = None
    errors: dict[str, ResolutionError] = {}
    for question in questions:
        outcome = outcomes[question]
        if isinstance(outcome, Resolution):
            entry = LockEntry.of(question, outcome)
        else:
            errors[str(outcome)] = outcome
    return Answer(entry, tuple(errors.values()))


class LeftParameter(NamedTuple):
    """A parameter whose new value is not taken over, with the error and its exit code.

    The value may be a secret, and is not in the error.
    """

    key: ParameterKey
    reason: str
    code: ExitCode


@dataclass(frozen=True)
class Comparison:
    """A lock file, or a part of it, with the current answers.

    Attributes:
        locked: The compared entries.
        answers: The answers for its images, and for those that its parameters name now.
        values: The current values of its parameters.
        changed: The parameters that have another value now.
        unchanged: Of the images that moved, those that are the same on the platforms that count,
            with these platforms: an image may have got another platform.
    """

    locked: LockFile
    answers: Mapping[LockKey, Answer]
    values: Mapping[ParameterKey, str | ResolutionError]
    changed: Sequence[ChangedParameter]
    unchanged: Mapping[LockKey, tuple[Platform, ...]] = field(default_factory=dict)

    @classmethod
    def of(
        cls,
        lock: LockFile,
        network: Network,
        *,
        part: LockFile | None = None,
        with_platforms: bool = True,
        platforms: Collection[Platform] = (),
    ) -> Comparison:
        """Read the parameters, then resolve all images at once, then the platforms of those moved.

        Args:
            lock: The lock file.
            network: Registries and AWS.
            part: The part of it to compare; all of it by default.
            with_platforms: See `ask`.
            platforms: The platforms that count; by default all that an entry lists.
        """
        chosen = lock if part is None else part
        values = read_parameters(chosen.parameters, network)
        changed = changed_parameters(lock, values)
        successors = {key: entry for each in changed for key, entry in each.successors.items()}
        wanted = {**successors, **chosen.entries}
        answers = ask(wanted, network, with_platforms=with_platforms)
        compared = cls(chosen, answers, values, changed)
        return replace(compared, unchanged=_unchanged(compared.moved, network, platforms))

    @cached_property
    def found(self) -> dict[LockKey, LockEntry]:
        """The images that exist in their registries."""
        return {
            key: answer.entry for key, answer in self.answers.items() if answer.entry is not None
        }

    @cached_property
    def moved(self) -> dict[LockKey, tuple[LockEntry, LockEntry]]:
        """The images whose tag names another digest now, with the old entry and the new one."""
        return {
            key: (entry, self.found[key])
            for key, entry in self.locked.entries.items()
            if key in self.found and self.found[key].digest != entry.digest
        }

    @property
    def really_moved(self) -> dict[LockKey, tuple[LockEntry, LockEntry]]:
        """The images that moved, without those that are the same on the platforms that count."""
        return {key: change for key, change in self.moved.items() if key not in self.unchanged}

    @cached_property
    def renamed(self) -> list[ChangedParameter]:
        """The parameters that name another image now, which exists."""
        return [each for each in self.changed if each.names_image(self.found)]

    @cached_property
    def unanswered(self) -> dict[LockKey, ResolutionError]:
        """The images without a usable answer, with the error."""
        return {
            key: answer.errors[0]
            for key, answer in self.answers.items()
            if answer.entry is None and key in self.locked.entries
        }

    @cached_property
    def unusable(self) -> list[str]:
        """An error for each parameter that could not be read, or whose value cannot be used."""
        unread = [str(value) for value in self.values.values() if not isinstance(value, str)]
        return [*unread, *(sentence for _, sentence, _ in self.left)]

    @cached_property
    def left(self) -> list[LeftParameter]:
        """The parameters whose new value is not taken over."""
        return [self._left(each) for each in self.changed if each not in self.renamed]

    def _left(self, parameter: ChangedParameter) -> LeftParameter:
        answers = [self.answers[key] for key in parameter.successors]
        errors = [error for each in answers if each.entry is None for error in each.errors]
        code = worst(map(code_of, errors)) or ExitCode.FINDING
        is_unknown = code == ExitCode.UNKNOWN
        return LeftParameter(parameter.key, parameter.problem(is_unknown=is_unknown), code)

    @property
    def problems(self) -> list[str]:
        """The errors, grouped by cause."""
        return [*grouped_errors(self.unanswered.items()), *self.unusable]

    @property
    def code(self) -> ExitCode:
        """The exit code of the errors; changes are none."""
        left = (each.code for each in self.left)
        return worst([*(code_of(error) for _, error in self.errors), *left])

    @property
    def errors(self) -> list[tuple[LockKey | ParameterKey, ResolutionError]]:
        """The images and parameters without a usable answer, each with the error."""
        unread = [(key, value) for key, value in self.values.items() if not isinstance(value, str)]
        return [*self.unanswered.items(), *unread]

    @property
    def summary(self) -> str:
        """The numbers of changes, in a line."""
        images = len(self.locked.entries)
        unanswered = sum(key not in self.found for key in self.locked.entries)
        moved = _part(len(self.moved), images, "image", "moved", unanswered)
        same = f", {len(self.unchanged)} of them the same where they run" if self.unchanged else ""
        parts = [f"{moved}{same}"]
        if self.locked.parameters:
            unread = sum(not isinstance(value, str) for value in self.values.values())
            parameters = len(self.locked.parameters)
            parts.append(_part(len(self.changed), parameters, "parameter", "changed", unread))
        return f"{', '.join(parts)}."


def _unchanged(
    moved: Mapping[LockKey, tuple[LockEntry, LockEntry]],
    network: Network,
    platforms: Collection[Platform],
) -> dict[LockKey, tuple[Platform, ...]]:
    """The images whose index is another one with the same manifests for the platforms that count.

    An old index that its registry no longer has cannot be compared, and counts as moved.
    """
    wanted: dict[LockKey, tuple[Platform, ...]] = {}
    for key, (old, new) in moved.items():
        is_index = key.platform is None and {old.media_type, new.media_type} <= INDEX_TYPES
        relevant = platforms or old.platforms or ()
        if is_index and relevant:
            wanted[key] = tuple(relevant)
    questions = {
        (key, platform): [_manifest_of(key, entry, platform) for entry in moved[key]]
        for key, some in wanted.items()
        for platform in some
    }
    asked = [question for pair in questions.values() for question in pair]
    outcomes = network.registries.resolve(asked) if asked else {}

    def is_same(key: LockKey, platform: Platform) -> bool:
        old, new = (outcomes[question] for question in questions[key, platform])
        if not (isinstance(old, Resolution) and isinstance(new, Resolution)):
            return False
        return old.digest == new.digest

    return {
        key: some
        for key, some in wanted.items()
        if all(is_same(key, platform) for platform in some)
    }


def _manifest_of(key: LockKey, entry: LockEntry, platform: Platform) -> ResolutionRequest:
    """The request for the manifest of a platform in an index."""
    reference = key.request().reference.with_digest(entry.digest)
    return ResolutionRequest(reference, platform, select=True)


def _part(some: int, of_all: int, what: str, deed: str, unknown: int) -> str:
    not_known = f" ({unknown} unknown)" if unknown else ""
    return f"{some} of {counted(of_all, what)} {deed}{not_known}"


def show_comparison(
    comparison: Comparison, before: str, after: str, *, moved_only: bool = False
) -> None:
    """Print the changes in a table, with a column for the old values and one for the new."""
    moved = comparison.really_moved if moved_only else comparison.moved
    if not moved and not comparison.renamed:
        return
    from pinned_images.cli.tables import (  # noqa: PLC0415 - needs rich
        changes_table,
        parameter_changes_table,
    )

    if moved:
        show(changes_table(moved, before, after, comparison.unchanged))
    if comparison.renamed:
        show(parameter_changes_table(comparison.renamed, before, after))
