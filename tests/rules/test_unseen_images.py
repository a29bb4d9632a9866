"""What is brought into a template at deployment, where nobody looks for images."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from pinned_images.rules import Coverage
from tests.rules.assemblies import coverage, examined, said, task, write_stack

HASH = "b" * 64
ELSEWHERE = "https://s3.eu-west-1.amazonaws.com/templates/web.json"


def url(key: str) -> dict[str, Any]:
    return {"Fn::Sub": f"https://s3.${{AWS::Region}}.${{AWS::URLSuffix}}/assets/{key}"}


def nested(template_url: Any) -> dict[str, Any]:
    return {"Type": "AWS::CloudFormation::Stack", "Properties": {"TemplateURL": template_url}}


def product(template_url: Any) -> dict[str, Any]:
    artifacts = [{"Info": {"LoadTemplateFromURL": template_url}}]
    return {
        "Type": "AWS::ServiceCatalog::CloudFormationProduct",
        "Properties": {"ProvisioningArtifactParameters": artifacts},
    }


def stack_set(**properties: Any) -> dict[str, Any]:
    return {"Type": "AWS::CloudFormation::StackSet", "Properties": properties}


@pytest.mark.parametrize(
    ("resource", "location"),
    [
        (nested(ELSEWHERE), "TemplateURL"),
        (stack_set(TemplateURL=ELSEWHERE), "TemplateURL"),
        (stack_set(TemplateBody="Resources: {}\n"), "TemplateBody"),
        (product(ELSEWHERE), "ProvisioningArtifactParameters[0].Info.LoadTemplateFromURL"),
        (
            {"Type": "AWS::Serverless::Application", "Properties": {"Location": ELSEWHERE}},
            "Location",
        ),
        (
            {"Type": "AWS::CloudFormation::Stack", "Properties": {"Fn::Transform": {"Name": "A"}}},
            "Properties",
        ),
    ],
    ids=[
        "nested stack",
        "stack set",
        "stack set in YAML",
        "product",
        "serverless application",
        "properties of a macro",
    ],
)
def test_a_template_that_is_not_the_apps_is_a_warning(
    tmp_path: Path, resource: dict[str, Any], location: str
) -> None:
    [violation] = examined(write_stack(tmp_path, {"Other": resource})).violations
    assert (violation.rule.id, violation.rule.severity) == ("unseen-images", "warning")
    assert f"the template that {location} names" in violation.problem.what
    assert violation.construct_path == "Web/Other"


ROTATION = "arn:aws:serverlessrepo:us-east-1:297356227824:applications/SecretsManagerRDSMySQLX"
IN_CHINA = "arn:aws-cn:serverlessrepo:cn-north-1:193023089310:applications/SecretsManagerRDSMySQLX"


@pytest.mark.parametrize(
    ("application", "rules"),
    [
        (ROTATION, []),
        ({"Fn::FindInMap": ["SAR", {"Ref": "AWS::Partition"}, "id"]}, []),
        ({"Fn::FindInMap": ["SAR", {"Ref": "AWS::Partition"}, "other"]}, ["unseen-images"]),
        (ROTATION.replace("297356227824", "123456789012"), ["unseen-images"]),
        (ROTATION.replace("SecretsManager", "Other"), ["unseen-images"]),
        ({"Ref": "Application"}, ["unseen-images"]),
    ],
    ids=["text", "by partition", "another in one of them", "account", "name", "unknown"],
)
def test_the_rotation_of_a_secret_has_no_images(
    tmp_path: Path, application: Any, rules: list[str]
) -> None:
    """As `SecretRotation` and `add_rotation_single_user` render it."""
    location = {"ApplicationId": application, "SemanticVersion": "1.1.671"}
    resource = {"Type": "AWS::Serverless::Application", "Properties": {"Location": location}}
    partitions = {
        "aws": {"id": ROTATION, "other": ROTATION},
        "aws-cn": {"id": IN_CHINA, "other": "arn:aws-cn:serverlessrepo:x:1:applications/A"},
    }
    stack = write_stack(tmp_path, {"Rotation": resource}, Mappings={"SAR": partitions})
    assert [rule for rule, *_ in said(examined(stack))] == rules


@pytest.mark.parametrize("content", ["Resources: {}\n", "[1]", None], ids=["YAML", "list", "gone"])
def test_a_file_that_cannot_be_read_is_a_warning(tmp_path: Path, content: str | None) -> None:
    if content is not None:
        (tmp_path / "inner.yaml").write_text(content, encoding="utf-8")
    stack = write_stack(tmp_path, {"Other": nested(url(HASH))}, assets={HASH: "inner.yaml"})
    assert [rule for rule, *_ in said(examined(stack))] == ["unseen-images"]


@pytest.mark.parametrize("make", [nested, product], ids=["nested stack", "product"])
def test_images_in_a_template_that_is_a_file_asset_are_looked_at(tmp_path: Path, make: Any) -> None:
    inner = {"Resources": {"Task": task("nginx:1.27")}}
    (tmp_path / "asset.json").write_text(json.dumps(inner), encoding="utf-8")
    stack = write_stack(tmp_path, {"Other": make(url(f"{HASH}.json"))}, assets={HASH: "asset.json"})
    [(rule, path, description)] = said(examined(stack))
    assert (rule, path) == ("unpinned-image", "Web/Other/Task")
    assert description.startswith("The image nginx:1.27 at ")


def test_an_image_in_a_template_that_is_only_named_is_not_said_to_be_overridden(
    tmp_path: Path,
) -> None:
    inner = {"Resources": {"Task": task("nginx:1.27")}}
    (tmp_path / "asset.json").write_text(json.dumps(inner), encoding="utf-8")
    stack = write_stack(tmp_path, {"Other": nested(url(HASH))}, assets={HASH: "asset.json"})
    found = examined(stack, coverage(is_pinned=True))
    [violation] = found.violations
    assert violation.problem.fix == (
        "Write it as name:tag@sha256:... in that template, which a resource only names: PinImages "
        "changes the stacks of the app. A NestedStack, or CfnInclude with load_nested_stacks, "
        "makes it one of them."
    )
    [record] = found.overridden
    assert "a template that a resource only names" in str(record.reason)


def test_images_in_a_template_that_stands_in_another_are_looked_at(tmp_path: Path) -> None:
    body = json.dumps({"Resources": {"Task": task("nginx:1.27")}})
    stack = write_stack(tmp_path, {"Everywhere": stack_set(TemplateBody=body)})
    [(rule, path, _)] = said(examined(stack))
    assert (rule, path) == ("unpinned-image", "Web/Everywhere/Task")


def test_a_nested_template_gets_its_parameters_from_its_parent(tmp_path: Path) -> None:
    inner = {
        "Parameters": {"Image": {"Type": "String"}},
        "Resources": {"T": task({"Ref": "Image"})},
    }
    (tmp_path / "asset.json").write_text(json.dumps(inner), encoding="utf-8")
    resource = nested(url(HASH))
    resource["Properties"]["Parameters"] = {"Image": "nginx:1.27"}
    stack = write_stack(tmp_path, {"Other": resource}, assets={HASH: "asset.json"})
    [(rule, _, description)] = said(examined(stack))
    assert rule == "unpinned-image"
    assert description.startswith("The image nginx:1.27 at ")


def test_images_in_a_loop_are_looked_at(tmp_path: Path) -> None:
    loop = ["Name", ["A", "B"], {"Task${Name}": task("nginx:1.27")}]
    stack = write_stack(tmp_path, {"Fn::ForEach::Tasks": loop}, Transform="AWS::LanguageExtensions")
    [(rule, _, description)] = said(examined(stack))
    assert rule == "unpinned-image"
    assert description.startswith("The image nginx:1.27 at ")


def test_a_module_is_a_warning(tmp_path: Path) -> None:
    stack = write_stack(tmp_path, {"Service": {"Type": "Acme::Web::Service::MODULE"}})
    [(rule, path, description)] = said(examined(stack))
    assert (rule, path) == ("unseen-images", "Web/Service")
    assert "Acme::Web::Service::MODULE" in description


@pytest.mark.parametrize(
    ("sections", "names"),
    [
        ({"Transform": "Acme::Sidecars"}, ["Acme::Sidecars"]),
        ({"Transform": ["AWS::Serverless-2016-10-31", "Acme::Sidecars"]}, ["Acme::Sidecars"]),
        ({"Transform": {"Name": "AWS::Include", "Parameters": {}}}, ["AWS::Include"]),
        ({"Fn::Transform": {"Name": "Acme::Sidecars"}}, ["Acme::Sidecars"]),
        ({"Transform": "AWS::LanguageExtensions"}, []),
        ({"Transform": {"Fn::Select": [0, "x"]}}, []),
    ],
    ids=["one", "list", "include", "function", "harmless", "unknown"],
)
def test_a_macro_of_the_whole_template_is_a_warning(
    tmp_path: Path, sections: dict[str, Any], names: list[str]
) -> None:
    found = said(examined(write_stack(tmp_path, {}, **sections)))
    assert [(rule, path) for rule, path, _ in found] == [("unseen-images", "Web")] * len(names)
    assert all(name in found[index][2] for index, name in enumerate(names))


def test_a_macro_of_a_resource_with_images_is_a_warning(tmp_path: Path) -> None:
    macro = {"Fn::Transform": {"Name": "AWS::Include", "Parameters": {"Location": "s3://a/b"}}}
    resources = {
        "Task": task() | macro,
        "Topic": {"Type": "AWS::SNS::Topic", "Properties": {}} | macro,
    }
    [(rule, path, _)] = said(examined(write_stack(tmp_path, resources)))
    assert (rule, path) == ("unseen-images", "Web/Task")


def test_nothing_is_said_of_parts_that_need_no_pinning(tmp_path: Path) -> None:
    stack = write_stack(tmp_path, {"Other": nested(ELSEWHERE)}, Transform="Acme::Sidecars")
    elsewhere = Coverage(["Reports"], coverage().policy)
    assert said(examined(stack, elsewhere)) == []
