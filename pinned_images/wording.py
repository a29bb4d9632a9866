"""Numbers in sentences, and suggestions for mistyped words."""

from __future__ import annotations

from collections.abc import Iterable


def counted(number: int, noun: str) -> str:
    """A number with its noun.

    Example:
        >>> counted(1, "image"), counted(2, "entry")
        ('1 image', '2 entries')
    """
    if number == 1:
        return f"1 {noun}"
    return f"{number} {noun[:-1]}ies" if noun.endswith("y") else f"{number} {noun}s"


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """A question that names the nearest of some known words; empty where none is near.

    Example:
        >>> did_you_mean("Verfy", ["verify", "select"])
        " Did you mean 'verify'?"
        >>> did_you_mean("lock-file", ["lock_file"]), did_you_mean("x", ["verify"])
        (" Did you mean 'lock_file'?", '')
    """
    near = nearest(word, known)
    return "" if near is None else f" Did you mean {near!r}?"


def nearest(word: str, known: Iterable[str], cutoff: float = 0.6) -> str | None:
    """The nearest of some known words.

    Args:
        word: The word as written.
        known: The known words.
        cutoff: The least similarity, up to 1.
    """
    from difflib import get_close_matches  # noqa: PLC0415  for errors alone

    by_shape = {_shape(each): each for each in known}
    found = get_close_matches(_shape(word[:_LONGEST_WORD]), by_shape, n=1, cutoff=cutoff)
    return by_shape[found[0]] if found else None


def _shape(word: str) -> str:
    """A word without what is easily mixed up: case, hyphens and underscores."""
    return word.casefold().replace("-", "").replace("_", "")


# Comparing takes time in proportion to the square of the length.
_LONGEST_WORD = 100
