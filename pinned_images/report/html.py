"""The report as one self-contained HTML page."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from itertools import chain

from pinned_images.report.page import render_page
from pinned_images.report.summary import (
    Image,
    Status,
    counts,
    failures_of,
    headline,
    images_of,
)
from pinned_images.report.synth_report import SynthReport

#: More stacks than these are shown closed at first, as a list to choose from.
_STACKS_OPEN = 12

#: The order of statuses in a sorted column: what needs attention is first.
_URGENCY: tuple[Status, ...] = ("failed", "exempt", "asset", "pinned")

_NOT_IN_ANCHORS = re.compile(r"[^A-Za-z0-9_./-]+")
_LONGEST_ANCHOR = 200


def render_html(report: SynthReport, app: str | None = None) -> str:
    """The report as one page, light or dark as the reader's system is.

    Args:
        report: The report.
        app: The name of the app, for the title.

    Returns:
        The whole document; the same report gives the same bytes.
    """
    stacks = {name: images_of(records) for name, records in report.by_stack().items()}
    return render_page(
        "report.html",
        app=app,
        stacks=stacks,
        all_images=list(chain.from_iterable(stacks.values())),
        headline=headline(report),
        failures=failures_of(report),
        failure=report.failure,
        are_open=len(stacks) <= _STACKS_OPEN,
        anchor=_anchor,
        counts=counts,
        places=_places,
        urgency=_urgency,
    )


def _places(images: Iterable[Image]) -> int:
    return sum(len(image.places) for image in images)


def _urgency(image: Image) -> str:
    """The sort key of a status: equal ones are sorted by how the digest became known."""
    return f"{_URGENCY.index(image.status)} {image.resolved}"


def _anchor(stack: str) -> str:
    """The id of a stack in the page: its name, with a hash where that has other characters.

    Example:
        >>> _anchor("Production/Web"), _anchor("a b")
        ('stack-Production/Web', 'stack-a-b-c8687a08')
    """
    readable = _NOT_IN_ANCHORS.sub("-", stack[:_LONGEST_ANCHOR])
    if readable == stack:
        return f"stack-{stack}"
    digest = hashlib.sha256(stack.encode("utf-8", "surrogatepass")).hexdigest()
    return f"stack-{readable}-{digest[:8]}"
