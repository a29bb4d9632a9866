"""Records of an app with something of everything, and with texts that mean harm."""

from __future__ import annotations

from typing import Any

import pytest

from pinned_images.reference import Digest
from pinned_images.report import SiteRecord, SynthReport

NGINX = Digest.of(b"nginx")
HOSTILE = "<script>alert(1)</script>|`*_[x](javascript:1)\"'&amp; @team \x1b[31m\n| a | b |"


def a_record(**changes: Any) -> SiteRecord:
    fields = {
        "stack": "Shop-Web",
        "construct_path": "Shop/Web/Task",
        "resource_type": "AWS::ECS::TaskDefinition",
        "property_path": "ContainerDefinitions[0].Image",
        "reference": "nginx:1.25",
        "resolved_by": "registry",
        "pinned": f"nginx:1.25@{NGINX}",
        "digest": NGINX,
        "media_type": "application/vnd.oci.image.index.v1+json",
        "platforms": ("linux/amd64", "linux/arm64"),
        "platform": "linux/arm64",
        "origin": "registry-1.docker.io",
    }
    return SiteRecord(**{**fields, **changes})


def unpinned(**changes: Any) -> SiteRecord:
    without = {"pinned": None, "digest": None, "platforms": (), "platform": None, "origin": None}
    return a_record(**{**without, **changes})


@pytest.fixture
def record() -> SiteRecord:
    return a_record()


@pytest.fixture
def report() -> SynthReport:
    asset = "123456789012.dkr.ecr.eu-west-1.amazonaws.com/assets:" + "5" * 64
    return SynthReport.of(
        [
            a_record(),
            a_record(construct_path="Shop/Web/Other"),
            a_record(stack="Shop-Jobs", reference="redis", resolved_by="lock-file"),
            unpinned(stack="Shop-Jobs", reference=asset, resolved_by="asset"),
            unpinned(reference="app:nightly", resolved_by="exempt", reason="Built each night."),
            unpinned(reference="app:3", resolved_by="failed", reason="There is no tag '3'."),
        ]
    )


@pytest.fixture
def hostile() -> SynthReport:
    """Whatever an app, a registry or a file may say, in every field that is shown."""
    return SynthReport.of(
        a_record(
            stack=HOSTILE,
            construct_path=HOSTILE,
            property_path=HOSTILE,
            reference=reference,
            digest=HOSTILE,
            platforms=(HOSTILE,),
            origin=HOSTILE,
            reason=HOSTILE,
            resolved_by=by,
        )
        for reference in (HOSTILE, "nginx:1.25")
        for by in ("registry", "exempt", "failed")
    )
