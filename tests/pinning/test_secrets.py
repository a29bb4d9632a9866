"""Which secret a container pulls its image with."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any

import pytest

from pinned_images.cloudformation.catalog import Catalog
from pinned_images.cloudformation.outcomes import SsmParameter
from pinned_images.cloudformation.scope import AppTemplates, TemplateScope
from pinned_images.cloudformation.sites import find_sites
from pinned_images.errors import AccessDenied
from pinned_images.pinning.images import secret_of
from pinned_images.pinning.pipeline import pin_images
from pinned_images.pinning.policy import Policy
from pinned_images.pinning.resources import ImageResource
from pinned_images.problem import Problem
from pinned_images.resolution import Outcome, ResolutionRequest

WHERE = "arn:aws:secretsmanager:eu-west-1:123456789012:secret"


def secret(parameter: Any, scope: TemplateScope | None = None) -> str | Problem | None:
    container = {
        "Image": "team/app:1",
        "RepositoryCredentials": {"CredentialsParameter": parameter},
    }
    [site] = find_sites("AWS::ECS::TaskDefinition", {"ContainerDefinitions": [container]})
    return secret_of(site, scope or in_environment())


def in_environment(**resources: Any) -> TemplateScope:
    return TemplateScope({"Resources": resources}, account="123456789012", region="eu-west-1")


def secret_named(**properties: Any) -> dict[str, Any]:
    return {"Type": "AWS::SecretsManager::Secret", "Properties": properties}


@pytest.mark.parametrize(
    ("parameter", "arn"),
    [
        (f"{WHERE}:login-AbCdEf", f"{WHERE}:login-AbCdEf"),
        ("login", f"{WHERE}:login"),
        ("team/login", f"{WHERE}:team/login"),
        (
            {"Fn::Sub": "arn:aws:secretsmanager:${AWS::Region}:${AWS::AccountId}:secret:login"},
            f"{WHERE}:login",
        ),
    ],
    ids=["an ARN", "a name", "a name with a path", "functions"],
)
def test_an_arn_is_taken_as_it_is_and_a_name_becomes_one(parameter: Any, arn: str) -> None:
    assert secret(parameter) == arn


@pytest.mark.parametrize(
    ("credentials", "arn"),
    [
        (f"{WHERE}:login-AbCdEf", f"{WHERE}:login-AbCdEf"),
        ("login", f"{WHERE}:login"),
        ("alice:password", None),
        (None, None),
    ],
    ids=["an ARN", "a name", "a password", "none"],
)
def test_the_source_of_an_ecr_deployment_has_its_own(credentials: Any, arn: str | None) -> None:
    properties = {"SrcImage": "docker://registry.example/app:1", "SrcCreds": credentials}
    [site] = find_sites("Custom::CDKECRDeployment", properties)
    assert secret_of(site, in_environment()) == arn


def test_a_copy_is_asked_for_with_the_secret_of_its_source() -> None:
    scope = in_environment()
    asked: list[ResolutionRequest] = []

    class Answers:
        def resolve(
            self, requests: Sequence[ResolutionRequest]
        ) -> Mapping[ResolutionRequest, Outcome]:
            asked.extend(requests)
            return dict.fromkeys(requests, AccessDenied("no", "log in"))

    copy = {
        "SrcImage": "docker://registry.example/app:1",
        "SrcCreds": f"{WHERE}:login-AbCdEf",
        "DestImage": "docker://registry.example/copies:1",
    }
    container = {"Image": "registry.example/copies:1", "Name": "app"}
    task = {"ContainerDefinitions": [container]}
    resources = [
        ImageResource("Custom::CDKECRDeployment", copy, scope, "Shop", "Shop/Copy"),
        ImageResource("AWS::ECS::TaskDefinition", task, scope, "Shop", "Shop/Task"),
    ]
    policy = Policy(Catalog.default(), date(2026, 1, 1))
    pin_images(resources, policy, Answers(), NoParameters(), {})
    assert {str(each.reference) for each in asked} == {"registry.example/app:1"}
    assert {each.credentials_parameter for each in asked} == {f"{WHERE}:login-AbCdEf"}


def test_a_secret_of_the_app_is_known_by_the_name_that_it_is_given() -> None:
    scope = in_environment(Login=secret_named(Name={"Fn::Sub": "${AWS::Region}/login"}))

    assert secret({"Ref": "Login"}, scope) == f"{WHERE}:eu-west-1/login"


def test_a_secret_of_another_stack_is_known_too() -> None:
    app = AppTemplates()
    exported = {"Value": {"Ref": "Login"}, "Export": {"Name": "login"}}
    for template in (
        {"Resources": {"Login": secret_named(Name="login")}, "Outputs": {"Login": exported}},
        {},
    ):
        scope = TemplateScope(template, account="123456789012", region="eu-west-1", app=app)

    assert secret({"Fn::ImportValue": "login"}, scope) == f"{WHERE}:login"


@pytest.mark.parametrize(
    ("parameter", "scope", "why"),
    [
        ({"Ref": "Login"}, in_environment(Login=secret_named()), "has no Name"),
        ("login", TemplateScope(region="eu-west-1"), "account or the region"),
        ({"Ref": "Nothing"}, in_environment(), "neither a parameter nor a resource"),
        ({"Fn::If": ["Production", "one", "two"]}, in_environment(), "condition"),
        ("{{resolve:ssm:/login}}", in_environment(), "at deployment only"),
    ],
    ids=["no name", "no environment", "no such secret", "a condition", "a parameter"],
)
def test_why_it_is_not_known_is_told(parameter: Any, scope: TemplateScope, why: str) -> None:
    unknown = secret(parameter, scope)

    assert isinstance(unknown, Problem)
    assert why in str(unknown)


def test_a_container_without_one_pulls_with_none() -> None:
    properties = {"ContainerDefinitions": [{"Image": "nginx:1"}]}
    [site] = find_sites("AWS::ECS::TaskDefinition", properties)

    assert secret_of(site, in_environment()) is None


class Refusing:
    """A registry that refuses all access."""

    def resolve(self, requests: Sequence[ResolutionRequest]) -> Mapping[ResolutionRequest, Outcome]:
        return {request: AccessDenied("It wants credentials.") for request in requests}


class NoParameters:
    """An account without SSM parameters."""

    def read(self, parameters: Iterable[SsmParameter]) -> dict[SsmParameter, str | Problem]:
        raise AssertionError(f"{list(parameters)} are not there")

    def keep(self, values: Mapping[SsmParameter, str]) -> None:
        assert not values


def test_an_error_says_why_the_secret_could_not_be_tried() -> None:
    container = {
        "Image": "team/app:1",
        "RepositoryCredentials": {"CredentialsParameter": {"Ref": "Login"}},
    }
    task = ImageResource(
        "AWS::ECS::TaskDefinition",
        {"ContainerDefinitions": [container]},
        in_environment(Login=secret_named()),
        "Web",
        "Web/Task/Resource",
    )
    policy = Policy(Catalog.default(), date(2026, 1, 1))

    [pinned] = pin_images([task], policy, Refusing(), NoParameters(), {})

    [finding] = pinned.problems
    assert "It wants credentials. The workload's own credentials were not tried" in str(finding)
    assert "'Login' has no Name" in str(finding)
