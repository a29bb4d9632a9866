"""The report as one self-contained HTML page."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import chain

from pinned_images.report.page import render_page
from pinned_images.report.summary import Image, counts, failures_of, images_of
from pinned_images.report.synth_report import SynthReport

#: More stacks than these are shown closed at first, as a list to choose from.
_STACKS_OPEN = 12


def render_html(report: SynthReport) -> str:
    """The report as one page, light or dark as the reader's system is.

    Args:
        report: The report.

    Returns:
        The whole document; the same report gives the same bytes.
    """
    stacks = {name: images_of(records) for name, records in report.by_stack().items()}
    return render_page(
        "report.html",
        has_script=bool(stacks),
        stacks=stacks,
        all_images=list(chain.from_iterable(stacks.values())),
        failures=failures_of(report),
        are_open=len(stacks) <= _STACKS_OPEN,
        counts=counts,
        places=_places,
    )


def _places(images: Iterable[Image]) -> int:
    return sum(len(image.places) for image in images)
