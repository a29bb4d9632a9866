"""The comparison of two synths as one self-contained HTML page."""

from __future__ import annotations

from collections import Counter
from typing import Any

from pinned_images.report.comparison.comparison_summary import (
    GROUPS,
    comparison_headline,
    group_of,
    kind_words,
    platform_words,
    short_tag,
    shown_name,
    status_words,
)
from pinned_images.report.comparison.image_state import ImageState
from pinned_images.report.comparison.synth_comparison import ImageChange, SynthComparison
from pinned_images.report.page import render_page
from pinned_images.report.registry_pages import registry_page
from pinned_images.report.summary import parsed_reference, shown_digest


def render_comparison_html(comparison: SynthComparison, app: str | None = None) -> str:
    """The comparison as one page, light or dark as the reader's system is.

    Args:
        comparison: The comparison.
        app: The name of the app, for the title.

    Returns:
        The whole document; the same comparison gives the same bytes.
    """
    found = Counter(map(group_of, comparison.changes))
    return render_page(
        "comparison.html",
        app=app,
        headline=comparison_headline(comparison),
        rows=list(map(_row, comparison.changes)),
        choices={"all": len(comparison.changes), **{group: found[group] for group in GROUPS}},
    )


def _row(change: ImageChange) -> dict[str, Any]:
    state = change.current
    return {
        "image": {"name": shown_name(state), "tag": None, "page": _page(state)},
        "group": group_of(change),
        "status": "" if change.after is None else state.status,
        "words": kind_words(change),
        "reason": _reason(state),
        "search": " ".join(
            str(side.digest) for side in (change.before, change.after) if side and side.digest
        ),
        "before": _side(change.before, with_name="replaced" in change.kinds),
        "after": _side(change.after, is_current=True),
        "platforms": platform_words(change),
        "stacks": change.stacks,
        "moved_from": change.moved_from,
    }


def _side(
    state: ImageState | None, *, with_name: bool = False, is_current: bool = False
) -> dict[str, Any] | None:
    if state is None:
        return None
    return {
        "name": shown_name(state) if with_name else None,
        "tag": short_tag(state),
        "full_tag": state.tag,
        "digest": state.digest,
        "short_digest": shown_digest(state.digest),
        "status": state.status,
        "reason": None if is_current else _reason(state),
    }


def _reason(state: ImageState) -> str | None:
    return None if state.status == "asset" else status_words(state)


def _page(state: ImageState) -> str | None:
    reference = parsed_reference(state.reference)
    return None if reference is None else registry_page(reference)
