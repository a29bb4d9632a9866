"""The images in use in an account, in Markdown and as one HTML page."""

from __future__ import annotations

from collections.abc import Sequence

from pinned_images.ecr.used_images import UsedImage, short_digest
from pinned_images.report.html import html_text, page_resource, source_hash
from pinned_images.report.markdown import code_span, escaped_words, markdown_table
from pinned_images.wording import counted

_HEADER = ("Image", "Digest", "Used by", "Findings")
_DRIFT = ("Image", "Declared", "Locked", "Registry", "Running")

_PAGE = """\
<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="{policy}">
<title>Images in use</title>
<style>{style}</style>
</head>
<body>
<main>
<h1>Images in use</h1>
<p class="headline">{headline}</p>
{sections}<footer>Written by pinned-images.</footer>
</main>
</body>
</html>
"""


def render_deployed_markdown(images: Sequence[UsedImage], unseen: Sequence[str]) -> str:
    """The images in use as Markdown for a pull request or an issue.

    Args:
        images: The images, with their findings.
        unseen: What could not be looked at, a sentence each.

    Example:
        >>> print(render_deployed_markdown([], []))
        ### Images in use
        <BLANKLINE>
        0 images in use.
        <BLANKLINE>
    """
    sections = ["### Images in use", f"{counted(len(images), 'image')} in use."]
    found = [finding for image in images for finding in image.findings]
    if images:
        rows = [[*map(code_span, row[:2]), *map(escaped_words, row[2:])] for row in _rows(images)]
        sections.append(markdown_table(_HEADER, rows))
    if any(image.drift for image in images):
        rows = [list(map(code_span, row)) for row in _drift(images)]
        sections += ["#### Drift", markdown_table(_DRIFT, rows)]
    if found:
        sections += ["#### Findings", _markdown_list([each.message for each in found])]
    if unseen:
        sections += ["#### Not looked at", _markdown_list(unseen)]
    return "\n\n".join(sections) + "\n"


def render_deployed_html(images: Sequence[UsedImage], unseen: Sequence[str]) -> str:
    """The images in use as one page that loads nothing.

    Args:
        images: The images, with their findings.
        unseen: What could not be looked at, a sentence each.
    """
    style = page_resource("page.css")
    found = [finding.message for image in images for finding in image.findings]
    sections = [
        _section("Findings", _html_list(found)) if found else "",
        _section("Images", _html_table(_HEADER, _rows(images))) if images else "",
        _section("Drift", _html_table(_DRIFT, _drift(images)))
        if any(image.drift for image in images)
        else "",
        _section("Not looked at", _html_list(unseen)) if unseen else "",
    ]
    return _PAGE.format(
        policy=html_text(f"default-src 'none'; style-src {source_hash(style)}"),
        style=style,
        headline=html_text(f"{counted(len(images), 'image')} in use."),
        sections="".join(sections),
    )


def _rows(images: Sequence[UsedImage]) -> list[list[str]]:
    return [
        [
            image.name,
            short_digest(image.digest),
            ", ".join(dict.fromkeys(use.name for use in image.uses)),
            ", ".join(dict.fromkeys(finding.kind for finding in image.findings)) or "none",
        ]
        for image in images
    ]


def _drift(images: Sequence[UsedImage]) -> list[list[str]]:
    return [
        [
            image.name,
            *map(
                short_digest,
                (
                    image.drift.declared,
                    image.drift.locked,
                    image.drift.registry,
                    image.drift.running,
                ),
            ),
        ]
        for image in images
        if image.drift is not None
    ]


def _markdown_list(sentences: Sequence[str]) -> str:
    return "\n".join(f"- {escaped_words(sentence)}" for sentence in dict.fromkeys(sentences))


def _html_list(sentences: Sequence[str]) -> str:
    items = "".join(f"<li>{html_text(each)}</li>\n" for each in dict.fromkeys(sentences))
    return f"<ul>\n{items}</ul>\n"


def _html_table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    head = "".join(f'<th scope="col">{html_text(each)}</th>' for each in header)
    body = "".join(
        f"<tr>{''.join(f'<td>{html_text(cell)}</td>' for cell in row)}</tr>\n" for row in rows
    )
    return f"<table>\n<thead><tr>{head}</tr></thead>\n<tbody>\n{body}</tbody>\n</table>\n"


def _section(title: str, content: str) -> str:
    return f"<section>\n<h2>{html_text(title)}</h2>\n{content}</section>\n"
