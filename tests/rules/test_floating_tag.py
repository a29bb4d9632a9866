"""Tags that tell no version."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from pinned_images.assembly import pin_assembly
from pinned_images.options import Options
from pinned_images.testing import FixedResolver
from tests.rules.assemblies import DIGEST, examined, task, write_stack

AT = "ContainerDefinitions[0].Image"


@pytest.mark.parametrize("image", ["nginx", f"nginx:latest@{DIGEST}"])
def test_a_tag_that_tells_no_version_is_a_warning(tmp_path: Path, image: str) -> None:
    found = examined(write_stack(tmp_path, {"Task": task(image)})).violations
    [floating] = [each for each in found if each.rule.id == "floating-tag"]
    assert floating.rule.severity == "warning"
    assert floating.problem.what == f"The tag latest of nginx at {AT} tells no version."


POD = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "web"}}
LEFT, GONE = "ghcr.io/org/left:1", "ghcr.io/org/gone:1"


def manifest(*images: str) -> dict[str, Any]:
    """A Kubernetes manifest with a pod that has a container for each image."""
    containers = [{"name": f"c{n}", "image": image} for n, image in enumerate(images)]
    return {
        "Type": "Custom::AWSCDK-EKS-KubernetesResource",
        "Properties": {"Manifest": json.dumps([{**POD, "spec": {"containers": containers}}])},
    }


@pytest.mark.parametrize(
    "resource",
    [
        manifest("nginx", LEFT),
        manifest(GONE, "nginx"),
        manifest(LEFT, "nginx", GONE),
        task({"Fn::If": ["Large", "nginx", LEFT]}),
        task({"Fn::If": ["Large", GONE, "nginx"]}),
    ],
)
def test_an_image_beside_one_without_a_digest_is_looked_at(
    tmp_path: Path, resource: dict[str, Any]
) -> None:
    """One value may hold several images; what is decided about one says nothing of another."""
    large = {"Large": {"Fn::Equals": [{"Ref": "AWS::Region"}, {"Ref": "AWS::StackName"}]}}
    write_stack(tmp_path, {"Web": resource}, Conditions=large)
    exempt = {LEFT: "Why."} if LEFT in json.dumps(resource) else {}
    options = {"resolver": FixedResolver({"nginx:latest": DIGEST}), "exempt": exempt}
    violations = pin_assembly(tmp_path, Options.of(options)).violations
    is_gone = GONE in json.dumps(resource)
    wanted = ["floating-tag", "unpinned-image"] if is_gone else ["floating-tag"]
    assert sorted(each.rule.id for each in violations) == wanted
    [floating] = [each for each in violations if each.rule.id == "floating-tag"]
    assert floating.problem.what.startswith("The tag latest of nginx at ")
