"""How numbers are told."""

from __future__ import annotations


def counted(number: int, noun: str) -> str:
    """A number of things.

    Example:
        >>> counted(1, "image"), counted(2, "entry")
        ('1 image', '2 entries')
    """
    if number == 1:
        return f"1 {noun}"
    return f"{number} {noun[:-1]}ies" if noun.endswith("y") else f"{number} {noun}s"
