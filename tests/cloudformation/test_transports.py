"""Images whose names stand behind a transport: ``docker://``, ``oci://``."""

from __future__ import annotations

from typing import Any

import pytest

from pinned_images.cloudformation.catalog import Catalog
from pinned_images.cloudformation.outcomes import ExemptByRule, Known
from pinned_images.cloudformation.rewriting import Rewritten, pin_site
from pinned_images.cloudformation.scope import TemplateScope
from pinned_images.cloudformation.sites import evaluate_site, find_sites
from pinned_images.problem import Problem
from pinned_images.reference import Digest

COPY = "Custom::CDKECRDeployment"
DIGEST = Digest("sha256:" + "a" * 64)
IN_REGION = TemplateScope(account="123456789012", region="eu-west-1")
ASSET = f"cdk-hnb659fds-container-assets-123456789012-eu-west-1:{'b' * 64}"
OWN = Catalog.default().extended(
    {"Custom::Copy": ["Image"], "Acme::Copy::Image": ["Image"], "AWS::SNS::Topic": ["Image"]}
)


def written(value: Any, resource_type: str = COPY, key: str = "SrcImage") -> Any:
    [site] = find_sites(resource_type, {key: value}, OWN)
    rewritten = pin_site(site, IN_REGION, lambda _: DIGEST)
    assert isinstance(rewritten, Rewritten), rewritten
    return rewritten.value


@pytest.mark.parametrize("transport", ["docker://", "oci://", ""])
def test_the_digest_takes_the_tags_place_and_the_transport_stays(transport: str) -> None:
    assert written(f"{transport}nginx:1.27") == f"{transport}nginx@{DIGEST}"
    assert written(f"{transport}ghcr.io/org/app") == f"{transport}ghcr.io/org/app@{DIGEST}"


def test_functions_keep_their_transport() -> None:
    row = ["docker://123456789012.dkr.ecr.eu-west-1.", {"Ref": "AWS::URLSuffix"}, "/app:1"]
    assert written({"Fn::Join": ["", row]}) == {"Fn::Join": ["", [*row[:2], f"/app@{DIGEST}"]]}
    sub = "docker://123456789012.dkr.ecr.${AWS::Region}.amazonaws.com/app"
    assert written({"Fn::Sub": f"{sub}:1"}) == {"Fn::Sub": f"{sub}@{DIGEST}"}


def test_the_users_own_properties_of_custom_resources_may_have_a_transport() -> None:
    pinned = written("docker://nginx:1.27", "Custom::Copy", "Image")
    assert pinned == f"docker://nginx:1.27@{DIGEST}"


@pytest.mark.parametrize("resource_type", ["AWS::SNS::Topic", "Acme::Copy::Image"])
def test_elsewhere_a_transport_is_no_image(resource_type: str) -> None:
    [site] = find_sites(resource_type, {"Image": "docker://nginx:1.27"}, OWN)
    assert isinstance(evaluate_site(site, IN_REGION), Problem)


@pytest.mark.parametrize("scope", [IN_REGION, TemplateScope()], ids=["known", "unknown"])
@pytest.mark.parametrize(
    "host",
    ["123456789012.dkr.ecr.eu-west-1", "${AWS::AccountId}.dkr.ecr.${AWS::Region}"],
)
def test_an_asset_of_the_app_stays_as_it_is(scope: TemplateScope, host: str) -> None:
    place = ASSET if "$" not in host else ASSET.replace("123456789012-eu-west-1", "X")
    place = place.replace("X", "${AWS::AccountId}-${AWS::Region}")
    value = {"Fn::Sub": f"docker://{host}.${{AWS::URLSuffix}}/{place}"}
    [site] = find_sites(COPY, {"SrcImage": value})
    evaluation = evaluate_site(site, scope)
    assert isinstance(evaluation, ExemptByRule)
    assert evaluation.rule == "content-addressed-asset"


@pytest.mark.parametrize("archive", ["s3://bucket/image.tar:app:1", "docker-archive://image.tar"])
def test_an_archive_is_in_no_registry(archive: str) -> None:
    [site] = find_sites(COPY, {"SrcImage": archive})
    evaluation = evaluate_site(site, IN_REGION)
    assert isinstance(evaluation, ExemptByRule)
    assert evaluation.rule == "image-archive"


def test_what_is_evaluated_is_the_reference_alone() -> None:
    [site] = find_sites(COPY, {"SrcImage": "docker://nginx:1.27"})
    assert evaluate_site(site, IN_REGION) == Known("nginx:1.27")
