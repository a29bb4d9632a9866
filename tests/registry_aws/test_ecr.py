"""Digests from the ECR API, against moto's server."""

from __future__ import annotations

import json
from typing import Any

import pytest

from pinned_images.errors import ImageNotFound, PlatformMismatch
from pinned_images.reference import Digest, ImageReference, Platform
from pinned_images.registry.aws.ecr import EcrResolver
from pinned_images.registry.aws.sessions import AwsSessions
from pinned_images.registry.resolver import RegistryResolver
from pinned_images.registry.settings import RegistrySettings
from pinned_images.resolution import Resolution, ResolutionRequest
from tests.registry_aws.amazon import (
    HOME_ACCOUNT,
    OCI_INDEX,
    OTHER_ACCOUNT,
    Moto,
    digest_for,
    host_of,
    index_of,
    manifest_of,
    only,
    request_for,
    soon,
)

HOST = host_of(HOME_ACCOUNT, "eu-west-1")

REPOSITORIES = [
    (HOME_ACCOUNT, "eu-west-1", "shop/web", 120),
    (HOME_ACCOUNT, "eu-west-1", "shop/worker", 10),
    (HOME_ACCOUNT, "us-east-1", "shop/web", 50),
    (OTHER_ACCOUNT, "eu-west-1", "platform/router", 40),
    (OTHER_ACCOUNT, "us-east-1", "platform/router", 30),
]


def test_250_tags_in_five_repositories_take_six_calls_and_two_roles(moto: Moto) -> None:
    expected: dict[ResolutionRequest, Digest] = {}
    missing = request_for(f"{HOST}/shop/worker:nowhere")
    for account, region, repository, count in REPOSITORIES:
        tags = {f"v{number}": manifest_of(f"{account}{region}{number}") for number in range(count)}
        digests = moto.push(repository, tags, region, account)
        for tag, digest in digests.items():
            expected[request_for(f"{host_of(account, region)}/{repository}:{tag}")] = digest
    moto.forget()

    outcomes = dict(RegistryResolver().resolve([missing, *expected]))

    assert isinstance(outcomes.pop(missing), ImageNotFound)
    digests_by_request = {
        request: outcome.digest if isinstance(outcome, Resolution) else outcome
        for request, outcome in outcomes.items()
    }
    assert len(expected) == 250
    assert digests_by_request == expected
    # 120 tags of one repository take two batches, each other repository takes one; the account of
    # the credentials is asked for once, and whether a cache would import the missing tag, too.
    assert moto.operations == {
        "BatchGetImage": 6,
        "GetCallerIdentity": 1,
        "AssumeRole": 2,
        "DescribePullThroughCacheRules": 1,
    }
    # Each region of the other account has a lookup role of its own.
    assert sorted(moto.roles) == [
        f"arn:aws:iam::{OTHER_ACCOUNT}:role/cdk-hnb659fds-lookup-role-{OTHER_ACCOUNT}-{region}"
        for region in ("eu-west-1", "us-east-1")
    ]


def test_a_missing_tag_hurts_no_other_tag(moto: Moto) -> None:
    tags = {f"v{number}": manifest_of(str(number)) for number in range(100)}
    digests = moto.push("shop/web", tags)
    moto.push("shop/worker", {"v1": manifest_of("worker")})
    missing = request_for(f"{HOST}/shop/web:nowhere")
    requests = [request_for(f"{HOST}/shop/web:{tag}") for tag in tags]

    everything = [missing, *requests, request_for(f"{HOST}/shop/worker:v1")]
    outcomes = dict(EcrResolver().resolve(everything, soon()))

    assert isinstance(outcomes.pop(missing), ImageNotFound)
    assert len(outcomes) == 101
    assert all(isinstance(outcome, Resolution) for outcome in outcomes.values())
    first = outcomes[requests[0]]
    assert isinstance(first, Resolution)
    assert first.digest == digests["v0"]


