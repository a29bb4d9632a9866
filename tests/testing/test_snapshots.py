"""Snapshots of templates read well in a review."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from syrupy.assertion import SnapshotAssertion

from pinned_images import ConfigurationError
from pinned_images.testing import JsonTemplateSnapshotExtension, TemplateSnapshotExtension, masking

HASH = "0a" * 32
DIGEST = f"sha256:{'1b' * 32}"
TEMPLATE = {
    "Resources": {
        "Worker": {
            "Type": "AWS::ECS::TaskDefinition",
            "Properties": {
                "ContainerDefinitions": [
                    {"Name": "web", "Image": f"nginx:1.25@{DIGEST}"},
                    {"Name": "worker", "Image": {"Fn::Sub": f"${{Registry}}/assets:{HASH}"}},
                ],
                "Cpu": "256",
            },
        },
        "Function": {
            "Type": "AWS::Lambda::Function",
            "Properties": {
                "Code": {"S3Bucket": "assets", "S3Key": f"{HASH}.zip"},
                "Description": "Zählt die Aufträge.",
                "Environment": {"Variables": {"CONFIGURATION": "[log]\nlevel = info\n"}},
                "Tags": [],
            },
        },
    },
    "Outputs": {},
}


class AsCdkGivesIt:
    """What is used of `aws_cdk.assertions.Template`."""

    def to_json(self) -> dict[str, Any]:
        return TEMPLATE


def test_a_template_is_yaml_with_sorted_keys_and_multi_line_blocks(
    template_snapshot: SnapshotAssertion,
) -> None:
    assert template_snapshot == TEMPLATE


def test_a_template_may_be_json(snapshot: SnapshotAssertion) -> None:
    assert snapshot.use_extension(JsonTemplateSnapshotExtension) == TEMPLATE


def test_asset_hashes_and_digests_are_masked_on_request(
    template_snapshot: SnapshotAssertion,
) -> None:
    assert template_snapshot(matcher=masking(asset_hashes=True, digests=True)) == TEMPLATE


@pytest.mark.parametrize("extension", [TemplateSnapshotExtension, JsonTemplateSnapshotExtension])
def test_the_text_holds_the_template_and_no_more(
    extension: type[JsonTemplateSnapshotExtension],
) -> None:
    assert yaml.safe_load(extension().serialize(TEMPLATE)) == TEMPLATE


def test_templates_are_taken_as_cdk_gives_them_and_from_files(tmp_path: Path) -> None:
    file = tmp_path / "Web.template.json"
    file.write_text(json.dumps(TEMPLATE), encoding="utf-8")
    extension = TemplateSnapshotExtension()
    texts = {extension.serialize(form) for form in (TEMPLATE, AsCdkGivesIt(), file, str(file))}
    assert len(texts) == 1


def test_the_text_does_not_depend_on_the_order_of_keys() -> None:
    def turned(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: turned(value[key]) for key in reversed(value)}
        return [turned(item) for item in value] if isinstance(value, list) else value

    extension = TemplateSnapshotExtension()
    assert extension.serialize(turned(TEMPLATE)) == extension.serialize(TEMPLATE)


def test_a_part_that_stands_twice_is_written_twice() -> None:
    tags = [{"Key": "team", "Value": "web"}]
    text = TemplateSnapshotExtension().serialize({"A": tags, "B": tags})
    assert text.count("team") == 2
    assert "&" not in text


@pytest.mark.parametrize(
    ("options", "text", "masked"),
    [
        ({}, f"{HASH}.zip {DIGEST}", f"{HASH}.zip {DIGEST}"),
        ({"asset_hashes": True}, f"{HASH}.zip", "<asset-hash>.zip"),
        ({"asset_hashes": True}, f"asset.{HASH}", "asset.<asset-hash>"),
        ({"asset_hashes": True}, f"host/assets:{HASH}", "host/assets:<asset-hash>"),
        ({"asset_hashes": True}, f"nginx:1@{DIGEST}", f"nginx:1@{DIGEST}"),
        ({"asset_hashes": True}, f"{HASH}{HASH}", f"{HASH}{HASH}"),
        ({"digests": True}, f"nginx:1@{DIGEST}", "nginx:1@sha256:<digest>"),
        ({"digests": True}, f"nginx@sha512:{HASH * 2}", "nginx@sha512:<digest>"),
        ({"digests": True}, f"host/assets:{HASH}", f"host/assets:{HASH}"),
    ],
)
def test_masks_cover_what_they_name_alone(options: dict[str, bool], text: str, masked: str) -> None:
    serialized = TemplateSnapshotExtension().serialize({"Text": text}, matcher=masking(**options))
    assert yaml.safe_load(serialized) == {"Text": masked}


def test_masks_leave_numbers_alone() -> None:
    matcher = masking(asset_hashes=True, digests=True)
    serialized = TemplateSnapshotExtension().serialize({"Port": 80}, matcher=matcher)
    assert serialized == "Port: 80\n"


@pytest.mark.parametrize("content", [None, "[]", "{"], ids=["missing", "list", "broken"])
def test_a_file_that_is_no_template_is_named(tmp_path: Path, content: str | None) -> None:
    file = tmp_path / "Web.template.json"
    if content is not None:
        file.write_text(content, encoding="utf-8")
    with pytest.raises(ConfigurationError, match=r"Web\.template\.json"):
        TemplateSnapshotExtension().serialize(file)


def test_what_is_no_template_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="A set is no template"):
        TemplateSnapshotExtension().serialize({"Resources"})
