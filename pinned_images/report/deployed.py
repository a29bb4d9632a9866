"""The images in use in an account, in Markdown and as one HTML page."""

from __future__ import annotations

from collections.abc import Sequence

from pinned_images.ecr.used_images import UsedImage, short_digest
from pinned_images.report.markdown_text import code_span, escaped_words, markdown_table
from pinned_images.report.registry_pages import registry_page
from pinned_images.wording import counted

_HEADER = ("Image", "Digest", "Used by", "Findings")
_DRIFT = ("Image", "Declared", "Locked", "Registry", "Running")

_WITH = "with findings"
_WITHOUT = "without findings"


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
    from pinned_images.report.page import render_page  # noqa: PLC0415 - needs Jinja2

    findings = dict.fromkeys(finding for image in images for finding in image.findings)
    kinds = [list(dict.fromkeys((one.kind, one.severity) for one in i.findings)) for i in images]
    with_findings = sum(map(bool, kinds))
    return render_page(
        "deployed.html",
        rows=[
            {
                "image": image,
                "page": registry_page(image.reference),
                "short_digest": short_digest(image.digest),
                "workloads": list(dict.fromkeys(use.name for use in image.uses)),
                "kinds": kinds_of_image,
                "status": _WITH if kinds_of_image else _WITHOUT,
            }
            for image, kinds_of_image in zip(images, kinds, strict=True)
        ],
        choices={"all": len(images), _WITH: with_findings, _WITHOUT: len(images) - with_findings},
        header=_HEADER,
        findings=list(findings),
        are_errors=any(finding.severity == "error" for finding in findings),
        drift_header=_DRIFT,
        drift=_drift(images),
        unseen=list(dict.fromkeys(unseen)),
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
