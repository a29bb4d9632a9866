"""Every image property of every resource type, in each form that resources come in."""

from __future__ import annotations

import re
from importlib.metadata import version

import pytest

from pinned_images import PinImages
from pinned_images.cloudformation.catalog import Catalog, ImageProperty
from pinned_images.testing import FixedResolver, SynthesizedApp, synthesize
from tests.synth.every_type.app import ENVIRONMENT, FORMS, TEMPLATES, every_type_app
from tests.synth.every_type.typed import is_typed
from tests.synth.image_values import image_values
from tests.synth.synthesis import cfn_lint

#: What an older version has no class for, or no property, is a plain resource there.
AWS_CDK_LIB = tuple(map(int, version("aws-cdk-lib").split(".")[:2]))
DIGEST = re.compile("@sha256:[0-9a-f]{64}")


@pytest.fixture(scope="module")
def pinned_app(tmp_path_factory: pytest.TempPathFactory) -> SynthesizedApp:
    app = every_type_app(tmp_path_factory.mktemp("every_type"))
    PinImages.apply_to(app, resolver=FixedResolver.derived())
    return synthesize(app)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(
    "image_property",
    Catalog.default().properties,
    ids=lambda each: f"{each.resource_type} {each.path}",
)
def test_every_path_is_pinned_in_the_style_that_its_service_takes(
    pinned_app: SynthesizedApp, image_property: ImageProperty, form: str
) -> None:
    written = [
        value for template in TEMPLATES.values() for value in image_values(template, image_property)
    ]
    pinned = [
        value
        for name in TEMPLATES
        for value in image_values(pinned_app.template(f"{form}-{name}"), image_property)
    ]
    assert written, "add a resource with this property to the templates in tests/synth/every_type"
    if image_property.style == "digest":
        written = [value.rpartition(":")[0] for value in written]
    assert [DIGEST.sub("", value) for value in pinned] == written
    takes_digests = image_property.style != "tag"
    assert [len(DIGEST.findall(value)) for value in pinned] == [
        (value.count('"image":') or 1) * takes_digests for value in written
    ]


def test_all_but_custom_resources_are_typed() -> None:
    untyped = {
        resource["Type"]
        for template in TEMPLATES.values()
        for resource in template["Resources"].values()
        if not is_typed(resource["Type"], resource["Properties"])
    }
    newer = {"AWS::ElasticBeanstalk::ApplicationVersion"} if AWS_CDK_LIB < (2, 275) else set()
    assert untyped - newer == {
        "Custom::AWSCDK-EKS-KubernetesPatch",
        "Custom::AWSCDK-EKS-KubernetesResource",
        "Custom::CDKECRDeployment",
    }


def test_the_templates_pass_cfn_lint(pinned_app: SynthesizedApp) -> None:
    templates = list(pinned_app.directory.glob("*.template.json"))
    assert len(templates) == len(FORMS) * len(TEMPLATES)
    assert cfn_lint(pinned_app, str(ENVIRONMENT.region)) == []
