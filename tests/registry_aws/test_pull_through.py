"""Images that a pull-through cache has yet to import."""

from __future__ import annotations

import time
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from pinned_images.errors import AccessDenied, ImageNotFound, RegistryUnavailable, ResolutionError
from pinned_images.reference import Digest, ImageReference
from pinned_images.registry.auth import Credentials
from pinned_images.registry.aws.ecr import EcrResolver
from pinned_images.registry.client import RegistryClient
from pinned_images.registry.distribution_resolver import DistributionResolver
from pinned_images.registry.resolver import RegistryResolver
from pinned_images.registry.settings import RegistrySettings
from pinned_images.resolution import Outcome, Resolution, ResolutionRequest
from pinned_images.testing.registry_server import RegistryServer
from tests.registry_aws.amazon import (
    HOME_ACCOUNT,
    OTHER_ACCOUNT,
    Answer,
    FakeAws,
    Moto,
    access_denied,
    error,
    host_of,
    image_answer,
    manifest_of,
    only,
    request_for,
    soon,
)

HOST = host_of(HOME_ACCOUNT, "eu-west-1")
HUB_IMAGE = f"{HOST}/docker-hub/library/nginx:1.25"
DIGEST = Digest.of(b"nginx")
TOKENS = {"AKIAIOSFODNN7EXAMPLE": "QVdTOmFtYmllbnQ=", "ASIAROLE": "QVdTOnJvbGU="}


@dataclass
class Endpoint:
    """A registry endpoint that accepts some passwords and records those of requests."""

    answers: dict[str, Resolution | ResolutionError] = field(default_factory=dict)
    asked: list[tuple[str, str, str]] = field(default_factory=list)

    def __call__(
        self, request: ResolutionRequest, *, credentials: Credentials | None, deadline: float
    ) -> Resolution:
        assert credentials is not None
        assert deadline > time.monotonic()
        self.asked.append((str(request.reference), credentials.username, credentials.password))
        outcome = self.answers.get(credentials.password, ImageNotFound("There is no such image."))
        if isinstance(outcome, ResolutionError):
            raise outcome
        return outcome


@pytest.fixture
def endpoint() -> Endpoint:
    return Endpoint({"ambient": Resolution(DIGEST), "role": Resolution(DIGEST)})


@pytest.fixture(autouse=True)
def empty_registry(fake_aws: FakeAws) -> None:
    """A registry without images, with a rule for Docker Hub."""
    fake_aws.answers["BatchGetImage"] = 400, error("RepositoryNotFoundException")
    fake_aws.answers["DescribePullThroughCacheRules"] = rules("docker-hub")
    fake_aws.answers["GetAuthorizationToken"] = lambda _: (
        200,
        {"authorizationData": [{"authorizationToken": TOKENS[fake_aws.signers[-1][1]]}]},
    )


def rules(*prefixes: str) -> Answer:
    return 200, {"pullThroughCacheRules": [{"ecrRepositoryPrefix": name} for name in prefixes]}


def ask(endpoint: Endpoint, image: str = HUB_IMAGE) -> Outcome:
    return only(EcrResolver(ask_endpoint=endpoint).resolve([request_for(image)], soon()))


def test_an_image_that_the_api_lacks_is_asked_by_tag_with_the_password_of_the_registry(
    endpoint: Endpoint,
) -> None:
    assert ask(endpoint) == Resolution(DIGEST)
    assert endpoint.asked == [(HUB_IMAGE, "AWS", "ambient")]


def test_a_tag_that_a_cached_repository_lacks_is_asked_the_same_way(
    fake_aws: FakeAws, endpoint: Endpoint
) -> None:
    missing = {"imageId": {"imageTag": "1.25"}, "failureCode": "ImageNotFound"}
    fake_aws.answers["BatchGetImage"] = 200, {"failures": [missing]}

    assert ask(endpoint) == Resolution(DIGEST)


def test_an_image_that_the_api_has_is_not_asked_for_at_the_endpoint(
    fake_aws: FakeAws, endpoint: Endpoint
) -> None:
    fake_aws.answers["BatchGetImage"] = 200, {"images": [image_answer("1.25", manifest_of("a"))]}

    assert isinstance(ask(endpoint), Resolution)
    assert endpoint.asked == []


COVERED = {
    "the prefix": (["docker-hub"], "docker-hub/library/nginx", True),
    "a deep prefix": (["cache/hub"], "cache/hub/library/nginx", True),
    "the root": (["ROOT"], "library/nginx", True),
    "another prefix": (["quay"], "docker-hub/library/nginx", False),
    "the beginning of a name": (["docker"], "docker-hub/library/nginx", False),
    "the prefix alone": (["docker-hub"], "docker-hub", False),
    "no rule": ([], "docker-hub/library/nginx", False),
}


@pytest.mark.parametrize(("prefixes", "name", "covered"), COVERED.values(), ids=COVERED.keys())
def test_only_what_a_rule_covers_is_asked_for(
    fake_aws: FakeAws, endpoint: Endpoint, prefixes: list[str], name: str, *, covered: bool
) -> None:
    fake_aws.answers["DescribePullThroughCacheRules"] = rules(*prefixes)

    outcome = ask(endpoint, f"{HOST}/{name}:1.25")

    assert isinstance(outcome, Resolution if covered else ImageNotFound)
    assert bool(endpoint.asked) is covered


