"""Paths in the construct tree, such as ``Production/Web/Task/Resource``."""

from __future__ import annotations


def is_below(path: str, scope: str) -> bool:
    """Whether a construct path is another one, or below it; an empty one is the App's.

    Example:
        >>> is_below("Production/Web/Task", "Production"), is_below("Production2", "Production")
        (True, False)
    """
    return not scope or path == scope or path.startswith(f"{scope}/")
