"""Grouping of errors by cause, such as a mirror that is down, so that each is reported once."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from typing import TypeVar

from pinned_images.errors import ImageNotFound, NotLocked, PlatformMismatch, ResolutionError
from pinned_images.wording import counted

MOST_NAMED = 3

_Item = TypeVar("_Item")

_SINGULAR = re.compile(r"\b(is|does|has)\b")
_PLURAL = {"is": "are", "does": "do", "has": "have"}


def cause_of(error: ResolutionError) -> tuple[object, ...]:
    """The grouping key, equal where several images fail for one reason."""
    of_image = None if can_be_of_several(error) else error.reference
    return (of_image, error.subject, *error.grouping_key)


def can_be_of_several(error: ResolutionError) -> bool:
    """Whether an error may have the cause of other images' errors, rather than one of its own.

    That an image is not there or lacks a platform is about that image, though the registry says
    the same of another one.
    """
    if isinstance(error, (ImageNotFound, PlatformMismatch)):
        return False
    return error.predicate is None or isinstance(error, NotLocked)


def by_cause(
    items: Iterable[_Item], error_of: Callable[[_Item], ResolutionError | None]
) -> list[list[_Item]]:
    """Items whose errors have one cause, together; an item without an error alone.

    They are in the order of the first of each group.

    Example:
        >>> error = ResolutionError("no network", place="the registry ghcr.io")
        >>> errors = [error.about("ghcr.io/a:1"), None, error.about("ghcr.io/b:1")]
        >>> [len(group) for group in by_cause(errors, lambda each: each)]
        [2, 1]
    """
    groups: dict[object, list[_Item]] = {}
    for item in items:
        error = error_of(item)
        key = object() if error is None else cause_of(error)
        groups.setdefault(key, []).append(item)
    return list(groups.values())


def named(places: Sequence[str]) -> str:
    """The first three of some places, and how many more there are.

    Example:
        >>> named(["a", "b", "c", "d", "e"])
        'a, b, c and 2 more'
    """
    more = len(places) - MOST_NAMED
    return f"{', '.join(places[:MOST_NAMED])}{f' and {more} more' if more > 0 else ''}"


def counted_images(references: Iterable[str]) -> str:
    """The number of images, and of their places.

    Example:
        >>> counted_images(["nginx:1", "redis:7"]), counted_images(["nginx:1", "nginx:1"])
        ('2 images', '1 image in 2 places')
    """
    all_of_them = list(references)
    images = counted(len(set(all_of_them)), "image")
    places = len(all_of_them)
    return images if places == len(set(all_of_them)) else f"{images} in {counted(places, 'place')}"


def said_of_several(error: ResolutionError) -> str:
    """The predicate of an error for several images, which follows their number.

    Example:
        >>> error = NotLocked(
        ...     remedy="run it", reference="app:1", predicate="is not in the lock file"
        ... )
        >>> said_of_several(error)
        'are not in the lock file: run it.'
    """
    if not error.is_about_image:
        return f"cannot be pinned. {error}"
    plural = error.predicate
    if plural is not None:
        plural = _SINGULAR.sub(lambda verb: _PLURAL[verb[1]], plural, count=1)
    return error.about(predicate=plural).sentence("").strip()


def without_remedy(error: ResolutionError) -> ResolutionError:
    """The same error without its remedy, which is shown elsewhere."""
    copy = error.about()
    copy.remedy = None
    return copy


def as_sentence(clause: str | None) -> str | None:
    """A remedy as a sentence of its own.

    Example:
        >>> as_sentence("log in (docker login ghcr.io)"), as_sentence("ecr_roles= names one")
        ('Log in (docker login ghcr.io).', 'ecr_roles= names one.')
    """
    if not clause:
        return None
    first = clause.split(maxsplit=1)[0]
    is_word = first.rstrip(",;:").isalpha() and first.islower()
    return f"{clause[0].upper() if is_word else clause[0]}{clause[1:]}."