def test_rules_are_read_once_and_to_the_last_page(fake_aws: FakeAws, endpoint: Endpoint) -> None:
    def pages(parameters: dict[str, Any]) -> Answer:
        if parameters.get("nextToken") == "more":
            return rules("docker-hub")
        status, first = rules("quay")
        return status, {**first, "nextToken": "more"}

    fake_aws.answers["DescribePullThroughCacheRules"] = pages
    images = [f"{HOST}/docker-hub/library/{name}:1" for name in ("nginx", "redis", "httpd")]

    outcomes = EcrResolver(ask_endpoint=endpoint).resolve(map(request_for, images), soon())

    assert set(outcomes.values()) == {Resolution(DIGEST)}
    assert len(fake_aws.asked("DescribePullThroughCacheRules")) == 2
    assert len(fake_aws.asked("GetAuthorizationToken")) <= len(images)


def test_no_cache_is_asked_by_digest(fake_aws: FakeAws, endpoint: Endpoint) -> None:
    assert isinstance(ask(endpoint, f"{HUB_IMAGE}@sha256:{'0' * 64}"), ImageNotFound)
    assert endpoint.asked == []


def test_in_another_account_the_role_asks_first_and_the_ambient_credentials_next(
    endpoint: Endpoint,
) -> None:
    image = f"{host_of(OTHER_ACCOUNT, 'eu-west-1')}/docker-hub/library/nginx:1.25"
    endpoint.answers["role"] = ImageNotFound("There is no such image.")

    assert ask(endpoint, image) == Resolution(DIGEST)
    assert [password for _, _, password in endpoint.asked] == ["role", "ambient"]


@pytest.mark.parametrize(
    "refusal", [ImageNotFound("No such image."), AccessDenied("Not let in.")], ids=["404", "403"]
)
def test_an_import_that_fails_tells_the_rule_and_the_permissions(
    endpoint: Endpoint, refusal: ResolutionError
) -> None:
    endpoint.answers = {"ambient": refusal, "role": refusal}

    outcome = ask(endpoint)

    assert type(outcome) is type(refusal)
    assert str(outcome).startswith(str(refusal))
    assert "The pull-through cache rule 'docker-hub' covers it" in str(outcome)
    assert "ecr:BatchImportUpstreamImage" in str(outcome)


def test_an_endpoint_that_does_not_answer_is_not_asked_again(endpoint: Endpoint) -> None:
    endpoint.answers["ambient"] = RegistryUnavailable("It gave no answer.")

    assert isinstance(ask(endpoint), RegistryUnavailable)
    assert len(endpoint.asked) == 1


class TestWithoutKnowingTheRules:
    @pytest.fixture(autouse=True)
    def denied(self, fake_aws: FakeAws) -> None:
        fake_aws.answers["DescribePullThroughCacheRules"] = access_denied(
            "ecr:DescribePullThroughCacheRules"
        )

    def test_the_endpoint_is_asked_all_the_same(self, endpoint: Endpoint) -> None:
        assert ask(endpoint) == Resolution(DIGEST)

    def test_the_api_s_answer_stands_where_the_endpoint_has_none_either(
        self, endpoint: Endpoint
    ) -> None:
        endpoint.answers = {}

        outcome = ask(endpoint)

        assert isinstance(outcome, ImageNotFound)
        assert "there is no repository 'docker-hub/library/nginx'" in str(outcome)
        assert "Whether a pull-through cache would import it is unknown" in str(outcome)
        assert "ecr:DescribePullThroughCacheRules" in str(outcome)


def test_where_the_rules_cannot_be_asked_for_the_endpoint_is_left_alone(
    fake_aws: FakeAws, endpoint: Endpoint
) -> None:
    fake_aws.answers["DescribePullThroughCacheRules"] = 501, error("NotImplemented")

    outcome = ask(endpoint)

    assert isinstance(outcome, ImageNotFound)
    assert endpoint.asked == []


def test_without_a_way_to_ask_endpoints_a_missing_image_is_missing(fake_aws: FakeAws) -> None:
    outcome = only(EcrResolver().resolve([request_for(HUB_IMAGE)], soon()))

    assert isinstance(outcome, ImageNotFound)
    assert fake_aws.asked("DescribePullThroughCacheRules") == []


def test_a_token_that_is_none_is_an_error(fake_aws: FakeAws, endpoint: Endpoint) -> None:
    fake_aws.answers["GetAuthorizationToken"] = 200, {"authorizationData": []}

    outcome = ask(endpoint)

    assert isinstance(outcome, ResolutionError)
    assert "holds no token" in str(outcome)


def test_moto_knows_no_rules_and_a_missing_image_is_missing_there(
    moto: Moto, endpoint: Endpoint
) -> None:
    assert isinstance(ask(endpoint), ImageNotFound)
    assert endpoint.asked == []


def test_the_client_of_registries_asks_a_real_registry_with_the_password(
    registry: RegistryServer,
) -> None:
    digest = registry.push("docker-hub/library/nginx:1.25")
    registry.protect("*", "basic", "AWS", "ambient")
    client = DistributionResolver(RegistryClient(RegistrySettings()))

    def ask_loopback(
        request: ResolutionRequest, *, credentials: Credentials | None, deadline: float
    ) -> Resolution:
        reference = request.reference
        local = ImageReference(registry.host, reference.repository, reference.tag)
        return client.resolve(
            replace(request, reference=local), credentials=credentials, deadline=deadline
        )

    outcome = only(EcrResolver(ask_endpoint=ask_loopback).resolve([request_for(HUB_IMAGE)], soon()))

    assert isinstance(outcome, Resolution)
    assert outcome.digest == digest


def test_a_synth_s_resolver_asks_ecr_for_what_is_there(moto: Moto) -> None:
    digests = moto.push("app", {"v1": manifest_of("app")})
    request = request_for(f"{HOST}/app:v1")

    outcome = RegistryResolver().resolve([request])[request]

    assert isinstance(outcome, Resolution)
    assert (outcome.digest, outcome.source) == (digests["v1"], "ecr-api")
