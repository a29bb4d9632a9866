"""The report as one self-contained HTML page.

Whatever comes from the app goes through `html_text`; the page's policy lets run only the script and
the style that it carries, so that even a slip there would show, not run.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from importlib.resources import files
from itertools import chain

from pinned_images.grouping import named
from pinned_images.printable import printable
from pinned_images.report.summary import Failure, Image, counts, failures_of, images_of
from pinned_images.report.synth_report import SynthReport
from pinned_images.wording import counted

#: More stacks than these are shown closed at first, as a list to choose from.
_STACKS_OPEN = 12

_PAGE = """\
<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="{policy}">
<title>Container images</title>
<style>{style}</style>
</head>
<body>
<main>
<h1>Container images</h1>
<p class="headline">{headline}</p>
{trouble}{filter}{stacks}<p class="nothing headline" hidden>No image is like that.</p>
<footer>Written by pinned-images. The digest is what runs; the tag is what people read.</footer>
<p aria-live="polite" class="unseen"></p>
</main>
{script}</body>
</html>
"""


def render_html(report: SynthReport) -> str:
    """The report as one page, light or dark as the reader's system is.

    Args:
        report: The report.

    Returns:
        The whole document; the same report gives the same bytes.
    """
    stacks = {name: images_of(records) for name, records in report.by_stack().items()}
    style, script = page_resource("page.css"), page_resource("page.js")
    policy = f"default-src 'none'; style-src {source_hash(style)}; script-src {source_hash(script)}"
    return _PAGE.format(
        policy=html_text(policy),
        style=style,
        headline=html_text(_headline(stacks)),
        trouble=_trouble(failures_of(report)),
        filter=_filter(stacks.values()) if stacks else "",
        stacks="".join(_stack(name, images, len(stacks)) for name, images in stacks.items()),
        script=f"<script>{script}</script>\n" if stacks else "",
    )


def _headline(stacks: Mapping[str, Sequence[Image]]) -> str:
    """The number of images and stacks; the filter has the numbers by status."""
    if not stacks:
        return "No container images."
    images = list(chain.from_iterable(stacks.values()))
    return f"{_extent(images)} of {counted(len(stacks), 'stack')}."


def _trouble(failures: Sequence[Failure]) -> str:
    if not failures:
        return ""
    items = "".join(map(_failure, failures))
    return (
        '<section class="trouble" aria-labelledby="trouble">'
        f'<h2 id="trouble">Not pinned</h2>\n<ul>\n{items}</ul></section>\n'
    )


def _failure(failure: Failure) -> str:
    """An image with its places, or the number of images with one cause and the first three."""
    if len(failure.images) == 1:
        [image] = failure.images
        title, places = _name(image), _places(image)
    else:
        title = f"<span>{html_text(failure.title)}</span>"
        places = f'<p class="where">{html_text(named(failure.places))}</p>'
    return (
        f'<li><span class="image">{title}</span><p>{html_text(failure.reason)}</p>{places}</li>\n'
    )


def _filter(stacks: Iterable[Sequence[Image]]) -> str:
    images = list(chain.from_iterable(stacks))
    found = [("all", len(images)), *counts(images).items()]
    buttons = "".join(
        f'<button type="button" data-status="{status}" '
        f'aria-pressed="{"true" if status == "all" else "false"}">'
        f"{status.capitalize()} <b>{count}</b></button>\n"
        for status, count in found
        if count
    )
    return (
        '<div class="filter" role="search" hidden>'
        '<input type="search" aria-label="Search images" '
        f'placeholder="Image, stack, platform or digest">\n{buttons}'
        '<button type="button" class="fold">Close all</button></div>\n'
    )


def _stack(name: str, images: Sequence[Image], stacks: int) -> str:
    rows = "".join(map(_row, images))
    marks = "".join(
        f'<span class="status {status}">{count} {status}</span>'
        for status, count in counts(images).items()
        if count and status != "pinned"
    )
    return f"""\
