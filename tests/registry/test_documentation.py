"""The statements of the page about registries."""

from __future__ import annotations

import re

import pytest

import pinned_images
from pinned_images.registry import RegistrySettings, parse_mirrors
from pinned_images.registry.endpoints import Endpoint
from tests.documentation import page

PAGE = page("registries.md")


def rows(heading: str) -> list[list[str]]:
    """The cells of the first table under a heading, what stands in backquotes left as it is."""
    section = PAGE.split(f"## {heading}\n", 1)[1]
    table = re.search(r"\n\|[^\n]*\n\|[-|]*\n((?:\|[^\n]*\n)+)", section)
    assert table is not None
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in table[1].splitlines()]


@pytest.mark.parametrize(
    ("mirror", "path"), [row for row in rows("Mirrors") if row[1].startswith("`/")]
)
def test_a_mirror_is_asked_where_the_page_says(mirror: str, path: str) -> None:
    settings = RegistrySettings(mirrors={"docker.io": mirror.strip("`")})
    parsed = settings.mirror_of("docker.io")
    assert parsed is not None
    url = Endpoint.of_mirror("docker.io", parsed).url("library/nginx", "manifests", "1.25")
    assert url.endswith(path.strip("`"))


def test_the_variable_is_read_as_the_page_writes_it() -> None:
    written = re.search(r'PINNED_IMAGES_MIRRORS="([^"]*)"', PAGE)
    assert written is not None
    assert parse_mirrors(written[1]) == {
        "docker.io": "https://artifactory.example/docker-hub",
        "ghcr.io": "http://127.0.0.1:5000",
    }


@pytest.mark.parametrize(
    "name", sorted({row[0].strip("`") for row in rows("What the errors mean")})
)
def test_the_errors_of_the_page_are_public(name: str) -> None:
    assert issubclass(getattr(pinned_images, name), pinned_images.ResolutionError)


def test_the_links_within_the_page_lead_somewhere() -> None:
    headings = {
        re.sub(r"[^a-z0-9 -]", "", heading.lower()).replace(" ", "-")
        for heading in re.findall(r"^#+ (.*)$", PAGE, re.MULTILINE)
    }
    assert set(re.findall(r"\]\(#([^)]*)\)", PAGE)) <= headings
