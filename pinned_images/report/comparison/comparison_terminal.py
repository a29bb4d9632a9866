"""The comparison of two synths as a table in a terminal; needs rich."""

from __future__ import annotations

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.text import Text

from pinned_images.grouping import named
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
from pinned_images.report.terminal import Name, PlainTable, plain_table, printable


def render_comparison_terminal(comparison: SynthComparison) -> RenderableType:
    """The comparison for a rich console: a table of changes, then the totals."""
    headline = printable(comparison_headline(comparison))
    if not comparison.changes:
        return headline
    table = plain_table("Image", "Before", "After")
    for change in comparison.changes:
        table.add_row(_image(change), _state(table, change.before), _state(table, change.after))
    return Group(table, Text(), headline)


def _image(change: ImageChange) -> Group:
    lines = [printable(kind_words(change), _style(change)), printable(_where(change), "dim")]
    if "replaced" in change.kinds and change.before is not None:
        lines.append(printable(f"in place of {shown_name(change.before)}", "dim"))
    lines += [printable(words, "dim") for words in platform_words(change)]
    if words := status_words(change.current):
        lines.append(printable(words, "yellow"))
    return Group(
        Name(shown_name(change.current)), Padding(Group(*lines), (0, 0, 0, 2), expand=False)
    )


def _style(change: ImageChange) -> str:
    if "failed" in change.kinds:
        return "red"
    return "yellow" if "exempt" in change.kinds else "cyan"


def _where(change: ImageChange) -> str:
    where = f"in {named(change.stacks)}"
    return f"from {named(change.moved_from)}, now {where}" if change.moved_from else where


def _state(table: PlainTable, state: ImageState | None) -> Group | Text:
    if state is None:
        return Text("-")
    tag = short_tag(state)
    parts = [printable(tag)] if tag else []
    digest = [table.digest(state.digest)] if state.digest else []
    return Group(*(parts + digest or [printable(state.status)]))
