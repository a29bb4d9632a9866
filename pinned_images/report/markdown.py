"""The report as a table for a pull request, in GitHub Flavored Markdown."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pinned_images.printable import shortened
from pinned_images.report.fitted_markdown import MarkdownTable, fitted
from pinned_images.report.markdown_text import code_span, code_spans, escaped_words
from pinned_images.report.summary import Image, failures_of, headline, images_of
from pinned_images.report.synth_report import SynthReport

_LONGEST_FAILURE = 1000
_COLUMNS = ["Image", "Tag", "Digest", "Platforms", "Resolved by", "Where"]


def render_markdown(report: SynthReport, limit: int | None = None) -> str:
    """The report as Markdown: a sentence, what failed, what is exempt, and a table a stack.

    Args:
        report: The report.
        limit: The most bytes of UTF-8, in whole rows; all of it by default.

    Example:
        >>> print(render_markdown(SynthReport()))
        ### Container images
        <BLANKLINE>
        No container images.
        <BLANKLINE>
    """
    return fitted(_parts(report), limit)


def _parts(report: SynthReport) -> Iterator[str | MarkdownTable]:
    yield "### Container images"
    yield headline(report)
    if report.failure is not None:
        yield escaped_words(shortened(report.failure, _LONGEST_FAILURE))
    header = ["Image", "Where", "Reason"]
    if report.failed:
        yield MarkdownTable(header, _failures(report), "Not pinned")
    if report.exempt:
        yield MarkdownTable(header, _reasons(images_of(report.exempt)), "Exempt")
    for stack, records in report.by_stack().items():
        yield MarkdownTable(_COLUMNS, _images(images_of(records)), escaped_words(stack))


def _failures(report: SynthReport) -> list[list[str]]:
    """A row for each failure: for one image, or for several with one cause."""
    return [
        [
            code_span(failure.images[0].record.reference)
            if len(failure.images) == 1
            else escaped_words(failure.title),
            code_spans(failure.places),
            escaped_words(failure.reason),
        ]
        for failure in failures_of(report)
    ]


def _reasons(images: Sequence[Image]) -> list[list[str]]:
    return [
        [
            code_span(image.record.reference),
            _places(image),
            escaped_words(image.record.reason or "no reason"),
        ]
        for image in images
    ]


def _images(images: Sequence[Image]) -> list[list[str]]:
    return [
        [
            _name(image),
            code_span(image.tag) if image.tag else "",
            code_span(image.short_digest) if image.short_digest else "",
            ", ".join(map(escaped_words, image.record.platforms)),
            escaped_words(image.resolved),
            _places(image),
        ]
        for image in images
    ]


def _name(image: Image) -> str:
    """The name, and the SSM parameters that it is read from."""
    read = (f"from {code_span(parameter)}" for parameter in image.record.parameters)
    return "<br>".join([code_span(image.name), *read])


def _places(image: Image) -> str:
    return code_spans([place.construct_path for place in image.places])
