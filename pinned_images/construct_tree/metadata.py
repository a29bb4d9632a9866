"""The metadata that users and CDK have left on constructs."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from aws_cdk import Stack
from constructs import IConstruct

from pinned_images.acknowledgements import METADATA_TYPE, Acknowledgements
from pinned_images.construct_tree.lookup import constructs_down_to
from pinned_images.construct_tree.rendering import ThrowawaySession, renderer_of


def acknowledgements_of(stacks: Iterable[Stack]) -> Acknowledgements:
    """What is acknowledged in some top-level stacks, and above them."""
    collected = Acknowledgements()
    above: dict[str, IConstruct] = {}
    for stack in stacks:
        collected = collected.merged(Acknowledgements.of_metadata(_stack_metadata(stack)))
        above.update({scope.node.path: scope for scope in stack.node.scopes[:-1]})
    return collected.merged(
        Acknowledgements.of_metadata({path: _entries(scope) for path, scope in above.items()})
    )


def acknowledgements_above(app: IConstruct, path: str) -> Acknowledgements:
    """What is acknowledged at an app, at a construct in it, and between them.

    Args:
        app: The root of the construct tree.
        path: The construct's path.
    """
    constructs = constructs_down_to(app, path)
    return Acknowledgements.of_metadata({each.node.path: _entries(each) for each in constructs})


def _stack_metadata(stack: Stack) -> Mapping[str, Any]:
    """The metadata of all constructs in a stack, as CDK writes it to the cloud assembly.

    One question for each stack: reading the metadata of constructs one by one costs several
    crossings into Node.js for each of them.
    """
    with tempfile.TemporaryDirectory(prefix="pinned-images-") as folder:
        session = ThrowawaySession(folder)
        renderer_of(stack)._emit_artifact(session)  # noqa: SLF001  for synthesizers
        file = Path(folder) / f"{stack.artifact_id}.metadata.json"
        if file.exists():
            separate: Mapping[str, Any] = json.loads(file.read_text(encoding="utf-8"))
            return separate
        session.assembly.build_assembly()
        manifest = json.loads((Path(folder) / "manifest.json").read_text(encoding="utf-8"))
        inline: Mapping[str, Any] = manifest["artifacts"][stack.artifact_id].get("metadata", {})
        return inline


def _entries(scope: IConstruct) -> list[Mapping[str, Any]]:
    return [
        {"type": entry.type, "data": entry.data}
        for entry in scope.node.metadata
        if entry.type == METADATA_TYPE
    ]
