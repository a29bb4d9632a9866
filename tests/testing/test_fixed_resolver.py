"""The resolver without network answers with a test's digests."""

from __future__ import annotations

import pytest

from pinned_images import (
    ConfigurationError,
    Digest,
    ImageNotFound,
    ImageReference,
    InvalidReference,
    Platform,
    PlatformMismatch,
    Resolution,
    ResolutionRequest,
    Resolver,
)
from pinned_images.resolution import Outcome
from pinned_images.testing import FixedResolver

ONE = Digest("sha256:" + "1" * 64)
TWO = Digest("sha256:" + "2" * 64)
ARM = Platform("linux", "arm64")
AMD = Platform("linux", "amd64")


def ask(
    resolver: Resolver, image: str, platform: Platform | None = None, *, select: bool = False
) -> Outcome:
    request = ResolutionRequest(ImageReference.parse(image), platform, select)
    return resolver.resolve([request])[request]


def digest_of(outcome: Outcome) -> Digest:
    assert isinstance(outcome, Resolution)
    return outcome.digest


@pytest.mark.parametrize(
    "key", ["nginx", "nginx:latest", "docker.io/nginx", "index.docker.io/nginx"]
)
@pytest.mark.parametrize("asked", ["nginx", "docker.io/library/nginx:latest"])
def test_references_are_the_same_in_any_spelling(key: str, asked: str) -> None:
    assert digest_of(ask(FixedResolver({key: ONE}), asked)) == ONE


def test_every_distinct_request_is_answered() -> None:
    resolver = FixedResolver({"a:1": ONE, "b:1": TWO})
    requests = [ResolutionRequest(ImageReference.parse(name)) for name in ("a:1", "b:1", "a:1")]
    answers = resolver.resolve(requests)
    assert [digest_of(answers[request]) for request in requests] == [ONE, TWO, ONE]
    assert len(answers) == 2


def test_an_unknown_image_is_not_found_and_the_message_says_what_to_add() -> None:
    outcome = ask(FixedResolver({"nginx:1.25": ONE}), "nginx:1.26")
    assert isinstance(outcome, ImageNotFound)
    assert '"nginx:1.26": "sha256:..."' in str(outcome)


def test_an_image_of_the_same_tag_elsewhere_is_another_image() -> None:
    resolver = FixedResolver({"nginx:1.25": ONE})
    assert isinstance(ask(resolver, "ghcr.io/library/nginx:1.25"), ImageNotFound)


def test_derived_digests_depend_on_the_reference_alone() -> None:
    one = ask(FixedResolver.derived(), "nginx:1.25")
    assert digest_of(one) == Digest.of(b"docker.io/library/nginx:1.25")
    assert digest_of(ask(FixedResolver.derived(), "docker.io/library/nginx:1.25")) == digest_of(one)
    assert digest_of(ask(FixedResolver.derived(), "nginx:1.26")) != digest_of(one)


def test_derived_digests_give_way_to_given_ones() -> None:
    assert digest_of(ask(FixedResolver.derived({"nginx": ONE}), "nginx:latest")) == ONE


def test_a_derived_digest_of_a_pinned_image_is_the_one_it_has() -> None:
    assert digest_of(ask(FixedResolver.derived(), f"nginx:1.25@{TWO}")) == TWO


def test_a_selected_platform_has_a_derived_digest_of_its_own() -> None:
    resolver = FixedResolver.derived()
    digests = {
        digest_of(ask(resolver, "nginx", AMD, select=True)),
        digest_of(ask(resolver, "nginx", ARM, select=True)),
        digest_of(ask(resolver, "nginx", ARM)),
    }
    assert len(digests) == 3


def test_resolutions_say_where_they_come_from_and_what_they_run_on() -> None:
    outcome = ask(FixedResolver({"nginx": ONE}, platforms=["linux/amd64", ARM]), "nginx")
    assert outcome == Resolution(
        ONE, "application/vnd.oci.image.index.v1+json", (AMD, ARM), "fixed", "FixedResolver"
    )


@pytest.mark.parametrize(
    ("platforms", "wanted", "fits"),
    [
        ([], ARM, True),
        ([AMD], None, True),
        ([AMD, ARM], ARM, True),
        ([AMD], ARM, False),
        (["linux/arm/v6"], Platform.parse("linux/arm/v7"), True),
        (["linux/arm/v7"], Platform.parse("linux/arm/v6"), False),
        (
            [Platform("windows", "amd64", os_version="10.0.17763.5329")],
            Platform("windows", "amd64", os_version="10.0.17763"),
            True,
        ),
        (
            [Platform("windows", "amd64", os_version="10.0.20348.1")],
            Platform("windows", "amd64", os_version="10.0.17763"),
            False,
        ),
    ],
)
def test_platforms_are_checked_where_they_are_given(
    platforms: list[str | Platform], wanted: Platform | None, *, fits: bool
) -> None:
    outcome = ask(FixedResolver.derived(platforms=platforms), "nginx", wanted)
    assert isinstance(outcome, Resolution if fits else PlatformMismatch)


@pytest.mark.parametrize(
    ("digests", "rule"),
    [({"Nginx": ONE}, "lower case"), ({"nginx": "sha256:12"}, "not a digest")],
)
def test_a_broken_table_is_refused_at_once(digests: dict[str, str], rule: str) -> None:
    with pytest.raises(InvalidReference, match=rule):
        FixedResolver(digests)


def test_two_digests_for_one_image_are_refused() -> None:
    with pytest.raises(ConfigurationError, match="nginx:latest"):
        FixedResolver({"nginx": ONE, "docker.io/nginx:latest": TWO})
