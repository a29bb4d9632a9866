"""Links to the pages of images, as registries write their addresses."""

from __future__ import annotations

import re

import pytest
from hypothesis import given

from pinned_images.reference import ImageReference
from pinned_images.report.registry_pages import registry_page
from tests.reference.strategies import references

ACCOUNT = "123456789012"
CONSOLE = f"ecr/repositories/private/{ACCOUNT}"


@pytest.mark.parametrize(
    ("image", "page"),
    [
        ("nginx", "https://hub.docker.com/_/nginx/tags?name=latest"),
        ("nginx@sha256:" + "a" * 64, "https://hub.docker.com/_/nginx/tags"),
        ("grafana/grafana:11", "https://hub.docker.com/r/grafana/grafana/tags?name=11"),
        ("index.docker.io/a/b:1", "https://hub.docker.com/r/a/b/tags?name=1"),
        ("a/b/c:1", None),
        ("ghcr.io/acme/shop/api:1", "https://ghcr.io/acme/shop/api"),
        ("ghcr.io/acme:1", None),
        ("quay.io/acme/agent:1", "https://quay.io/repository/acme/agent?tab=tags"),
        ("public.ecr.aws/docker/library/redis:7", "https://gallery.ecr.aws/docker/library/redis"),
        (
            f"{ACCOUNT}.dkr.ecr.eu-west-1.amazonaws.com/team/api:1",
            f"https://eu-west-1.console.aws.amazon.com/{CONSOLE}/team/api?region=eu-west-1",
        ),
        (
            f"{ACCOUNT}.dkr.ecr.cn-north-1.amazonaws.com.cn/api:1",
            f"https://cn-north-1.console.amazonaws.cn/{CONSOLE}/api?region=cn-north-1",
        ),
        (
            f"{ACCOUNT}.dkr-ecr-fips.us-gov-west-1.on.aws/api:1",
            f"https://us-gov-west-1.console.amazonaws-us-gov.com/{CONSOLE}/api?region=us-gov-west-1",
        ),
        (f"{ACCOUNT}.dkr.ecr.us-iso-east-1.c2s.ic.gov/api:1", None),
        (f"{ACCOUNT}.dkr.ecr.eu-west-1.amazonaws.com.evil.example/api:1", None),
        ("ghcr.io.evil.example/a/b:1", None),
        ("localhost:5000/a/b:1", None),
    ],
)
def test_the_page_of_an_image(image: str, page: str | None) -> None:
    assert registry_page(ImageReference.parse(image)) == page


@given(references())
def test_a_page_is_at_a_known_host_and_an_address_without_escapes(text: str) -> None:
    page = registry_page(ImageReference.parse(text))
    hosts = "hub.docker.com|ghcr.io|quay.io|gallery.ecr.aws|[a-z0-9-]+[.]console[.][a-z.-]+"
    assert page is None or re.fullmatch(rf"https://(?:{hosts})/[A-Za-z0-9_./?=-]+", page)
