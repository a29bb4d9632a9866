"""Paginated lists: the tags of a repository (OCI Distribution 1.1, "Listing Tags")."""

from __future__ import annotations

import json
import re
from typing import Any
from urllib.parse import urljoin, urlsplit

from pinned_images.errors import UntrustedAnswer

#: The requested number of items in a page; a registry may give fewer, or more.
PAGE_SIZE = 1000
#: No list is read beyond so many pages.
MOST_PAGES = 200

#: No more tags than that are kept, since a page may have very many.
MOST_TAGS = 500_000

_LONGEST_LINK = 8192
# RFC 8288, section 3: links are separated by commas, and parameters of one by semicolons.
_LINK = re.compile(r"<([^<>]*)>([^<]*)")
_NEXT = re.compile(
    r";[ \t]*rel[ \t]*=[ \t]*(?:\"(?:[^\"]*[ \t])?next(?:[ \t][^\"]*)?\"|next\b)", re.IGNORECASE
)
# OCI Distribution 1.1, "Pulling manifests", `reference` as a tag.
_TAG = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,127}")


def next_page(url: str, link: str | None) -> str | None:
    """The address of the page after one, or None after the last (RFC 8288).

    Args:
        url: The page that was read.
        link: The ``Link`` header that came with it.

    Raises:
        UntrustedAnswer: The link of the next page leads to another host.

    Example:
        >>> next_page("https://ghcr.io/v2/a/tags/list", '</v2/a/tags/list?last=b>; rel="next"')
        'https://ghcr.io/v2/a/tags/list?last=b'
    """
    for target, parameters in _LINK.findall((link or "")[:_LONGEST_LINK]):
        if _NEXT.search(parameters):
            return _on_same_host(url, target)
    return None


def _on_same_host(url: str, target: str) -> str:
    here = urlsplit(url)
    try:
        there = urlsplit(urljoin(url, target))
        host = there.hostname
    except ValueError:
        host = None
    if host is None or host != here.hostname:
        raise UntrustedAnswer(
            f"{here.netloc} sends for the next page of a list to another host",
            "check with those who run the registry",
        )
    # A registry behind a proxy that speaks TLS for it may name itself with http, or another port.
    return there._replace(scheme=here.scheme, netloc=here.netloc, fragment="").geturl()


def parse_tags(body: bytes) -> list[str]:
    """The tags in one page; invalid ones are left out.

    Raises:
        UntrustedAnswer: This is no list of tags.
    """
    try:
        content: Any = json.loads(body)
        tags = content.get("tags") or []
        return [tag for tag in tags if isinstance(tag, str) and _TAG.fullmatch(tag)]
    except (ValueError, RecursionError, AttributeError, TypeError):
        raise UntrustedAnswer(
            "it answered with something that is no list of tags",
            "check that the address is that of a registry and that no proxy answers in its place",
        ) from None
