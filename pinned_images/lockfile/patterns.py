"""Patterns that name entries of a lock file: images in any spelling, and SSM parameters."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from fnmatch import fnmatchcase

from pinned_images.errors import InvalidReference
from pinned_images.lockfile.entries import LockKey, ParameterKey
from pinned_images.reference import ImageReference
from pinned_images.wording import did_you_mean

# Placeholders for wildcards while a pattern is parsed as an image: all of its grammar takes
# such words, and no image has them.
_WILDCARDS = {"*": "zz0any0zz", "?": "zz0one0zz"}

_OFFICIAL = "docker.io/library/"
_HUB = "docker.io/"

_MOST_OFFERED = 3


def matching(pattern: str, keys: Iterable[LockKey | ParameterKey]) -> set[LockKey | ParameterKey]:
    """The entries that a pattern names.

    Args:
        pattern: An image in any spelling (without a tag, all its tags), perhaps with a space and a
            platform; or an SSM parameter. ``*`` and ``?`` match other characters.
        keys: The entries.

    Example:
        >>> keys = [LockKey("docker.io/library/nginx:1.25"), LockKey("docker.io/acme/web:1")]
        >>> [str(key) for key in matching("nginx", keys)], len(matching("*/web:?", keys))
        (['docker.io/library/nginx:1.25'], 1)
    """
    image, _, platform = pattern.partition(" ")
    written_out = _written_out(image)
    forms = (image,) if written_out is None else (image, written_out)
    return {
        key
        for key in keys
        if (
            _matches(key, forms, platform)
            if isinstance(key, LockKey)
            else any(_is_match(name, pattern) for name in (str(key), key.name))
        )
    }


def near_names(pattern: str, keys: Iterable[LockKey | ParameterKey]) -> str:
    """A suggestion of the nearest entries; empty where none is near.

    Other tags of the same name come first, then names that end alike, then those spelled alike.

    Example:
        >>> keys = [LockKey("docker.io/library/nginx:1.25"), LockKey("ghcr.io/acme/web:1")]
        >>> near_names("ngnix", keys), near_names("web", keys)
        (" Did you mean 'nginx'?", " Did you mean 'ghcr.io/acme/web'?")
        >>> near_names("nginx:latest", keys)
        " Did you mean 'nginx:1.25'?"
    """
    names = dict.fromkeys(name for key in keys for name in _names(key))
    name, tag = _parted(pattern.partition(" ")[0].casefold())
    alike = [
        each
        for each in names
        if _parted(each)[1] == "" and f"/{each}".casefold().endswith(f"/{name.lstrip('/')}")
    ]
    if not name or not alike:
        return did_you_mean(pattern, names)
    alike = [each for each in alike if each.casefold() == name] or alike
    if tag:
        alike = [each for each in names if _parted(each)[1] and _parted(each)[0] in alike] or alike
    *others, last = map(repr, alike[:_MOST_OFFERED])
    return f" Did you mean {', '.join(others)}{' or ' if others else ''}{last}?"


def _parted(image: str) -> tuple[str, str]:
    """The name of an image and its tag; empty where there is none."""
    name, colon, tag = image.partition("@")[0].rpartition(":")
    return (name, tag) if colon and "/" not in tag else (image.partition("@")[0], "")


def _names(key: LockKey | ParameterKey) -> Iterator[str]:
    """The common short forms of an entry."""
    if isinstance(key, ParameterKey):
        yield key.name
        return
    reference = ImageReference.parse(key.reference)
    for text in (reference.name, key.reference.partition("@")[0]):
        yield text.removeprefix(_OFFICIAL).removeprefix(_HUB)


def _matches(key: LockKey, forms: Collection[str], platform: str) -> bool:
    reference = ImageReference.parse(key.reference)
    names = (key.reference, key.reference.partition("@")[0], reference.name)
    if platform and not _is_match(str(key.platform or ""), platform):
        return False
    return any(_is_match(name, form) for name in names for form in forms)


def _is_match(name: str, pattern: str) -> bool:
    return name == pattern or fnmatchcase(name, pattern)


def _written_out(pattern: str) -> str | None:
    """A pattern with its implied registry and namespace; None where it is no image.

    A tag that it leaves out stays so.
    """
    text = pattern
    for wildcard, word in _WILDCARDS.items():
        text = text.replace(wildcard, word)
    try:
        reference = ImageReference.parse(text)
    except InvalidReference:
        return None
    is_name = reference.tag is None and reference.digest is None
    text = reference.name if is_name else reference.normalized
    for wildcard, word in _WILDCARDS.items():
        text = text.replace(word, wildcard)
    return text
