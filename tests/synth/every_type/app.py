"""An app that holds every image property of the catalog, in each form that resources come in."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import yaml
from aws_cdk import App, CfnResource, Environment, Stack
from aws_cdk.cloudformation_include import CfnInclude

from tests.synth.every_type.typed import Nested, dicts, is_typed, structs, typed_resource

#: The resources as plain templates, of which those with images hold all their image properties.
TEMPLATES = {
    file.stem: yaml.safe_load(file.read_text("utf-8"))
    for file in sorted(Path(__file__).parent.glob("*.yaml"))
}
ENVIRONMENT = Environment(account="123456789012", region="us-east-1")


def every_type_app(outdir: Path) -> App:
    """The app; a stack's id is the name of its form and that of its template."""
    app = App(outdir=str(outdir))
    for form, fill in FORMS.items():
        for name in TEMPLATES:
            fill(Stack(app, f"{form}-{name}", env=ENVIRONMENT), name)
    return app


def _typed(nested: Nested, stack: Stack, name: str) -> None:
    def make(construct_id: str, resource_type: str, properties: Mapping[str, Any]) -> None:
        if not is_typed(resource_type, properties):
            CfnResource(stack, construct_id, type=resource_type, properties=properties)
        else:
            typed_resource(stack, construct_id, resource_type, properties, nested)

    _fill(stack, name, make)


def _raw(stack: Stack, name: str) -> None:
    def make(construct_id: str, resource_type: str, properties: Mapping[str, Any]) -> None:
        CfnResource(stack, construct_id, type=resource_type, properties=properties)

    _fill(stack, name, make)


def _fill(stack: Stack, name: str, make: Callable[[str, str, Mapping[str, Any]], None]) -> None:
    template = TEMPLATES[name]
    if "Transform" in template:
        stack.add_transform(template["Transform"])
    for logical_id, resource in template["Resources"].items():
        make(logical_id, resource["Type"], resource["Properties"])


def _included(stack: Stack, name: str) -> None:
    """``CfnInclude`` makes typed L1s, where all but custom resources have a class."""
    if all(_can_be_included(resource) for resource in TEMPLATES[name]["Resources"].values()):
        file = Path(__file__).parent / f"{name}.yaml"
        CfnInclude(stack, "Template", template_file=str(file))
    else:
        _raw(stack, name)


def _can_be_included(resource: Mapping[str, Any]) -> bool:
    kind = resource["Type"]
    return kind.startswith("Custom::") or is_typed(kind, resource["Properties"])


FORMS: Mapping[str, Callable[[Stack, str], None]] = {
    "structs": partial(_typed, structs),
    "dicts": partial(_typed, dicts),
    "raw": _raw,
    "included": _included,
}
