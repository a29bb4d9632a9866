"""Image references in text of no known format: words that can hardly be anything else.

A word counts if it is a whole reference with a registry host or a digest; and, for the repositories
that are asked for, if it is any spelling of one of them with a tag or a digest.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from pinned_images.errors import InvalidReference
from pinned_images.files.places import (
    MAXIMUM_LENGTH,
    Format,
    Found,
    Place,
    PlaceStyle,
    Span,
    interpolation_in,
)
from pinned_images.reference import ImageReference

_DIGEST = r"@sha(?:256:[0-9a-f]{64}|384:[0-9a-f]{96}|512:[0-9a-f]{128})"
_LIKELY = re.compile(rf"/[a-z0-9][a-z0-9._/-]{{0,255}}(?::[A-Za-z0-9_]|@sha)|{_DIGEST}")
_WORD = re.compile(r"[A-Za-z0-9._:/@+~%-]*")
_OF_WORDS = frozenset("._:/@+~%-0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")
_SCHEMES = ("docker://", "docker-image://")

# The value of a key for images, in a language or a template that is not parsed. What is looked
# ahead for is not tried again in a shorter form.
_KEYED = re.compile(
    r"(?<![\w.-])(?P<mark>[\"']?)[iI]mage(?P=mark)[ \t]*:[ \t]*(?P<quote>[\"']?)"
    r"(?=(?P<whole>[a-z0-9][A-Za-z0-9._/@:-]{0,511}))(?P<image>(?P=whole))(?P=quote)"
    r"(?=[ \t]{0,80}(?:[,}\]]|\r?$|[ \t]#))",
    re.MULTILINE,
)

# What is said of the name that an image is built or pushed under: such a name takes no digest
# (Docker documentation, "docker buildx build --tag", "docker image push", "docker image tag").
_BETWEEN = r"[\"']?(?:[ \t]*,[ \t]*|[ \t]+|=)[\"']?"
_PUSHED = re.compile(
    rf"(?:(?:^|[\s\"'])(?P<option>-t|--tag|--destination){_BETWEEN}"
    rf"|\bpush(?:{_BETWEEN}-[^\s\"',]+)*{_BETWEEN}"
    rf"|(?:\b(?:docker|podman|nerdctl|buildah|image)[ \t]+|[\"'])tag{_BETWEEN}"
    rf"(?:[^\s\"',]+{_BETWEEN})?|--cache-to[ \t=][^\s]*)$"
)
_RUNS = re.compile(r"\b(?:run|exec|create)\b")
_LONGEST_COMMAND = 300
_COMMENT = re.compile(r"(?:^|\s)(?:#|//)")

# A top-level domain has no digits (RFC 3696, section 2); other hosts are addresses or have a port.
_HOST = re.compile(
    r"(?:[A-Za-z0-9-]+\.)+(?:[A-Za-z]{2,}|xn--[A-Za-z0-9-]+)(?::[0-9]{1,5})?"
    r"|[A-Za-z0-9.-]+:[0-9]{1,5}|localhost|(?:[0-9]{1,3}\.){3}[0-9]{1,3}"
)

# The numbers after a file's name in messages of compilers: `pkg/main.go:12`, `main.go:12:3`.
_SOURCE_LINE = re.compile(
    r".*\.(?:c|cc|cfg|conf|cpp|cs|css|erl|ex|exs|go|gradle|groovy|h|hcl|hpp|html?|ini|java|jsx?|json"
    r"|kts?|less|log|lua|md|mjs|m|mm|php|pl|proto|py|rb|rs|rst|scala|scss|sh|sql|svelte|swift|tf"
    r"|toml|tsx?|txt|vue|xml|ya?ml|zig)(?::[0-9]+){1,2}"
)

Names = frozenset[str]


def may_hold_images(text: str) -> bool:
    """Whether a text may hold images, so that it is worth parsing."""
    return _LIKELY.search(text) is not None


def find(
    masked: str,
    start: int = 0,
    end: int | None = None,
    *,
    wanted: Names = frozenset(),
    format: Format = "text",  # noqa: A002 - the word of the field
) -> Iterator[Found]:
    """The references in a part of a text.

    Args:
        masked: The text, one character for each byte.
        start: Where the part begins.
        end: Where it ends.
        wanted: Repositories (`ImageReference.name`) of which any spelling counts.
        format: What the file is.
    """
    end = len(masked) if end is None else end
    last = start
    for match in _candidates(wanted).finditer(masked, start, end):
        if match.start() < last:
            continue
        first = _start_of_word(masked, max(last, match.start() - MAXIMUM_LENGTH), match.start())
        word = _WORD.match(masked, first, end)
        last = word.end() if word is not None else match.end()
        place = _place(masked, first, last, wanted, format)
        if place is not None:
            yield place


def find_keyed(
    masked: str,
    start: int = 0,
    end: int | None = None,
    format: Format = "text",  # noqa: A002 - the word of the field
) -> Iterator[Found]:
    """The values of keys for images that have a tag or a digest, outside of comments.

    Args:
        masked: The text, one character for each byte.
        start: Where the part begins.
        end: Where it ends.
        format: What the file is.
    """
    for match in _KEYED.finditer(masked, start, len(masked) if end is None else end):
        if _COMMENT.search(_before_on_line(masked, match.start())):
            continue
        try:
            reference = ImageReference.parse(match["image"])
        except InvalidReference:
            continue
        if reference.tag is not None or reference.digest is not None:
            yield Place(format, match.start("image"), reference, Span(*match.span("image")))


def _before_on_line(masked: str, position: int) -> str:
    """What is before a position on its line, of a long line the end."""
    least = max(0, position - _LONGEST_COMMAND)
    return masked[max(masked.rfind("\n", least, position) + 1, least) : position]


def _is_pushed(masked: str, position: int) -> bool:
    """Whether an image is built or pushed under the name at a position."""
    before = _before_on_line(masked, position)
    match = _PUSHED.search(before)
    # `docker run -t IMAGE` has a terminal.
    return match is not None and (match["option"] != "-t" or not _RUNS.search(before))


def _start_of_word(masked: str, least: int, position: int) -> int:
    while position > least and masked[position - 1] in _OF_WORDS:
        position -= 1
    return position


def _candidates(wanted: Names) -> re.Pattern[str]:
    if not wanted:
        return _LIKELY
    lasts = "|".join(sorted({re.escape(name.rpartition("/")[2]) for name in wanted}))
    return re.compile(rf"{_LIKELY.pattern}|(?:{lasts})[:@][A-Za-z0-9_]")


def _place(
    masked: str,
    first: int,
    last: int,
    wanted: Names,
    format: Format,  # noqa: A002 - the word of the field
) -> Place | None:
    word = masked[first:last]
    if masked[first - 1 : first] == "\\" and word[:1] in "nrtfv":  # an escape of a string
        first, word = first + 1, word[1:]
    for scheme in _SCHEMES:
        if word.startswith(scheme):
            first, word = first + len(scheme), word[len(scheme) :]
    if not word or _is_part_of_more(
        masked[max(first - 1, 0) : first], word, masked[last : last + 2]
    ):
        return None
    word = word.rstrip(".,:")
    if len(word) > MAXIMUM_LENGTH or interpolation_in(word) is not None:
        return None
    try:
        reference = ImageReference.parse(word)
    except InvalidReference:
        return None
    if reference.tag is None and reference.digest is None:
        return None
    if reference.name in wanted or reference.digest is not None or _has_host(word):
        style: PlaceStyle = "tag" if _is_pushed(masked, first) else "tag-and-digest"
        return Place(format, first, reference, Span(first, first + len(word)), style)
    return None


def _has_host(word: str) -> bool:
    host, slash, _ = word.partition("/")
    return bool(slash) and bool(_HOST.fullmatch(host)) and not _SOURCE_LINE.fullmatch(word)


def _is_part_of_more(before: str, word: str, after: str) -> bool:
    """Whether a word goes on as a variable, a template's expression or a pattern."""
    if before in ("$", "}", "~") or before == "%":
        return True
    if after[:1] in ("{", "$", "%") or after[:2] == "#{":
        return True
    if after[:1] == "*":
        return before != "*"
    return after[:1] == "<" and not word[-1].isalnum()
