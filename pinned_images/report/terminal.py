"""The report as a table in a terminal."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from rich import box
from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.measure import Measurement
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from pinned_images.grouping import named
from pinned_images.printable import printable as one_line
from pinned_images.report.summary import (
    Failure,
    Image,
    Status,
    failures_of,
    headline,
    images_of,
    some_platforms,
)
from pinned_images.report.synth_report import SynthReport

_STYLES: dict[Status, str] = {
    "pinned": "green",
    "asset": "cyan",
    "exempt": "yellow",
    "failed": "red",
}
#: The width of what is no terminal, such as a pipe: nothing is wrapped there.
NO_WIDTH = 1000

_DIGITS_SHOWN = 12
_UNBOUNDED = 10_000


def render_terminal(report: SynthReport) -> RenderableType:
    """The report for a rich console: failures, then each stack, then the totals."""
    parts: list[RenderableType] = []
    if report.failure is not None:
        parts += [Text("The synth failed", "bold red"), printable(report.failure), Text()]
    if report.failed:
        parts += [Text("Not pinned", "bold red"), *map(_failure, failures_of(report))]
    for stack, records in report.by_stack().items():
        parts += [printable(stack, "bold"), _table(images_of(records)), Text()]
    return Group(*parts, printable(headline(report)))


class PlainTable(Table):
    """A table without a frame; the first column takes the remaining width and wraps.

    Its digests are whole in a terminal where nothing has to wrap for that, and a dozen digits long
    in a narrower one, and in a pipe: programs read JSON.
    """

    def __init__(self, *columns: str) -> None:
        super().__init__(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False, header_style="dim")
        for number, column in enumerate(columns):
            self.add_column(column, overflow="fold", no_wrap=number > 0)
        self.shows_whole_digests = False

    def digest(self, digest: str | None, style: str = "") -> RenderableType:
        """A cell with a digest."""
        return _DigestCell(self, digest or "-", style)

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        self._choose_digests(console, options)
        return super().__rich_console__(console, options)

    def __rich_measure__(self, console: Console, options: ConsoleOptions) -> Measurement:
        self._choose_digests(console, options)
        return super().__rich_measure__(console, options)

    def _choose_digests(self, console: Console, options: ConsoleOptions) -> None:
        self.shows_whole_digests = True
        needed = super().__rich_measure__(console, options.update(max_width=_UNBOUNDED)).maximum
        self.shows_whole_digests = needed <= options.max_width < NO_WIDTH


@dataclass(frozen=True, slots=True)
class _DigestCell:
    table: PlainTable
    digest: str
    style: str

    def __rich_console__(self, _: Console, __: ConsoleOptions) -> RenderResult:
        yield self._text

    def __rich_measure__(self, console: Console, options: ConsoleOptions) -> Measurement:
        return Measurement.get(console, options, self._text)

    @property
    def _text(self) -> Text:
        whole = self.table.shows_whole_digests
        return printable(self.digest if whole else _short(self.digest), self.style)


def _short(digest: str) -> str:
    """The first digits of a digest; other text as it is."""
    algorithm, colon, encoded = digest.partition(":")
    return encoded[:_DIGITS_SHOWN] if colon and algorithm.isalnum() else digest


def plain_table(*columns: str) -> PlainTable:
    """A table without a frame; see `PlainTable`."""
    return PlainTable(*columns)


def printable(text: str, style: str = "") -> Text:
    """Foreign text without terminal control characters."""
    return Text(one_line(text), style)


@dataclass(frozen=True, slots=True)
class Name:
    """The name of an image, which wraps after slashes."""

    text: str

    def __rich_console__(self, _: Console, options: ConsoleOptions) -> RenderResult:
        lines = [""]
        for part in re.findall(r"[^/]*/|[^/]+", self.text):
            if lines[-1] and len(lines[-1]) + len(part) > options.max_width:
                lines.append("")
            lines[-1] += part
        for line in lines:
            yield printable(line)

    def __rich_measure__(self, console: Console, options: ConsoleOptions) -> Measurement:
        return Measurement.get(console, options, printable(self.text))


def _failure(failure: Failure) -> RenderableType:
    where = named(failure.places)
    lines = (printable(failure.title, "bold"), printable(where, "dim"), printable(failure.reason))
    return Padding(Group(*lines), (0, 0, 1, 2), expand=False)


def _table(images: Iterable[Image]) -> Table:
    table = plain_table("Image", "Digest", "Resolved by")
    for image in images:
        lines = [printable(_where(image), "dim")]
        lines += [
            printable(f"from the SSM parameter {parameter}", "dim")
            for parameter in image.record.parameters
        ]
        if image.record.platforms:
            lines.append(printable(some_platforms(image.record.platforms), "dim"))
        if image.status == "exempt" and image.record.reason:
            lines.append(printable(image.record.reason, "yellow"))
        table.add_row(
            Group(Name(image.label), Padding(Group(*lines), (0, 0, 0, 2), expand=False)),
            table.digest(image.record.digest),
            Text(image.resolved_words, _STYLES[image.status]),
        )
    return table


def _where(image: Image) -> str:
    more = len(image.places) - 1
    return image.places[0].construct_path + (f" and {more} more" if more else "")
