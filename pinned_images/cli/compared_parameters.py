"""The comparison of a lock file's SSM parameters with their current values.

A parameter may hold anything by now: a new value is printed, or written, only once it turns out
to be the name of an image.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pinned_images.errors import InvalidReference, ResolutionError
from pinned_images.lockfile import LockEntry, LockFile, LockKey, ParameterKey
from pinned_images.reference import ImageReference

if TYPE_CHECKING:
    from pinned_images.cli.shared_options import Network


@dataclass(frozen=True, slots=True)
class ChangedParameter:
    """A parameter whose current value differs from the lock file.

    Attributes:
        key: Its key.
        locked: The value in the lock file.
        value: The value now.
        images: The entries of the images that the locked value names; none if it is only a part
            of an image's name.
    """

    key: ParameterKey
    locked: str
    value: str = field(repr=False)
    images: Mapping[LockKey, LockEntry]

    @property
    def successors(self) -> dict[LockKey, LockEntry]:
        """The images that the new value names, each with the entry that it replaces."""
        new = _reference(self.value)
        if new is None:
            return {}
        return {
            LockKey(new.normalized, image.platform): entry for image, entry in self.images.items()
        }

    def names_image(self, found: Collection[LockKey]) -> bool:
        """Whether the new value is an image.

        Args:
            found: The images that registries know.
        """
        old, new = _reference(self.locked), _reference(self.value)
        if old is not None and new is not None and old.digest and new.digest:
            return True
        return bool(self.successors) and all(image in found for image in self.successors)

    @property
    def names_other_repository(self) -> bool:
        """Whether a deployment would pull the locked digest from another repository."""
        old, new = _reference(self.locked), _reference(self.value)
        return bool(self.images) and (old and old.name) != (new and new.name)

    def problem(self, *, is_unknown: bool) -> str:
        """The error for a new value that names no image.

        Args:
            is_unknown: Whether no registry gave a usable answer for what it names.
        """
        changed = f"The SSM parameter {str(self.key)!r} has another value now"
        if is_unknown:
            return (
                f"{changed}, and no usable answer came about an image of that name: try again "
                "later, or look at the parameter in AWS Systems Manager."
            )
        if self.images:
            return (
                f"{changed}, and no image of that name could be found: look at it in AWS Systems "
                "Manager."
            )
        return (
            f"{changed}, and is only a part of an image's name: run "
            "`cdk synth -c pinned-images:update=always` to take it over."
        )


def read_parameters(
    keys: Iterable[ParameterKey], network: Network
) -> dict[ParameterKey, str | ResolutionError]:
    """The current value of each parameter, or the error of reading it."""
    wanted = list(keys)
    if not wanted:
        return {}
    import time  # noqa: PLC0415 - with what needs it

    from pinned_images.registry.aws.parameters import (  # noqa: PLC0415 - for --help
        Parameter,
        fetch_parameters,
    )

    questions = {key: Parameter(key.account or None, key.region, key.name) for key in wanted}
    deadline = time.monotonic() + network.settings.deadline
    answers = fetch_parameters(questions.values(), deadline, network.sessions)
    return {key: answers[question] for key, question in questions.items()}


def changed_parameters(
    lock: LockFile, values: Mapping[ParameterKey, str | ResolutionError]
) -> list[ChangedParameter]:
    """The parameters whose current value differs from the lock file."""
    return [
        ChangedParameter(key, locked, value, _images(lock, locked))
        for key, value in values.items()
        if isinstance(value, str) and value != (locked := lock.parameters[key])
    ]


def _images(lock: LockFile, value: str) -> dict[LockKey, LockEntry]:
    reference = _reference(value)
    if reference is None:
        return {}
    return {
        image: entry
        for image, entry in lock.entries.items()
        if image.reference == reference.normalized
    }


def _reference(value: str) -> ImageReference | None:
    try:
        return ImageReference.parse(value)
    except InvalidReference:
        return None
