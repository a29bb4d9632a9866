"""The metadata of constructs, by users and by CDK."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from aws_cdk import Stack
from constructs import IConstruct

from pinned_images.acknowledgements import METADATA_TYPE, Acknowledgements
from pinned_images.cdk.constructs import ConstructMap, constructs_down_to
from pinned_images.cdk.rendering import ThrowawaySession, renderer_of
from pinned_images.cloud_assembly.manifests import read_metadata


def acknowledgements_of(stacks: Iterable[Stack]) -> Acknowledgements:
    """The acknowledgements in some top-level stacks of one App or Stage, and above them."""
    collected = Acknowledgements()
    above: ConstructMap[IConstruct, None] = ConstructMap()
    stacks = list(stacks)
    for metadata in _metadata_of(stacks):
        collected = collected.merged(Acknowledgements.of_metadata(metadata))
    for stack in stacks:
        above.update((scope, None) for scope in stack.node.scopes[:-1])
    return collected.merged(
        Acknowledgements.of_metadata({scope.node.path: _entries(scope) for scope in above})
    )


def acknowledgements_above(app: IConstruct, path: str) -> Acknowledgements:
    """The acknowledgements at an app, at a construct in it, and between them.

    Args:
        app: The root of the construct tree.
        path: The construct's path.
    """
    constructs = constructs_down_to(app, path)
    return Acknowledgements.of_metadata({each.node.path: _entries(each) for each in constructs})


def _metadata_of(stacks: Iterable[Stack]) -> Iterator[Mapping[str, Any]]:
    """The metadata of all constructs in some stacks, as CDK writes it to the cloud assembly.

    A few calls for each stack: reading the metadata of constructs one by one costs several
    crossings into Node.js for each of them.
    """
    with tempfile.TemporaryDirectory(prefix="pinned-images-") as folder:
        session = ThrowawaySession(folder)
        for stack in stacks:
            renderer_of(stack)._emit_artifact(session)  # noqa: SLF001  for synthesizers
        files = sorted(Path(folder).glob("*.metadata.json"))
        for file in files:
            yield read_metadata(file)
        if not files:  # older versions of CDK write it into the manifest
            session.assembly.build_assembly()
            manifest = json.loads((Path(folder) / "manifest.json").read_text(encoding="utf-8"))
            for artifact in manifest["artifacts"].values():
                yield artifact.get("metadata", {})


def _entries(scope: IConstruct) -> list[Mapping[str, Any]]:
    return [
        {"type": entry.type, "data": entry.data}
        for entry in scope.node.metadata
        if entry.type == METADATA_TYPE
    ]
