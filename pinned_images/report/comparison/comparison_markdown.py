"""The comparison of two synths for a pull request, in GitHub Flavored Markdown."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pinned_images.report.comparison.comparison_summary import (
    comparison_headline,
    kind_words,
    platform_words,
    short_tag,
    shown_name,
    status_words,
)
from pinned_images.report.comparison.image_state import ImageState
from pinned_images.report.comparison.synth_comparison import ImageChange, SynthComparison
from pinned_images.report.fitted_markdown import COMMENT_BYTES, MarkdownTable, fitted
from pinned_images.report.markdown_text import code_span, code_spans, escaped_words
from pinned_images.report.summary import shown_digest

_COLUMNS = ["Change", "Image", "Before", "After", "Platforms", "Stacks"]
_DIGEST_COLUMNS = ["Image", "Before", "After"]

#: More changes than these are folded, so that a conversation stays readable.
_MOST_OPEN = 30


def render_comparison_markdown(comparison: SynthComparison, limit: int = COMMENT_BYTES) -> str:
    """The comparison as Markdown that fits a comment: a sentence, the changes, the whole digests.

    Args:
        comparison: The comparison.
        limit: The most bytes of UTF-8; whole rows that do not fit are left out and counted.

    Example:
        >>> print(render_comparison_markdown(SynthComparison((), 14)))
        ### Container images
        <BLANKLINE>
        No image changed: 14 places name the same image as before.
        <BLANKLINE>
    """
    return fitted(_parts(comparison), limit)


def _parts(comparison: SynthComparison) -> Iterator[str | MarkdownTable]:
    yield "### Container images"
    yield comparison_headline(comparison)
    rows = list(map(_row, comparison.changes))
    if rows:
        yield MarkdownTable(_COLUMNS, rows[:_MOST_OPEN])
    if rows[_MOST_OPEN:]:
        yield MarkdownTable(_COLUMNS, rows[_MOST_OPEN:], "More changes", folded=True)
    digests = _digests(comparison.changes)
    if digests:
        yield MarkdownTable(_DIGEST_COLUMNS, digests, "Whole digests", folded=True)


def _row(change: ImageChange) -> list[str]:
    return [
        escaped_words(kind_words(change)),
        code_span(shown_name(change.current)),
        _state(change.before, change),
        _state(change.after, change),
        "<br>".join(map(escaped_words, platform_words(change))),
        _stacks(change),
    ]


def _state(state: ImageState | None, change: ImageChange) -> str:
    """Tag and digest of one side; its name too, where the other side has another one."""
    if state is None:
        return ""
    words = status_words(state)
    tag, digest = short_tag(state), shown_digest(state.digest)
    lines = [
        code_span(shown_name(state))
        if "replaced" in change.kinds and state is change.before
        else "",
        code_span(tag) if tag else "",
        code_span(digest) if digest else "",
        escaped_words(words) if words else "",
    ]
    return "<br>".join(filter(None, lines))


def _stacks(change: ImageChange) -> str:
    stacks = code_spans(change.stacks)
    return f"from {code_spans(change.moved_from)}<br>to {stacks}" if change.moved_from else stacks


def _digests(changes: Sequence[ImageChange]) -> list[list[str]]:
    """A row for each change of a digest, with both of them whole."""
    return [
        [
            code_span(change.current.reference),
            *(code_span(each) if each else "" for each in digests),
        ]
        for change in changes
        for digests in [_both(change)]
        if digests[0] != digests[1]
    ]


def _both(change: ImageChange) -> tuple[str | None, str | None]:
    before, after = change.before, change.after
    return before.digest if before else None, after.digest if after else None
