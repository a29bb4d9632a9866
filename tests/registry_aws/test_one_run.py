"""Identities and answers of AWS that the parts of one run share."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

import pytest

from pinned_images.cloudformation.outcomes import SsmParameter
from pinned_images.options import Options
from pinned_images.reference import Digest, ImageReference
from pinned_images.resolution import Outcome, Resolution, ResolutionRequest
from pinned_images.sources import CachingResolver, Sources
from pinned_images.testing import RegistryServer
from tests.registry_aws.amazon import OTHER_ACCOUNT, Moto, host_of, manifest_of, request_for

REGION = "eu-west-1"
PARAMETER = SsmParameter("/app/image", None, OTHER_ACCOUNT, REGION)


@pytest.fixture
def requests(moto: Moto, registry: RegistryServer) -> list[ResolutionRequest]:
    """An image in ECR, and one whose workload keeps its login in Secrets Manager."""
    moto.push("app", {"v1": manifest_of("app")}, REGION, OTHER_ACCOUNT)
    login = {"username": "alice", "password": "a password"}
    secrets = moto.client("secretsmanager", REGION, OTHER_ACCOUNT)
    arn = secrets.create_secret(Name="login", SecretString=json.dumps(login))["ARN"]
    parameters = moto.client("ssm", REGION, OTHER_ACCOUNT)
    parameters.put_parameter(Name=PARAMETER.name, Value="nginx:1", Type="String")
    for client in (secrets, parameters):
        client.close()
    moto.forget()
    registry.push("team/app:1")
    registry.protect("team/*", "bearer", login["username"], login["password"])
    private = ImageReference.parse(f"{registry.host}/team/app:1")
    return [
        request_for(f"{host_of(OTHER_ACCOUNT, REGION)}/app:v1"),
        ResolutionRequest(private, credentials_parameter=arn),
    ]


def test_images_secrets_and_parameters_are_read_with_one_role_that_is_assumed_once(
    moto: Moto, requests: list[ResolutionRequest]
) -> None:
    sources, options = Sources(), Options()

    values = sources.parameters(options).read([PARAMETER])
    outcomes = sources.resolver(options).resolve(requests)

    assert values == {PARAMETER: "nginx:1"}
    assert all(isinstance(outcome, Resolution) for outcome in outcomes.values())
    assert moto.operations == {
        "GetCallerIdentity": 1,
        "AssumeRole": 1,
        "GetParameters": 1,
        "BatchGetImage": 1,
        "GetSecretValue": 1,
    }


def test_a_further_stage_asks_for_nothing_that_has_been_answered(
    moto: Moto, registry: RegistryServer, requests: list[ResolutionRequest]
) -> None:
    sources, options = Sources(), Options()
    first = sources.resolver(options).resolve(requests)
    sources.parameters(options).read([PARAMETER])
    asked, at_aws = registry.requests, dict(moto.operations)

    registry.move_tag("team/app:1")

    assert sources.resolver(options).resolve(requests) == first
    assert sources.parameters(options).read([PARAMETER]) == {PARAMETER: "nginx:1"}
    assert (registry.requests, dict(moto.operations)) == (asked, at_aws)


class MovingTags:
    """Registries whose tags name something else each time one looks."""

    def __init__(self) -> None:
        self._looks = 0

    def resolve(self, requests: Sequence[ResolutionRequest]) -> Mapping[ResolutionRequest, Outcome]:
        self._looks += 1
        return {each: Resolution(Digest.of(bytes([self._looks]))) for each in requests}


def test_an_answer_stays_when_something_new_is_asked_with_it() -> None:
    known, new = request_for("nginx:1"), request_for("redis:7")
    resolver = CachingResolver(MovingTags())

    first = resolver.resolve([known])[known]
    both = resolver.resolve([known, new, known])

    assert both[known] == first
    assert both[new] != first