def test_the_answer_says_who_gave_it(moto: Moto) -> None:
    digests = moto.push("app", {"latest": index_of("linux/amd64")}, media_type=OCI_INDEX)

    outcome = only(EcrResolver().resolve([request_for(f"{HOST}/app")], soon()))

    assert outcome == Resolution(
        digests["latest"], OCI_INDEX, platforms=(), source="ecr-api", origin=HOST
    )


def test_the_same_image_is_asked_for_once(moto: Moto) -> None:
    digests = moto.push("app", {"v1": index_of("linux/amd64", "linux/arm64")}, media_type=OCI_INDEX)
    moto.forget()
    requests = [
        request_for(f"{HOST}/app:v1"),
        request_for(f"{HOST}/app:v1"),
        request_for(f"{HOST}/app:v1", "linux/arm64"),
    ]

    outcomes = EcrResolver().resolve(requests, soon())

    assert {outcome.digest for outcome in outcomes.values() if isinstance(outcome, Resolution)} == {
        digests["v1"]
    }
    assert moto.operations["BatchGetImage"] == 1


def test_an_image_by_digest_is_looked_up_by_it(moto: Moto) -> None:
    digests = moto.push("app", {"v1": manifest_of("one"), "v2": manifest_of("two")})
    request = request_for(f"{HOST}/app:v2@{digests['v1']}")

    outcome = only(EcrResolver().resolve([request], soon()))

    assert isinstance(outcome, Resolution)
    assert outcome.digest == digests["v1"]


def test_a_digest_that_is_not_there_is_not_found(moto: Moto) -> None:
    moto.push("app", {"v1": manifest_of("one")})
    request = request_for(f"{HOST}/app@sha256:{'0' * 64}")

    assert isinstance(only(EcrResolver().resolve([request], soon())), ImageNotFound)


@pytest.mark.parametrize(
    ("platform", "own"),
    [
        ("linux/amd64", "linux/amd64"),
        ("linux/arm64", "linux/arm64/v8"),
        ("linux/arm/v6", "linux/arm/v6"),
    ],
)
def test_an_index_is_checked_for_the_platform_and_select_takes_its_manifest(
    moto: Moto, platform: str, own: str
) -> None:
    index = index_of("linux/amd64", "linux/arm64/v8", "linux/arm/v6")
    digests = moto.push("app", {"v1": index}, media_type=OCI_INDEX)
    verify = request_for(f"{HOST}/app:v1", platform)
    select = request_for(f"{HOST}/app:v1", platform, select=True)

    outcomes = EcrResolver().resolve([verify, select], soon())

    verified, selected = outcomes[verify], outcomes[select]
    assert isinstance(verified, Resolution)
    assert isinstance(selected, Resolution)
    assert verified.digest == digests["v1"]
    assert selected.digest == digest_for(own)
    assert set(verified.platforms) == {
        Platform.parse(name) for name in ("linux/amd64", "linux/arm64", "linux/arm/v6")
    }


def test_an_index_without_the_platform_is_a_mismatch_that_names_those_it_has(moto: Moto) -> None:
    moto.push("app", {"v1": index_of("linux/amd64", "linux/arm64")}, media_type=OCI_INDEX)

    outcome = only(EcrResolver().resolve([request_for(f"{HOST}/app:v1", "windows/amd64")], soon()))

    assert isinstance(outcome, PlatformMismatch)
    assert "windows/amd64" in str(outcome)
    assert "linux/amd64, linux/arm64" in str(outcome)
    assert "unknown" not in str(outcome)


def test_a_missing_repository_and_a_missing_tag_are_told_apart(moto: Moto) -> None:
    moto.push("app", {"v1": manifest_of("one")})
    no_tag, no_repository = request_for(f"{HOST}/app:v2"), request_for(f"{HOST}/other:v1")

    outcomes = EcrResolver().resolve([no_tag, no_repository], soon())

    assert isinstance(outcomes[no_tag], ImageNotFound)
    assert "the repository has no such image" in str(outcomes[no_tag])
    assert isinstance(outcomes[no_repository], ImageNotFound)
    assert f"no repository 'other' in account {HOME_ACCOUNT}, eu-west-1" in str(
        outcomes[no_repository]
    )


