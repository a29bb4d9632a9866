"""Errors of many images that have one cause, such as a network that is down, each said once."""

from __future__ import annotations

from collections.abc import Iterable

from pinned_images.errors import AccessDenied, RegistryUnavailable, ResolutionError
from pinned_images.lockfile import LockKey

# What a registry says to whoever asks; other errors are about the image that was asked for.
_OF_REGISTRY = (RegistryUnavailable, AccessDenied)

# So all sentences about images begin: "The image 'x' could not be resolved at ...".
_DEED = " could not be resolved"
_MOST_NAMED = 3


def said_once(errors: Iterable[tuple[LockKey, ResolutionError]]) -> list[str]:
    """A sentence for each error; one for all images of a registry that fail for the same cause.

    Args:
        errors: Each with the entry that was asked about.

    Example:
        >>> cause = "could not be resolved at the registry ghcr.io: no network; check it."
        >>> said_once(
        ...     (LockKey(image), RegistryUnavailable(f"The image {image!r} {cause}"))
        ...     for image in ("ghcr.io/org/web:1", "ghcr.io/org/jobs:2")
        ... )[0]
        '2 images (ghcr.io/org/web:1, ghcr.io/org/jobs:2) could not be resolved at the registry ...'
    """
    images: dict[str, list[str]] = {}
    sentences: dict[str, str] = {}
    for key, error in errors:
        sentence = str(error)
        cause = sentence
        if isinstance(error, _OF_REGISTRY):
            cause = sentence.partition(_DEED)[2] or sentence
        images.setdefault(cause, []).append(str(key))
        sentences.setdefault(cause, sentence)
    return [
        sentence
        if cause == sentence or len(images[cause]) == 1
        else f"{_listed(images[cause])}{_DEED}{cause}"
        for cause, sentence in sentences.items()
    ]


def _listed(images: list[str]) -> str:
    further = len(images) - _MOST_NAMED
    named = ", ".join(images[:_MOST_NAMED])
    return f"{len(images)} images ({named}{f' and {further} more' if further > 0 else ''})"
