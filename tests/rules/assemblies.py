"""Cloud assemblies as CDK writes them, made by hand."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

from pinned_images.cloud_assembly import AssemblyStack
from pinned_images.cloudformation.catalog import Catalog
from pinned_images.examination import Examination, examine
from pinned_images.exemptions import Exemption, ExemptionPatterns
from pinned_images.option_syntax import ARGUMENTS, OptionSyntax
from pinned_images.option_types import VersionConsistency
from pinned_images.pinning import Policy
from pinned_images.rules import Coverage

TODAY = date(2026, 6, 1)
DIGEST = "sha256:" + "a" * 64
TASK = "AWS::ECS::TaskDefinition"


def task(*images: Any, **container: Any) -> dict[str, Any]:
    """A task definition with a container for each image."""
    containers = [{"Name": f"c{n}", "Image": image, **container} for n, image in enumerate(images)]
    return {"Type": TASK, "Properties": {"ContainerDefinitions": containers}}


def write_stack(
    folder: Path,
    resources: Mapping[str, Any],
    *,
    assets: Mapping[str, str] | None = None,
    images: Mapping[str, Mapping[str, Any]] | None = None,
    metadata: Mapping[str, list[dict[str, Any]]] | None = None,
    **sections: Any,
) -> AssemblyStack:
    """A stack ``Web`` in an assembly.

    Args:
        folder: The assembly.
        resources: The template's resources.
        assets: Files by their content's hash.
        images: Sources of image assets by their content's hash.
        metadata: Construct metadata by construct path.
        sections: Other sections of the template.
    """
    template = {"Resources": dict(resources), **sections}
    (folder / "Web.template.json").write_text(json.dumps(template), encoding="utf-8")
    files = {
        key: {"source": {"path": path, "packaging": "file"}} for key, path in (assets or {}).items()
    }
    built = {
        key: {"source": source, "displayName": "Image"} for key, source in (images or {}).items()
    }
    manifest = {"files": files, "dockerImages": built}
    (folder / "Web.assets.json").write_text(json.dumps(manifest), encoding="utf-8")
    artifact = {
        "type": "aws:cloudformation:stack",
        "properties": {"templateFile": "Web.template.json"},
        "metadata": metadata or {},
    }
    stacks = {"version": "36.0.0", "artifacts": {"Web": artifact}}
    (folder / "manifest.json").write_text(json.dumps(stacks), encoding="utf-8")
    return AssemblyStack.read("Web", folder / "Web.template.json", "123456789012", "eu-west-1")


def coverage(
    exempt: Mapping[str, str | Exemption] | None = None,
    version_consistency: VersionConsistency = "pin",
    option_syntax: OptionSyntax = ARGUMENTS,
    **options: Any,
) -> Coverage:
    """The whole app."""
    policy = Policy(
        Catalog.default(),
        TODAY,
        version_consistency=version_consistency,
        exempt=ExemptionPatterns.of(exempt or {}),
        option_syntax=option_syntax,
    )
    return Coverage([""], policy, **options)


def examined(stack: AssemblyStack, part: Coverage | None = None) -> Examination:
    """What is found in one stack."""
    return examine([stack], [part or coverage()])


def said(examination: Examination) -> list[tuple[str, str, str]]:
    """Rule, construct path and description of each violation."""
    return [
        (each.rule.id, each.construct_path, each.problem.what) for each in examination.violations
    ]