def test_a_named_role_is_assumed_once_for_all_regions_of_its_account(moto: Moto) -> None:
    requests: list[ResolutionRequest] = []
    for region in ("eu-west-1", "us-east-1"):
        moto.push("app", {"v1": manifest_of(region)}, region, OTHER_ACCOUNT)
        requests.append(request_for(f"{host_of(OTHER_ACCOUNT, region)}/app:v1"))
    moto.forget()
    role = f"arn:aws:iam::{OTHER_ACCOUNT}:role/registry-reader"
    sessions = AwsSessions(RegistrySettings(ecr_roles={OTHER_ACCOUNT: role}))

    outcomes = EcrResolver(sessions).resolve(requests, soon())

    assert all(isinstance(outcome, Resolution) for outcome in outcomes.values())
    assert moto.operations["AssumeRole"] == 1


def test_nothing_is_asked_for_nothing(moto: Moto) -> None:
    assert EcrResolver().resolve([], soon()) == {}
    assert not moto.operations


def test_an_image_of_another_registry_is_a_mistake_of_the_caller() -> None:
    with pytest.raises(ValueError, match=r"docker\.io|nginx"):
        EcrResolver().resolve([request_for("nginx:1")], soon())


def test_the_tags_of_a_repository_are_listed(moto: Moto) -> None:
    tags = {f"v{number}": manifest_of(str(number)) for number in range(230)}
    moto.push("shop/web", tags)
    reference = request_for(f"{HOST}/shop/web:v1").reference
    assert sorted(RegistryResolver().list_tags(reference)) == sorted(tags)
    settings = RegistrySettings(mirrors={"ghcr.io": f"https://{HOST}/shop"})
    mirrored = RegistryResolver(settings).list_tags(ImageReference.parse("ghcr.io/web"))
    assert sorted(mirrored) == sorted(tags)


def test_the_tags_of_a_repository_that_is_not_there_are_an_error(moto: Moto) -> None:
    with pytest.raises(ImageNotFound) as caught:
        RegistryResolver().list_tags(request_for(f"{HOST}/no/such:v1").reference)
    assert str(caught.value).startswith(
        f"The tags of '{HOST}/no/such' could not be listed at {HOST}: there is no repository "
    )


@pytest.mark.parametrize("outer_names", [True, False], ids=["named", "unnamed"])
def test_an_index_in_an_index_is_descended_into(moto: Moto, *, outer_names: bool) -> None:
    entries = []
    pushed = {}
    for platform in ("linux/amd64", "linux/arm64"):
        inner = pushed[f"inner-{platform[-5:]}"] = index_of(platform)
        entry: dict[str, Any] = {"mediaType": OCI_INDEX, "digest": Digest.of(inner.encode())}
        if outer_names:
            entry["platform"] = dict(zip(("os", "architecture"), platform.split("/"), strict=True))
        entries.append(entry)
    outer = json.dumps({"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": entries})
    moto.push("app", {**pushed, "v1": outer}, media_type=OCI_INDEX)
    verify = request_for(f"{HOST}/app:v1", "linux/arm64")
    select = request_for(f"{HOST}/app:v1", "linux/arm64", select=True)
    missing = request_for(f"{HOST}/app:v1", "linux/s390x")

    outcomes = EcrResolver().resolve([verify, select, missing], soon())

    verified, selected = outcomes[verify], outcomes[select]
    assert isinstance(verified, Resolution)
    assert isinstance(selected, Resolution)
    assert verified.digest == Digest.of(outer.encode())
    assert selected.digest == digest_for("linux/arm64")
    assert isinstance(outcomes[missing], PlatformMismatch)
    assert "only for linux/amd64, linux/arm64" in str(outcomes[missing])


def test_an_empty_index_has_an_error_of_its_own(moto: Moto) -> None:
    empty = json.dumps({"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": []})
    moto.push("app", {"v1": empty}, media_type=OCI_INDEX)
    request = request_for(f"{HOST}/app:v1", "linux/arm64")
    outcome = only(EcrResolver().resolve([request], soon()))
    assert isinstance(outcome, PlatformMismatch)
    assert "its index is empty" in str(outcome)
