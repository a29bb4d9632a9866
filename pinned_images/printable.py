"""Printable forms of foreign text.

Names, answers and files are foreign, and may hold terminal controls (ECMA-48 control
characters), characters that reorder a line (Unicode Standard Annex 9, bidirectional overrides) or
more than a screen.
Everything that this library prints or hands to the CDK goes through `printable` on its way out;
what an error quotes goes through `quoted` and `listed`, which bound it.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable

_CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f\x7f]")
_LONGEST_QUOTATION = 100
_MOST_ITEMS = 8
# A host, a repository of 255 characters, a tag of 128 and a digest: no reference is longer.
_LONGEST_IMAGE = 600

# No sentence of this library is as long: a longer one quotes something without a bound.
_LONGEST_LINE = 4_000


def printable(text: str) -> str:
    r"""Text on one line, with every character visible.

    White space of any kind becomes blanks. What has no shape (control characters, bidirectional
    overrides, invisible and unassigned characters, lone surrogates) is written as an escape.

    Example:
        >>> printable("one\ntwo \x1b[31mred\x1b[0m \u202eback")
        'one two \\x1b[31mred\\x1b[0m \\u202eback'
    """
    if len(text) > _LONGEST_LINE:
        text = f"{text[:_LONGEST_LINE]}..."
    if text.isprintable():
        return text
    return "".join(map(_shown, text))


def printable_lines(text: str) -> str:
    r"""A string of several lines, with every character visible; its line feeds stay.

    Example:
        >>> printable_lines("one\ntwo \x07")
        'one\ntwo \\x07'
    """
    if text.isascii() and _CONTROL.search(text) is None:
        return text
    return "".join(character if character == "\n" else _shown(character) for character in text)


def shortened(text: str, longest: int = _LONGEST_QUOTATION) -> str:
    """A string, or its beginning where it is long."""
    return text if len(text) <= longest else f"{text[:longest]}..."


def quoted(text: object, longest: int = _LONGEST_QUOTATION) -> str:
    r"""A string in quotation marks, for an error; a long one is cut.

    Example:
        >>> quoted("nginx:1.25"), quoted("a\x1b")
        ("'nginx:1.25'", "'a\\x1b'")
        >>> quoted("x" * 3_000_000)[-10:]
        "xxxxxx...'"
    """
    return repr(shortened(without_credentials(str(text)), longest))


#: RFC 3986, section 3.2.1, without what is in JSON, in paths and in functions of CloudFormation.
_USER_INFORMATION = re.compile(r"""[^\s"'{}\[\]\\/@:]*:[^\s"'{}\[\]\\/@]*""")


def without_credentials(text: str) -> str:
    """A host, a URL or an image without the user name and password in front of its host.

    Example:
        >>> without_credentials("https://user:secret@example/a"), without_credentials("u:s@a/b:1")
        ('https://***@example/a', '***@a/b:1')
        >>> without_credentials("nginx:1@sha256:0")
        'nginx:1@sha256:0'
    """
    start = text.find("://") + 3 if "://" in text[:_LONGEST_SCHEME] else 0
    end = text.find("@", start)
    if end < 0 or text.startswith("sha", end + 1):
        return text
    is_secret = _USER_INFORMATION.fullmatch(text, start, end) is not None
    return f"{text[:start]}***{text[end:]}" if is_secret else text


_LONGEST_SCHEME = 20


def shown_image(written: str) -> str:
    """An image in an error: a whole reference, or the beginning of another long value."""
    return shortened(without_credentials(written), _LONGEST_IMAGE)


def listed(items: Iterable[object]) -> str:
    """A list in an error; the first eight of many.

    Example:
        >>> listed(["linux/amd64", "linux/arm64"])
        'linux/amd64, linux/arm64'
        >>> listed(range(15_000))
        '0, 1, 2, 3, 4, 5, 6, 7 and 14992 more'
    """
    texts = list(items)
    shown = ", ".join(shortened(str(text)) for text in texts[:_MOST_ITEMS])
    more = len(texts) - _MOST_ITEMS
    return f"{shown} and {more} more" if more > 0 else shown


@functools.lru_cache(maxsize=1_024)
def _shown(character: str) -> str:
    if character.isprintable():
        return character
    if character.isspace():
        return " "
    return character.encode("unicode_escape").decode()
