"""What the warning of an unlisted image says to do, done: the image is pinned, the warning gone."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Mapping

from aws_cdk import App, Aws, CfnResource, CustomResource, Environment, Stack, custom_resources
from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_stepfunctions as stepfunctions

from pinned_images import PinImages
from pinned_images.testing import FixedResolver
from tests.synth.synthesis import Synthesize, plugin_report

_PROPERTIES = re.compile(r"properties=(\{[^;]*\})")


def app_with(properties: Mapping[str, list[str]]) -> App:
    """An app with images where none are looked for, each of which `PinImages` could pin."""
    app = App()
    environment = Environment(account="123456789012", region="eu-west-1")
    stack = Stack(app, "Web", env=environment)
    repository = ecr.Repository(stack, "Repository", repository_name="shop/worker")
    CustomResource(
        stack,
        "Custom",
        service_token="arn:aws:lambda:eu-west-1:123456789012:function:deploy",
        resource_type="Custom::Deployment",
        properties={
            "Image": repository.repository_uri_for_tag("v1"),
            "Spec": {"Sidecars": [{"SidecarImage": "nginx:1.27"}, {"SidecarImage": "redis:7"}]},
            "Images": ["ghcr.io/acme/one:1", "ghcr.io/acme/two:1"],
            "SrcImage": "docker://quay.io/acme/source:1",
        },
    )
    lambda_.Function(
        stack,
        "Function",
        code=lambda_.Code.from_inline("pass"),
        handler="index.handler",
        runtime=lambda_.Runtime.PYTHON_3_13,
        environment={"JOB_IMAGE": "acme/job:1"},
    )
    stepfunctions.CfnStateMachine(
        stack,
        "Machine",
        role_arn="arn:aws:iam::123456789012:role/machine",
        definition={"States": {"Run": {"Parameters": {"Image": "acme/step:1"}}}},
    )
    state = {
        "Type": "Task",
        "Resource": "arn:aws:states:::sagemaker:createTrainingJob",
        "Parameters": {
            "AlgorithmSpecification": {"TrainingImage": repository.repository_uri_for_tag("v2")},
            "Environment": {"SIDE_IMAGE": "acme/side:1"},
            "TrainingJobName": Aws.STACK_NAME,
        },
    }
    chain = stepfunctions.CustomState(stack, "Train it", state_json=state)
    body = stepfunctions.DefinitionBody.from_chainable(chain)
    stepfunctions.StateMachine(stack, "Training", definition_body=body)
    containers = [{"name": "web", "image": "acme/registered:1"}]
    call = custom_resources.AwsSdkCall(
        service="ECS",
        action="registerTaskDefinition",
        parameters={"family": "web", "containerDefinitions": containers},
        physical_resource_id=custom_resources.PhysicalResourceId.of("web"),
    )
    custom_resources.AwsCustomResource(
        stack,
        "Call",
        on_create=call,
        policy=custom_resources.AwsCustomResourcePolicy.from_sdk_calls(resources=["*"]),
    )
    CfnResource(stack, "Raw", type="Acme::New::Thing", properties={"ImageUri": "acme/new:1"})
    PinImages.apply_to(app, resolver=FixedResolver.derived(), properties=properties)
    return app


def test_the_properties_that_warnings_name_are_pinned_and_warned_of_no_more(
    synthesize: Synthesize,
) -> None:
    before = plugin_report(synthesize(app_with({}), check=False))["violations"]
    assert {each["ruleName"] for each in before} == {"unlisted-image"}
    assert len(before) == 6
    properties: dict[str, list[str]] = {}
    for violation in before:
        named = _PROPERTIES.search(violation["suggestedFix"])
        assert named is not None, violation
        for owner, paths in ast.literal_eval(named[1]).items():
            properties.setdefault(owner, []).extend(paths)
    assert properties["Custom::Deployment"] == [
        "Image",
        "Spec.Sidecars[].SidecarImage",
        "Images[]",
        "SrcImage",
    ]
    assert properties["Custom::AWS"] == ["Create.parameters.containerDefinitions[].image"]
    after = synthesize(app_with(properties))
    report = (after.directory / "validation-report.json").read_text(encoding="utf-8")
    assert "unlisted-image" not in report
    text = (after.directory / "Web.template.json").read_text(encoding="utf-8")
    for image in ("/{ref}:v1", "nginx:1.27", "redis:7", "one:1", "two:1", "job:1", "step:1"):
        tail = re.escape(image.partition("{ref}")[2] or image)
        assert re.search(rf"{tail}@sha256:[0-9a-f]{{64}}", text), image
    assert re.search(r"acme/new:1@sha256:", text)
    assert re.search(r"docker://quay.io/acme/source:1@sha256:", text)
    # In texts the digest takes the tag's place: their services may take nothing else.
    for name in ("acme/registered", "acme/side"):
        assert re.search(rf"{name}@sha256:[0-9a-f]{{64}}", text), name
    definition = after.template("Web")["Resources"]
    assert re.search(r'\{"Ref": "Repository[0-9A-F]{8}"\}, "@sha256:', json.dumps(definition))
