"""The stacks in a cloud assembly, whatever version of CDK and whatever synthesizer wrote it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from pinned_images.cloud_assembly import AssemblyStack
from pinned_images.cloudformation.deployers import NOT_THE_APP, SERVICE_CATALOG, STACK_SETS
from tests.rules.assemblies import task, write_stack

HASH = "b" * 64
TASK = {"Task": task("nginx:1.27")}
NESTED = "Web/Inner.NestedStack/Inner.NestedStackResource"


def nested_stack(folder: Path, url: Any, metadata: dict[str, Any], **asset: str) -> AssemblyStack:
    inner = {"Resources": TASK}
    (folder / "WebInner.nested.template.json").write_text(json.dumps(inner), encoding="utf-8")
    resource = {"Type": "AWS::CloudFormation::Stack", "Properties": {"TemplateURL": url}}
    return write_stack(folder, {"InnerResource": resource}, metadata=metadata, assets=asset)


def entry(kind: str, data: str) -> list[dict[str, Any]]:
    return [{"type": f"aws:cdk:{kind}", "data": data}]


LOGICAL_IDS = {
    f"/{NESTED}": entry("logicalId", "InnerResource"),
    "/Web/Inner/Task/Resource": entry("logicalId", "Task"),
}
TEMPLATE_FILE = {"/Web/Inner": entry("templateFile", "WebInner.nested.template.json")}


@pytest.mark.parametrize(
    ("url", "metadata", "asset"),
    [
        ("unknown", LOGICAL_IDS | TEMPLATE_FILE, {}),
        (f"https://bucket/{HASH}.json", LOGICAL_IDS, {HASH: "WebInner.nested.template.json"}),
    ],
    ids=["told by the metadata", "told by the hash"],
)
def test_a_nested_stack_is_found(
    tmp_path: Path, url: str, metadata: dict[str, Any], asset: dict[str, str]
) -> None:
    stack = nested_stack(tmp_path, url, metadata, **asset)
    [nested] = stack.nested
    assert nested.construct_path == "Web/Inner"
    assert nested.logical_id_in_parent == "InnerResource"
    assert nested.construct_path_of("Task") == "Web/Inner/Task/Resource"
    assert (nested.account, nested.region) == ("123456789012", "eu-west-1")
    assert [each.construct_path for each in stack.with_nested()] == ["Web", "Web/Inner"]
    assert list(stack.unreadable_templates()) == []


def test_constructs_are_asked_for_where_the_metadata_does_not_tell_them(tmp_path: Path) -> None:
    paths = {
        "Web.template.json": {"InnerResource": NESTED},
        "WebInner.nested.template.json": {"Task": "Web/Inner/Task/Resource"},
    }
    nested_stack(tmp_path, "unknown", TEMPLATE_FILE)
    stack = AssemblyStack.read("Web", tmp_path / "Web.template.json", None, None, paths.__getitem__)
    [nested] = stack.nested
    assert nested.construct_path_of("Task") == "Web/Inner/Task/Resource"


def test_a_resource_that_nobody_knows_is_named_by_its_logical_id(tmp_path: Path) -> None:
    assert write_stack(tmp_path, TASK).construct_path_of("Task") == "Web/Task"


def test_a_stack_that_others_deploy_gets_no_parameters_from_the_one_that_it_stands_in(
    tmp_path: Path,
) -> None:
    product = json.dumps({"Resources": TASK})
    (tmp_path / "WebProduct.product.template.json").write_text(product, encoding="utf-8")
    metadata = {
        "/Web/Product": entry("templateFile", "WebProduct.product.template.json"),
        "/Web/Product/Task/Resource": entry("logicalId", "Task"),
        "/Web/Other": entry("logicalId", "Task"),
    }
    stack = write_stack(tmp_path, TASK, metadata=metadata)
    [product_stack] = stack.detached
    assert product_stack.construct_path_of("Task") == "Web/Product/Task/Resource"
    assert stack.construct_path_of("Task") == "Web/Other"
    assert product_stack.account is None
    assert stack.nested == ()


@pytest.mark.parametrize(
    "resources",
    [[], {"Task": None}, {"Task": {"Type": None, "Properties": []}}, {"Fn::ForEach::A": ["x"]}],
    ids=["list", "nothing", "list of properties", "half a loop"],
)
def test_what_is_no_resource_is_passed_over(tmp_path: Path, resources: Any) -> None:
    (tmp_path / "Web.template.json").write_text(json.dumps({"Resources": resources}), "utf-8")
    stack = AssemblyStack.read("Web", tmp_path / "Web.template.json")
    assert list(stack.resources()) == []
    assert stack.nested == stack.detached == ()


def test_a_stack_is_known_by_what_deploys_it(tmp_path: Path) -> None:
    body = json.dumps({"Resources": TASK})
    for name in ("Product", "Sam", "Handed"):
        (tmp_path / f"{name}.template.json").write_text(body, encoding="utf-8")
    artifacts = [
        {"Info": {"LoadTemplateFromURL": "https://s3.amazonaws.com/Product.template.json"}}
    ]
    resources = {
        "Catalog": {
            "Type": "AWS::ServiceCatalog::CloudFormationProduct",
            "Properties": {"ProvisioningArtifactParameters": artifacts},
            "Metadata": {"aws:asset:path": "Product.template.json"},
        },
        "Set": {"Type": "AWS::CloudFormation::StackSet", "Properties": {"TemplateBody": body}},
        "Sam": {
            "Type": "AWS::Serverless::Application",
            "Properties": {"Location": "https://s3.amazonaws.com/sam.json"},
            "Metadata": {"aws:asset:path": "Sam.template.json"},
        },
    }
    metadata = {
        "/Web/Product": entry("templateFile", "Product.template.json"),
        "/Web/Handed": entry("templateFile", "Handed.template.json"),
    }
    stack = write_stack(tmp_path, resources, metadata=metadata)
    assert {each.construct_path: each.deployer for each in stack.detached} == {
        "Web/Product": SERVICE_CATALOG,
        "Web/Set": STACK_SETS,
        "Web/Handed": NOT_THE_APP,
    }
    assert [each.deployer for each in stack.nested] == [None]
