"""The patterns of a `.gitignore` file, matched in bounded time (`gitignore`, "Pattern format")."""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Sequence
from typing import NamedTuple, Protocol

_GROUP_NAME = re.compile(r"\(\?P<\w+>")
# With more, an expression may try the ways in which they share a name out among them, one by one.
_MOST_WILDCARDS = 2


class Pattern(Protocol):
    """One pattern, or several of one sign."""

    def match(self, path: str, /) -> object:
        """Anything true where a path is matched, or is in a folder that is."""
        ...


class Rule(NamedTuple):
    """A pattern, and whether it ignores what it matches, or takes it in again."""

    pattern: Pattern
    ignores: bool


def compiled(lines: Sequence[str]) -> list[Rule]:
    """The rules of the lines of a file, from the last to the first.

    Consecutive patterns of one sign are one expression.
    """
    from pathspec.patterns.gitignore.spec import (  # noqa: PLC0415 - where there is such a file
        GitIgnoreSpecPattern,
    )

    rules: list[Rule] = []
    run: list[str] = []
    sign = True

    def end_run() -> None:
        if run:
            rules.append(Rule(re.compile("|".join(run)), sign))
            run.clear()

    for written in lines:
        line = written.removesuffix("\r")
        pattern = GitIgnoreSpecPattern(line)
        if pattern.include is None or pattern.regex is None:
            continue
        has_many = _has_many_wildcards(line)
        if has_many or pattern.include is not sign:
            end_run()
        sign = pattern.include
        if has_many:
            rules.append(Rule(_Names(line.removeprefix("!")), sign))
        else:
            # Those of `*/` and its like are meant to be searched for.
            expression = _GROUP_NAME.sub("(?:", pattern.regex.pattern)
            anywhere = "" if expression.startswith("^") else "(?s:.*?)"
            run.append(f"(?:{anywhere}{expression})")
    end_run()
    return rules[::-1]


def _has_many_wildcards(line: str) -> bool:
    names = line.strip().split("/")
    return names.count("**") > _MOST_WILDCARDS or any(
        name.count("*") > _MOST_WILDCARDS for name in names
    )


class _Names:
    """A pattern with many wildcards, matched name by name.

    The expressions of `fnmatch` never go back behind a wildcard, so that each name takes linear
    time.
    """

    def __init__(self, line: str) -> None:
        text = line.strip().replace("[^", "[!")
        self._is_of_folder = text.endswith("/")
        names = text.strip("/").split("/")
        if "/" not in text.rstrip("/"):
            names.insert(0, "**")
        if names[-1] == "**":
            names.append("*")
        self._names = [
            None if name == "**" else re.compile(fnmatch.translate(name)) for name in names
        ]

    def match(self, path: str, /) -> bool:
        """Whether a path, which ends with a slash if it is a folder's, is matched."""
        names = path.split("/")
        positions = self._passed({0})
        for number, name in enumerate(names, 1):
            if not name:
                break
            positions = self._passed(
                {
                    position if pattern is None else position + 1
                    for position in positions
                    if position < len(self._names)
                    and ((pattern := self._names[position]) is None or pattern.match(name))
                }
            )
            is_folder = number < len(names)
            if len(self._names) in positions and (is_folder or not self._is_of_folder):
                return True
        return False

    def _passed(self, positions: set[int]) -> set[int]:
        """The positions, and those behind wildcards for no name at all."""
        found = set(positions)
        for position in sorted(positions):
            after = position
            while after < len(self._names) and self._names[after] is None:
                after += 1
                found.add(after)
        return found
