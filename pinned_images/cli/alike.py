"""Errors of many images that have one cause, such as a network that is down, each said once."""

from __future__ import annotations

from collections.abc import Iterable

from pinned_images.errors import AccessDenied, RegistryUnavailable, ResolutionError
from pinned_images.lockfile import LockKey

# What a registry says to whoever asks; other errors are about the image that was asked for.
_OF_REGISTRY = (RegistryUnavailable, AccessDenied)

_MOST_NAMED = 3


def said_once(errors: Iterable[tuple[LockKey, ResolutionError]]) -> list[str]:
    """A sentence for each error; one for all images of a registry that fail for the same cause.

    Args:
        errors: Each with the entry that was asked about.

    Example:
        >>> error = RegistryUnavailable("no network", "check it", place="the registry ghcr.io")
        >>> said_once(
        ...     (LockKey(image), error.about(image))
        ...     for image in ("ghcr.io/org/web:1", "ghcr.io/org/jobs:2")
        ... )[0]
        '2 images (ghcr.io/org/web:1, ghcr.io/org/jobs:2) could not be resolved at the registry ...'
    """
    alike: dict[tuple[object, ...], list[tuple[LockKey, ResolutionError]]] = {}
    for key, error in errors:
        of_registry = isinstance(error, _OF_REGISTRY) and error.is_about_image
        cause = error.grouping_key if of_registry else (str(error),)
        alike.setdefault(cause, []).append((key, error))
    return [_sentence(group) for group in alike.values()]


def _sentence(group: list[tuple[LockKey, ResolutionError]]) -> str:
    _, error = group[0]
    images = list(dict.fromkeys(str(key) for key, _ in group))
    return error.sentence(_listed(images)) if len(images) > 1 else str(error)


def _listed(images: list[str]) -> str:
    further = len(images) - _MOST_NAMED
    named = ", ".join(images[:_MOST_NAMED])
    return f"{len(images)} images ({named}{f' and {further} more' if further > 0 else ''})"
