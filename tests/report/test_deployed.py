"""The images in use in Markdown and as a page."""

from __future__ import annotations

from html.parser import HTMLParser

from pinned_images.ecr.used_images import Drift, Finding, UsedImage
from pinned_images.ecr.workloads import Use
from pinned_images.reference import Digest, ImageReference
from pinned_images.report.deployed import render_deployed_html, render_deployed_markdown

DIGEST = Digest("sha256:" + "a" * 64)
HOSTILE = "web<script>|`x`"
IMAGES = [
    UsedImage(
        ImageReference.parse("ghcr.io/org/web:1"),
        DIGEST,
        (Use(kind="service", name=HOSTILE, image="ghcr.io/org/web:1"),),
        (Finding("gone", "The image <b> is gone | from its registry."),),
        Drift(None, DIGEST, None, DIGEST),
    ),
    UsedImage(
        ImageReference.parse("nginx:1.27"),
        None,
        (Use(kind="rule", name="nightly", image="nginx:1.27"),),
    ),
]
UNSEEN = ["The schedules could not be read."]


def test_markdown_has_every_image_finding_and_side() -> None:
    text = render_deployed_markdown(IMAGES, UNSEEN)
    assert "2 images in use." in text
    assert "| `ghcr.io/org/web:1` | `aaaaaaaaaaaa` |" in text
    assert "| `nginx:1.27` | `-` | nightly | none |" in text
    assert "| `ghcr.io/org/web:1` | `-` | `aaaaaaaaaaaa` | `-` | `aaaaaaaaaaaa` |" in text
    assert "gone \\| from" in text
    assert "<script>" not in text
    assert f"- {UNSEEN[0]}" in text


class Page(HTMLParser):
    """The text of a page, and its elements."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.words, self.tags = "", list[str]()
        self.feed(text)

    def handle_data(self, data: str) -> None:
        self.words += data

    def handle_starttag(self, tag: str, _: object) -> None:
        self.tags.append(tag)


def test_the_page_shows_the_same_and_runs_its_own_script_alone() -> None:
    page = Page(render_deployed_html(IMAGES, UNSEEN))
    for part in ("ghcr.io/org/web:1", HOSTILE, "The image <b> is gone", "aaaaaaaaaaaa", UNSEEN[0]):
        assert part in page.words
    assert page.tags.count("script") == 1
    assert page.tags.count("table") == 2


def test_nothing_in_use_is_a_page_too() -> None:
    assert "0 images in use." in Page(render_deployed_html([], [])).words
