"""Kubernetes objects that CDK's clusters write into templates as text."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from aws_cdk import App, Aws, CfnCondition, CfnResource, Environment, Fn, Stack, Token
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_eks as eks
from aws_cdk import aws_eks_v2 as eks_v2
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_ssm as ssm

from pinned_images import PinImages
from pinned_images.report.synth_report import SiteRecord, SynthReport
from pinned_images.testing import FixedResolver, SynthesizedApp, synthesize
from tests.synth.synthesis import plugin_report

ENVIRONMENT = Environment(account="123456789012", region="eu-west-1")
REGISTRY = "123456789012.dkr.ecr.eu-west-1.amazonaws.com"
ROLE = "arn:aws:iam::123456789012:role/kubectl"
LAYER = "arn:aws:lambda:eu-west-1:123456789012:layer:kubectl:1"
DIGEST = re.compile("@sha256:[0-9a-f]{64}")

Manifest = Mapping[str, Any]


def pod(image: str, **more: Any) -> Manifest:
    containers = [{"name": "web", "image": image, **more}]
    return {"apiVersion": "v1", "kind": "Pod", "spec": {"containers": containers}}


def of_every_kind(_: Stack) -> list[Manifest]:
    template = {
        "spec": {
            "initContainers": [{"name": "migrate", "image": "acme/migrate:9"}],
            "containers": [{"name": "web", "image": "nginx:1.27"}],
            "volumes": [{"name": "model", "image": {"reference": "quay.io/acme/model:3"}}],
        }
    }
    return [
        {"apiVersion": "apps/v1", "kind": "Deployment", "spec": {"template": template}},
        {"kind": "CronJob", "spec": {"jobTemplate": {"spec": {"template": template}}}},
        {"kind": "ConfigMap", "data": {"image": "nginx:1.27"}},
    ]


def in_a_repository(stack: Stack) -> list[Manifest]:
    repository = ecr.Repository(stack, "Repository", repository_name="shop")
    return [pod(repository.repository_uri_for_tag("2"))]


def between_tokens(_: Stack) -> list[Manifest]:
    text = '"${Name}" \\ é\n'
    environment = [{"name": "REGION", "value": Aws.REGION}, {"name": "TEXT", "value": text}]
    return [pod("nginx:1.27", env=environment, args=[Aws.STACK_ID])]


def by_a_condition(stack: Stack) -> list[Manifest]:
    large = CfnCondition(stack, "Large", expression=Fn.condition_equals(Aws.REGION, "eu-west-1"))
    version = Token.as_string(Fn.condition_if(large.logical_id, "1.27", "1.26"))
    return [pod(f"nginx:{version}")]


def by_substitution(_: Stack) -> list[Manifest]:
    return [pod(Fn.sub("${AWS::AccountId}.dkr.ecr.${AWS::Region}.${AWS::URLSuffix}/shop:3"))]


def from_a_parameter(stack: Stack) -> list[Manifest]:
    return [pod(ssm.StringParameter.value_for_string_parameter(stack, "/images/web"))]


MODEL = "quay.io/acme/model:3"
CASES: dict[str, tuple[Callable[[Stack], list[Manifest]], list[str]]] = {
    "OfEveryKind": (of_every_kind, ["acme/migrate:9", "nginx:1.27", MODEL] * 2),
    "InARepository": (in_a_repository, [f"{REGISTRY}/shop:2"]),
    "BetweenTokens": (between_tokens, ["nginx:1.27"]),
    "ByACondition": (by_a_condition, ["nginx:1.27", "nginx:1.26"]),
    "BySubstitution": (by_substitution, [f"{REGISTRY}/shop:3"]),
    "FromAParameter": (from_a_parameter, ["redis:7"]),
}


def imported_cluster(stack: Stack) -> eks.ICluster:
    layer = lambda_.LayerVersion.from_layer_version_arn(stack, "Layer", LAYER)
    return eks.Cluster.from_cluster_attributes(
        stack, "Cluster", cluster_name="cluster", kubectl_role_arn=ROLE, kubectl_layer=layer
    )


def new_cluster(stack: Stack) -> eks_v2.Cluster:
    layer = lambda_.LayerVersion.from_layer_version_arn(stack, "Layer", LAYER)
    return eks_v2.Cluster(
        stack,
        "Cluster",
        version=eks_v2.KubernetesVersion.V1_32,
        vpc=ec2.Vpc(stack, "Vpc"),
        default_capacity_type=eks_v2.DefaultCapacityType.NODEGROUP,
        default_capacity=0,
        kubectl_provider_options=eks_v2.KubectlProviderOptions(kubectl_layer=layer),
    )


CLUSTERS: dict[str, Callable[[Stack], Any]] = {"Imported": imported_cluster, "New": new_cluster}


def app_of(outdir: Path) -> App:
    app = App(outdir=str(outdir))
    for kind, make in CLUSTERS.items():
        stack = Stack(app, kind, env=ENVIRONMENT)
        cluster = make(stack)
        for name, (case, _) in CASES.items():
            cluster.add_manifest(name, *case(stack))
    return app


@pytest.fixture(scope="module")
def apps(tmp_path_factory: pytest.TempPathFactory) -> tuple[SynthesizedApp, SynthesizedApp]:
    """The app as it is, and the app with its images pinned."""
    plain, pinned = (app_of(tmp_path_factory.mktemp(name)) for name in ("plain", "pinned"))
    PinImages.apply_to(
        pinned, resolver=FixedResolver.derived(), ssm_parameters={"/images/web": "redis:7"}
    )
    return synthesize(plain), synthesize(pinned)


def manifests(template: Mapping[str, Any]) -> list[str]:
    """The JSON of each manifest property."""
    return [
        json.dumps(resource["Properties"]["Manifest"])
        for resource in template["Resources"].values()
        if resource["Type"] == "Custom::AWSCDK-EKS-KubernetesResource"
    ]


@pytest.mark.parametrize("kind", CLUSTERS)
@pytest.mark.parametrize("name", CASES)
def test_the_images_of_manifests_are_pinned(
    apps: tuple[SynthesizedApp, SynthesizedApp], name: str, kind: str
) -> None:
    records: list[SiteRecord] = [
        record
        for record in SynthReport.read(apps[1].directory).records
        if record.construct_path.startswith(f"{kind}/Cluster/manifest-{name}/")
    ]
    expected = sorted(CASES[name][1])
    assert sorted(record.reference for record in records) == expected
    assert sorted(DIGEST.sub("", str(record.pinned)) for record in records) == expected


@pytest.mark.parametrize("kind", CLUSTERS)
def test_the_rest_of_manifests_is_as_it_was(
    apps: tuple[SynthesizedApp, SynthesizedApp], kind: str
) -> None:
    plain, pinned = (manifests(app.template(kind)) for app in apps)
    assert len(plain) == len(CASES)
    for before, after in zip(plain, pinned, strict=True):
        assert DIGEST.search(after)
        if "Fn::If" not in before and "SsmParameter" not in before and "Fn::Sub" not in before:
            assert DIGEST.sub("", after) == before


def test_patches_are_pinned(tmp_path: Path) -> None:
    app = App(outdir=str(tmp_path))
    stack = Stack(app, "Web", env=ENVIRONMENT)
    eks.KubernetesPatch(
        stack,
        "Patch",
        cluster=imported_cluster(stack),
        resource_name="deployment/web",
        apply_patch=pod("nginx:1.28"),
        restore_patch=pod("nginx:1.27"),
    )
    PinImages.apply_to(app, resolver=FixedResolver.derived())
    pinned = {
        record.property_path.split()[0]: DIGEST.sub("", str(record.pinned))
        for record in SynthReport.read(synthesize(app).directory).records
    }
    assert pinned == {"ApplyPatchJson": "nginx:1.28", "RestorePatchJson": "nginx:1.27"}


def test_an_image_that_cannot_be_known_is_named_by_its_place(tmp_path: Path) -> None:
    app = App(outdir=str(tmp_path))
    stack = Stack(app, "Web", env=ENVIRONMENT)
    bucket = CfnResource(stack, "Bucket", type="AWS::S3::Bucket")
    imported_cluster(stack).add_manifest("Pods", pod("nginx:1.27"), pod(f"shop:{bucket.ref}"))
    PinImages.apply_to(app, resolver=FixedResolver.derived())
    [error] = synthesize(app, check=False).errors
    assert "shop:${Bucket} at Manifest [1].spec.containers[0].image cannot be pinned" in error


PROMETHEUS = {
    "apiVersion": "monitoring.coreos.com/v1",
    "kind": "Prometheus",
    "spec": {"image": "quay.io/prometheus/prometheus:v2.53.0"},
}
POLICY = {
    "apiVersion": "kyverno.io/v1",
    "kind": "ClusterPolicy",
    "spec": {"rules": [{"validate": {"pattern": pod("!*:latest")}}]},
}
WIDGET: Manifest = {
    "apiVersion": "apps.example.com/v1",
    "kind": "Widget",
    "spec": {"image": "acme/widget:1", "agentImage": "acme/agent:1"},
}


def test_images_of_custom_kinds(tmp_path: Path) -> None:
    app = App(outdir=str(tmp_path))
    stack = Stack(app, "Web", env=ENVIRONMENT)
    repository = ecr.Repository(stack, "Repository", repository_name="shop")
    own = {**WIDGET, "spec": {**WIDGET["spec"], "image": repository.repository_uri_for_tag("2")}}
    blank = pod(" ", env=[{"name": "RELATED_IMAGE_X", "value": "quay.io/acme/x:1"}])
    cluster = imported_cluster(stack)
    cluster.add_manifest("Objects", PROMETHEUS, POLICY, own, pod("auto"), blank)
    PinImages.apply_to(
        app,
        resolver=FixedResolver.derived(),
        properties={"apps.example.com/Widget": ["spec.image"]},
    )
    synthesized = synthesize(app)
    records = SynthReport.read(synthesized.directory).records
    assert [
        (record.property_path, DIGEST.sub("@", str(record.pinned)), record.reason)
        for record in records
    ] == [
        ("Manifest [0].spec.image", "quay.io/prometheus/prometheus:v2.53.0@", None),
        (
            "Manifest [1].spec.rules[0].validate.pattern.spec.containers[0].image",
            "None",
            "It is part of a Kyverno policy, which runs no image itself.",
        ),
        ("Manifest [2].spec.image", f"{REGISTRY}/shop:2@", None),
        (
            "Manifest [3].spec.containers[0].image",
            "None",
            "A placeholder, which Istio's sidecar injection replaces by its proxy.",
        ),
        ("Manifest [4].spec.containers[0].env[0].value", "quay.io/acme/x:1@", None),
    ]
    (manifest,) = manifests(synthesized.template("Web"))
    assert '\\"image\\":\\"!*:latest\\"' in manifest
    [warning] = plugin_report(synthesized)["violations"]
    assert warning["severity"] == "warning"
    image = "The image acme/agent:1 at Manifest [2].spec.agentImage is not pinned"
    assert warning["description"].startswith(image)
    assert "properties={'apps.example.com/Widget': ['spec.agentImage']}" in str(warning)
