"""The report as a table for a pull request, in GitHub Flavored Markdown.

Images and paths are in code spans, where nothing is markup; other words are escaped. A pipe
is escaped in both, as "Tables (extension)" of the GFM specification requires.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from pinned_images.grouping import MOST_NAMED
from pinned_images.printable import printable
from pinned_images.report.summary import Image, failures_of, headline, images_of
from pinned_images.report.synth_report import SynthReport

_PUNCTUATION = re.compile(r"([\\`*_{}\[\]()#+!|~$])")


def render_markdown(report: SynthReport) -> str:
    """The report as Markdown: a sentence, what failed, what is exempt, and a table a stack.

    Example:
        >>> print(render_markdown(SynthReport()))
        ### Container images
        <BLANKLINE>
        No container images.
        <BLANKLINE>
    """
    sections = ["### Container images", headline(report)]
    if report.failed:
        sections += [
            "#### Not pinned",
            markdown_table(["Image", "Where", "Reason"], _failures(report)),
        ]
    if report.exempt:
        sections += ["#### Exempt", _reasons(images_of(report.exempt))]
    for stack, records in report.by_stack().items():
        sections += [f"#### {escaped_words(stack)}", _images(images_of(records))]
    return "\n\n".join(sections) + "\n"


def _failures(report: SynthReport) -> list[list[str]]:
    """A row for each failure: for one image, or for several with one cause."""
    return [
        [
            code_span(failure.images[0].record.reference)
            if len(failure.images) == 1
            else escaped_words(failure.title),
            _shown(failure.places),
            escaped_words(failure.reason),
        ]
        for failure in failures_of(report)
    ]


def _reasons(images: Sequence[Image]) -> str:
    rows = [
        [
            code_span(image.record.reference),
            _places(image),
            escaped_words(image.record.reason or "no reason"),
        ]
        for image in images
    ]
    return markdown_table(["Image", "Where", "Reason"], rows)


def _images(images: Sequence[Image]) -> str:
    rows = [
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
    return markdown_table(["Image", "Tag", "Digest", "Platforms", "Resolved by", "Where"], rows)


def _name(image: Image) -> str:
    """The name, and the SSM parameters that it is read from."""
    read = (f"from {code_span(parameter)}" for parameter in image.record.parameters)
    return "<br>".join([code_span(image.name), *read])


def markdown_table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _places(image: Image) -> str:
    return _shown([place.construct_path for place in image.places])


def _shown(places: Sequence[str]) -> str:
    shown = [code_span(place) for place in places[:MOST_NAMED]]
    more = len(places) - len(shown)
    return "<br>".join([*shown, f"and {more} more"] if more else shown)


def code_span(text: str) -> str:
    """A code span, fenced by more backticks than it holds ("Code spans")."""
    text = _one_line(text)
    fence = "`" * (1 + max((len(run) for run in re.findall("`+", text)), default=0))
    blank = " " if text.startswith("`") or text.endswith("`") else ""
    return f"{fence}{blank}{text}{blank}{fence}".replace("|", r"\|")


def escaped_words(text: str) -> str:
    """Escaped text, without mentions (``@name``)."""
    text = _one_line(text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return _PUNCTUATION.sub(r"\\\1", text).replace("@", "@<!-- -->")


def _one_line(text: str) -> str:
    return " ".join(printable(text).split())
