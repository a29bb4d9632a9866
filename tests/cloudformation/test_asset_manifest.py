from __future__ import annotations

from typing import Any

import pytest

from pinned_images.cloud_assembly.manifests import asset_images
from pinned_images.cloudformation.evaluation import evaluate
from pinned_images.cloudformation.outcomes import ExemptByRule
from pinned_images.cloudformation.scope import AssetImage, TemplateScope

HASH = "250c4bd2c110b496b4d693329276cbdcdc3b7eb6452e29254178f70ee40cd0f0"


def manifest(tag: str, identifier: str = HASH) -> dict[str, Any]:
    destination = {"repositoryName": "staging-${AWS::AccountId}/web", "imageTag": tag}
    return {"dockerImages": {identifier: {"destinations": {"current": destination}}}}


@pytest.mark.parametrize("tag", [HASH, f"web-{HASH}"], ids=["bare", "prefixed"])
@pytest.mark.parametrize("identifier", [HASH, f"web-{HASH}"], ids=["unnamed", "named"])
def test_images_are_named_with_the_hash_of_their_source(tag: str, identifier: str) -> None:
    images = asset_images(manifest(tag, identifier))
    assert images == {AssetImage("staging-${AWS::AccountId}/web", tag)}
    scope = TemplateScope(account="123456789012", region="eu-west-1", asset_images=images)
    host = "${AWS::AccountId}.dkr.ecr.${AWS::Region}.${AWS::URLSuffix}"
    value = {"Fn::Sub": f"{host}/staging-${{AWS::AccountId}}/web:{tag}"}
    assert isinstance(evaluate(value, scope), ExemptByRule)


def test_a_tag_that_does_not_end_with_the_hash_can_move() -> None:
    assert asset_images(manifest("latest")) == frozenset()
    assert asset_images(manifest("web-1", f"web-{HASH}")) == frozenset()


@pytest.mark.parametrize(
    "content",
    [
        None,
        {},
        {"dockerImages": []},
        {"dockerImages": {HASH: None}},
        {"dockerImages": {HASH: {"destinations": {"here": {"imageTag": HASH}}}}},
    ],
)
def test_what_is_no_manifest_holds_no_images(content: Any) -> None:
    assert asset_images(content) == frozenset()