<details class="stack" data-name="{html_text(name)}"{" open" if stacks <= _STACKS_OPEN else ""}>
<summary><h2>{html_text(name)}</h2><p>{_extent(images)}</p>{marks}</summary>
<div class="scroll">
<table role="table">
<caption>Images of the stack {html_text(name)}</caption>
<thead role="rowgroup"><tr role="row">
<th role="columnheader" scope="col">Image</th><th role="columnheader" scope="col">Digest</th>
<th role="columnheader" scope="col">Platforms</th>
<th role="columnheader" scope="col">Resolved by</th>
</tr></thead>
<tbody role="rowgroup">
{rows}</tbody>
</table>
</div>
</details>
"""


def _extent(images: Sequence[Image]) -> str:
    places = sum(len(image.places) for image in images)
    return f"{counted(len(images), 'image')} in {counted(places, 'place')}"


def _row(image: Image) -> str:
    shown = image.record.reason if image.status == "exempt" else None
    return f"""\
<tr role="row" data-status="{image.status}" data-search="{html_text(image.record.digest or "")}">
<th role="rowheader" scope="row"><span class="image">{_name(image)}</span>\
{f'<p class="reason {image.status}">{html_text(shown)}</p>' if shown else ""}\
{_parameters(image)}{_places(image)}</th>
<td role="cell">{_digest(image)}</td>
<td role="cell">{_platforms(image)}</td>
<td role="cell">{_resolved(image)}</td>
</tr>
"""


def _name(image: Image) -> str:
    """The name, with line breaks after slashes only, and the tag."""
    *first, last = (f"{part}/" for part in image.name.split("/"))
    parts = "".join(f"<span>{html_text(part)}</span>" for part in first)
    return f"{parts}<span>{html_text(last[:-1])}{_tag(image)}</span>"


def _tag(image: Image) -> str:
    if image.tag is None:
        return ""
    full = "" if image.short_tag == image.tag else f' title="{html_text(image.tag)}"'
    return f':<b class="tag"{full}>{html_text(image.short_tag or "")}</b>'


def _parameters(image: Image) -> str:
    return "".join(
        f'<p class="where">from the SSM parameter <code>{html_text(parameter)}</code></p>'
        for parameter in image.record.parameters
    )


def _places(image: Image) -> str:
    shown = [
        f"{html_text(path)} <code>{html_text(property_path)}</code>"
        for path, property_path in image.places
    ]
    if len(shown) == 1:
        return f'<p class="where">{shown[0]}</p>'
    items = "".join(f"<li>{place}</li>\n" for place in shown)
    return (
        f'<details class="where"><summary>{len(shown)} places</summary><ul>\n{items}</ul></details>'
    )


def _digest(image: Image) -> str:
    digest = image.record.digest
    if digest is None:
        return '<span class="none">&ndash;</span>'
    full = html_text(digest)
    return (
        f'<span class="digest"><code title="{full}">{html_text(image.short_digest or "")}</code>'
        f'<button type="button" data-copy="{full}" aria-label="Copy {full}" hidden>Copy</button>'
        "</span>"
    )


def _platforms(image: Image) -> str:
    if not image.record.platforms:
        return '<span class="none">&ndash;</span>'
    items = "".join(
        f"<li{_mark(platform == image.record.platform)}>{html_text(platform)}</li>"
        for platform in image.record.platforms
    )
    return f'<ul class="platforms">{items}</ul>'


def _mark(runs_here: bool) -> str:  # noqa: FBT001 - private, and the name says it
    return ' class="runs-here" title="The workload runs on it"' if runs_here else ""


def _resolved(image: Image) -> str:
    origin = image.record.origin
    by = f'<span class="origin">{html_text(origin)}</span>' if origin else ""
    return f'<span class="status {image.status}">{html_text(image.resolved_words)}</span>{by}'


def html_text(text: str) -> str:
    """Escaped text, for an element or an attribute in quotation marks."""
    return escape(printable(text), quote=True)


def page_resource(name: str) -> str:
    return files("pinned_images.report").joinpath(name).read_text(encoding="utf-8")


def source_hash(source: str) -> str:
    """The hash of an inline script or style (Content Security Policy Level 3, "hash-source")."""
    digest = hashlib.sha256(source.encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"
