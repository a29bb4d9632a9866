"""The report as a table in a terminal; needs rich, of the extra ``cli``."""

from __future__ import annotations

from collections.abc import Iterable

from rich import box
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from pinned_images.report.records import SynthReport
from pinned_images.report.summary import Image, Status, headline, images_of

_STYLES: dict[Status, str] = {
    "pinned": "green",
    "asset": "cyan",
    "exempt": "yellow",
    "failed": "red",
}
_PLATFORMS_SHOWN = 2


def render_terminal(report: SynthReport) -> RenderableType:
    """The report for a rich console: what failed first, then each stack, then the sum."""
    parts: list[RenderableType] = []
    if report.failed:
        parts += [Text("Not pinned", "bold red"), *map(_failure, images_of(report.failed)), Text()]
    for stack, records in report.by_stack().items():
        parts += [Text(stack, "bold"), _table(images_of(records)), Text()]
    return Group(*parts, Text(headline(report)))


def _failure(image: Image) -> Text:
    return Text.assemble(
        ("  ✗ ", "red"),
        (image.record.reference, "bold"),
        f" at {_where(image)}\n",
        f"    {image.record.reason or 'no reason was given'}",
    )


def _table(images: Iterable[Image]) -> Table:
    table = plain_table("Image", "Digest", "Platforms", "Resolved by")
    for image in images:
        cell = Text(image.record.reference)
        cell.append(f"\n{_where(image)}", "dim")
        if image.status == "exempt" and image.record.reason:
            cell.append(f"\n{image.record.reason}", "yellow")
        table.add_row(
            cell,
            Text(image.short_digest or "-", "bold" if image.short_digest else "dim"),
            platforms_cell(image.record.platforms),
            Text(image.resolved, _STYLES[image.status]),
        )
    return table


def plain_table(*columns: str) -> Table:
    """A table without a frame, whose cells wrap and lose nothing."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False, header_style="dim")
    for column in columns:
        table.add_column(column, overflow="fold", no_wrap=column == "Digest")
    return table


def platforms_cell(platforms: Iterable[object]) -> Text:
    """The first platforms, one a line, and how many more there are."""
    names = [str(platform) for platform in platforms]
    more = len(names) - _PLATFORMS_SHOWN
    if more > 1:
        names = [*names[:_PLATFORMS_SHOWN], f"and {more} more"]
    return Text("\n".join(names))


def _where(image: Image) -> str:
    more = len(image.places) - 1
    return image.places[0][0] + (f" and {more} more" if more else "")
