"""Images that stay as they are: for whom, why, until when, and what the report says of it."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import pytest
from aws_cdk import App, CfnParameter, CfnResource, Stack, Stage
from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_ecs as ecs
from aws_cdk import aws_eks as eks
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_servicecatalog as servicecatalog
from aws_cdk.cloudformation_include import CfnInclude
from constructs import IConstruct

from pinned_images import Exemption, PinImages
from pinned_images.testing import FixedResolver
from pinned_images.testing.synthesized import SynthesizedApp
from tests.synth.synthesis import Synthesize, plugin_report
from tests.synth.tasks import (
    TYPE,
    acknowledge,
    high_level_task,
    images,
    is_pinned,
    scopes_of_a_task,
    typed_task,
)

RESOLVER = FixedResolver.derived()
PATTERN = "docker.io/library/nginx:*"
REASON = "The vendor moves in spring."


def reported(app: SynthesizedApp) -> list[tuple[str, str, str | None]]:
    """Construct, who resolved it, and why it is exempt, of each image in the report."""
    report = json.loads((app.directory / "pinned-images.json").read_text(encoding="utf-8"))
    return [
        (image["constructPath"], image["resolvedBy"], image.get("reason"))
        for image in report["images"]
    ]


@pytest.mark.parametrize("at", ["container", "task", "stack", "stage", "app"])
def test_an_acknowledged_image_stays_as_it_is_and_stands_in_the_report(
    synthesize: Synthesize, at: str
) -> None:
    app = App()
    acknowledge(scopes_of_a_task(app)[at], REASON)
    PinImages.apply_to(app, resolver=FixedResolver({}))
    result = synthesize(app)
    assert images(result)["Production/Web"] == ["nginx:1.27"]
    assert reported(result) == [("Production/Web/Task/Resource", "exempt", REASON)]


def test_an_acknowledged_container_may_have_another_name_than_its_construct(
    synthesize: Synthesize,
) -> None:
    app = App()
    task = high_level_task(Stack(app, "Web"))
    proxy = task.add_container(
        "sidecar", container_name="proxy", image=ecs.ContainerImage.from_registry("envoy:1")
    )
    acknowledge(proxy)
    PinImages.apply_to(app, resolver=RESOLVER)
    pinned, left = images(synthesize(app))["Web"]
    assert is_pinned(pinned)
    assert left == "envoy:1"


def test_the_nearest_acknowledgement_gives_the_reason(synthesize: Synthesize) -> None:
    app = App()
    stack = Stack(app, "Web")
    task = high_level_task(stack)
    acknowledge(stack, "All of it is a demo.")
    acknowledge(task, "Follows its tag.")
    PinImages.apply_to(app, resolver=RESOLVER)
    assert reported(synthesize(app)) == [("Web/Task/Resource", "exempt", "Follows its tag.")]


def test_an_image_that_is_exempt_by_pattern_stays_and_others_are_pinned(
    synthesize: Synthesize,
) -> None:
    app = App()
    task = high_level_task(Stack(app, "Web"))
    task.add_container("other", image=ecs.ContainerImage.from_registry("redis:7"))
    PinImages.apply_to(app, resolver=RESOLVER, exempt={PATTERN: REASON})
    result = synthesize(app)
    left, pinned = images(result)["Web"]
    assert left == "nginx:1.27"
    assert is_pinned(pinned)
    assert ("Web/Task/Resource", "exempt", REASON) in reported(result)


PLACEHOLDER = "${Image}"
WRITTEN = {"Name": "own", "Image": "redis:7"}


def raw(stack: Stack) -> IConstruct:
    properties = {"ContainerDefinitions": [WRITTEN, {"Name": "other", "Image": PLACEHOLDER}]}
    return CfnResource(stack, "Raw", type=TYPE, properties=properties)


def typed(stack: Stack) -> IConstruct:
    return typed_task(stack, "Typed", "redis:7", PLACEHOLDER)


def included(stack: Stack, folder: Path) -> IConstruct:
    properties = {"ContainerDefinitions": [WRITTEN, {"Name": "other", "Image": PLACEHOLDER}]}
    file = folder / "included.json"
    file.write_text(json.dumps({"Resources": {"Task": {"Type": TYPE, "Properties": properties}}}))
    return CfnInclude(stack, "Included", template_file=str(file)).get_resource("Task")


def manifest(stack: Stack) -> IConstruct:
    cluster = eks.Cluster.from_cluster_attributes(
        stack,
        "Cluster",
        cluster_name="cluster",
        kubectl_role_arn="arn:aws:iam::123456789012:role/kubectl",
        kubectl_layer=lambda_.LayerVersion.from_layer_version_arn(
            stack, "Layer", "arn:aws:lambda:eu-west-1:123456789012:layer:kubectl:1"
        ),
    )
    containers = [{"name": "own", "image": "redis:7"}, {"name": "other", "image": PLACEHOLDER}]
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {}, "spec": {"containers": containers}}
    return cluster.add_manifest("Pod", pod)


def test_an_acknowledgement_covers_what_cannot_be_pinned_and_not_its_neighbours(
    synthesize: Synthesize, tmp_path: Path
) -> None:
    app = App()
    stacks = {name: Stack(app, name) for name in ("Raw", "Typed", "Included", "Manifest", "Task")}
    acknowledge(raw(stacks["Raw"]), REASON)
    acknowledge(typed(stacks["Typed"]), REASON)
    acknowledge(included(stacks["Included"], tmp_path), REASON)
    acknowledge(manifest(stacks["Manifest"]), REASON)
    task = high_level_task(stacks["Task"], image="redis:7")
    image = CfnParameter(stacks["Task"], "Image").value_as_string
    task.add_container("other", image=ecs.ContainerImage.from_registry(image))
    acknowledge(task, REASON)
    PinImages.apply_to(app, resolver=RESOLVER)
    report = json.loads((synthesize(app).directory / "pinned-images.json").read_text("utf-8"))
    found = sorted(
        (image["stack"], image["resolvedBy"], image.get("reason")) for image in report["images"]
    )
    assert found == sorted(
        (stack, *each) for stack in stacks for each in (("fixed", None), ("exempt", REASON))
    )
    assert report["images"]


@pytest.mark.parametrize("at", ["stack", "stage", "app"])
def test_an_acknowledgement_of_a_stack_or_above_covers_all_of_it(
    synthesize: Synthesize, at: str
) -> None:
    app = App()
    scopes = scopes_of_a_task(app)
    stack = scopes["stack"]
    assert isinstance(stack, Stack)
    typed(stack)
    acknowledge(scopes[at], REASON)
    PinImages.apply_to(app, resolver=FixedResolver({}))
    result = synthesize(app)
    assert images(result)["Production/Web"] == ["nginx:1.27", "redis:7", PLACEHOLDER]
    assert {resolved_by for _, resolved_by, _ in reported(result)} == {"exempt"}


def not_a_word_of_the_gate(app: SynthesizedApp) -> bool:
    report = json.loads((app.directory / "validation-report.json").read_text(encoding="utf-8"))
    return "pinned-images" not in {each["pluginName"] for each in report["pluginReports"]}


#: Images whose names cannot be known, how the report shows them, and a pattern for them.
UNKNOWN = {
    "text": ("${Image}", "${Image}"),
    "text with brackets": ("$[params.image]", "$[params.image]"),
    "placeholder": ("$(params.image)", "$(params.*"),
    "part of it": ("registry.example/team/$VERSION:1", "registry.example/team/*"),
}


def test_a_pattern_is_compared_with_what_is_written_where_there_is_no_reference(
    synthesize: Synthesize,
) -> None:
    app = App()
    stack = Stack(app, "Web")
    for number, (written, _) in enumerate(UNKNOWN.values()):
        typed_task(stack, f"Task{number}", written)
    PinImages.apply_to(
        app, resolver=RESOLVER, exempt={pattern: REASON for _, pattern in UNKNOWN.values()}
    )
    result = synthesize(app)
    assert images(result)["Web"] == [written for written, _ in UNKNOWN.values()]
    assert {resolved_by for _, resolved_by, _ in reported(result)} == {"exempt"}
    assert not_a_word_of_the_gate(result)


def test_a_repository_without_a_name_is_shown_by_its_path_and_exempt_by_that(
    synthesize: Synthesize,
) -> None:
    app = App(context={"aws:cdk:enable-path-metadata": True})
    own = ecr.Repository(Stack(app, "Repos"), "Own")
    for name in ("Web", "Api"):
        task = ecs.FargateTaskDefinition(Stack(app, name), "Task")
        task.add_container("app", image=ecs.ContainerImage.from_ecr_repository(own, "v1"))
    PinImages.apply_to(app, resolver=RESOLVER, exempt={"<repository Repos/Own>:*": REASON})
    result = synthesize(app)
    report = json.loads((result.directory / "pinned-images.json").read_text("utf-8"))
    assert [image["reference"] for image in report["images"]] == ["<repository Repos/Own>:v1"] * 2
    assert {resolved_by for _, resolved_by, _ in reported(result)} == {"exempt"}
    assert not_a_word_of_the_gate(result)


def test_a_pattern_that_is_over_is_told_of_an_image_without_a_name_too(
    synthesize: Synthesize,
) -> None:
    app = App()
    typed_task(Stack(app, "Web"), "Task", PLACEHOLDER)
    exempt = {PLACEHOLDER: Exemption(REASON, expires=date(2020, 1, 31))}
    PinImages.apply_to(app, resolver=RESOLVER, exempt=exempt)
    [error] = synthesize(app, check=False).errors
    assert "2020-01-31" in error


def test_a_pattern_holds_where_nobody_can_know_the_account(synthesize: Synthesize) -> None:
    """A product is launched in an account that is not known when its template is read."""
    app = App()
    product = servicecatalog.ProductStack(Stack(app, "Catalog"), "Product")
    repository = ecr.Repository.from_repository_name(product, "Repository", "web")
    task = ecs.FargateTaskDefinition(product, "Task")
    task.add_container("app", image=ecs.ContainerImage.from_ecr_repository(repository, "v1"))
    PinImages.apply_to(app, resolver=FixedResolver({}), exempt={"*.dkr.ecr.*/web:v1": REASON})
    result = synthesize(app)
    assert [resolved_by for _, resolved_by, _ in reported(result)] == ["exempt"]


def app_with_expiry(expires: date) -> App:
    app = App()
    high_level_task(Stack(app, "Web"))
    exempt = {PATTERN: Exemption(REASON, expires=expires)}
    PinImages.apply_to(app, resolver=RESOLVER, exempt=exempt)
    return app


def test_an_exemption_holds_until_its_day(synthesize: Synthesize) -> None:
    result = synthesize(app_with_expiry(date(2999, 12, 31)))
    assert images(result)["Web"] == ["nginx:1.27"]


def test_an_exemption_that_is_over_is_an_error_that_names_all_of_it(
    synthesize: Synthesize,
) -> None:
    result = synthesize(app_with_expiry(date(2020, 1, 31)), check=False)
    [error] = result.errors
    for part in ("nginx:1.27", PATTERN, REASON.rstrip("."), "2020-01-31"):
        assert part in error
    [(_, resolved_by, reason)] = reported(result)
    assert resolved_by == "failed"
    assert reason is not None
    assert "2020-01-31" in reason


def test_a_pattern_that_matches_nothing_any_more_is_a_warning_for_the_whole_app(
    synthesize: Synthesize,
) -> None:
    app = App()
    high_level_task(Stack(app, "Web"))
    high_level_task(Stack(Stage(app, "Production"), "Web"), image="redis:7")
    exempt = {PATTERN: "A demo.", "docker.io/library/httpd:*": "It was here."}
    PinImages.apply_to(app, resolver=RESOLVER, exempt=exempt)
    result = synthesize(app)
    [violation] = plugin_report(result)["violations"]
    assert (violation["ruleName"], violation["severity"]) == ("unused-exemption", "warning")
    assert "'docker.io/library/httpd:*' (It was here)" in violation["description"]


def following_its_tag(app: App) -> None:
    task = ecs.FargateTaskDefinition(Stack(app, "Web"), "Task")
    task.add_container(
        "app",
        image=ecs.ContainerImage.from_registry("nginx:1.27"),
        version_consistency=ecs.VersionConsistency.DISABLED,
    )


def test_a_container_that_follows_its_tag_is_pinned(synthesize: Synthesize) -> None:
    app = App()
    following_its_tag(app)
    PinImages.apply_to(app, resolver=RESOLVER)
    assert list(map(is_pinned, images(synthesize(app))["Web"])) == [True]


def test_a_container_that_follows_its_tag_may_be_left_and_stands_in_the_report(
    synthesize: Synthesize,
) -> None:
    app = App()
    following_its_tag(app)
    PinImages.apply_to(app, resolver=FixedResolver({}), version_consistency="respect")
    result = synthesize(app)
    assert images(result)["Web"] == ["nginx:1.27"]
    [(_, resolved_by, reason)] = reported(result)
    assert resolved_by == "exempt"
    assert reason is not None
    assert "versionConsistency" in reason
