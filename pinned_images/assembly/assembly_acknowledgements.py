"""Acknowledged rules of a finished assembly: in CDK's metadata, and in that of resources."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from pinned_images.acknowledgements import Acknowledgements
from pinned_images.cloud_assembly import AssemblyStack
from pinned_images.rules import UNPINNED_IMAGE

#: In the ``Metadata`` of a resource: the rules that are acknowledged for it, each with a reason.
METADATA_KEY = "pinned-images"
_ACKNOWLEDGE = "acknowledge"


def acknowledgements_at(stack: AssemblyStack, logical_id: str) -> Acknowledgements:
    """The acknowledgements of a resource, from CDK's metadata and the resource's own."""
    own = stack.metadata_of(logical_id).get(METADATA_KEY)
    reasons = own.get(_ACKNOWLEDGE) if isinstance(own, Mapping) else None
    if not isinstance(reasons, Mapping):
        return stack.acknowledgements
    path = stack.construct_path_of(logical_id)
    given = {
        f"{METADATA_KEY}::{str(rule).removeprefix(f'{METADATA_KEY}::')}": str(reason)
        for rule, reason in reasons.items()
        if isinstance(reason, str) and reason.strip()
    }
    known = stack.acknowledgements.by_path.get(path, {})
    return stack.acknowledgements.merged(Acknowledgements({path: {**known, **given}}))


def acknowledged_containers(path: str, acknowledgements: Acknowledgements) -> dict[str, str]:
    """Reasons by container name, of containers that are constructs in the resource's construct."""
    parent = path.rpartition("/")[0]
    found = {}
    for below in acknowledgements.below(parent) if parent else ():
        name = below[len(parent) + 1 :]
        reason = acknowledgements.reason(UNPINNED_IMAGE.id, below)
        if "/" not in name and below != path and reason is not None:
            found[name] = reason
    return found


def acknowledgements_of(stacks: Iterable[AssemblyStack]) -> Acknowledgements:
    """The acknowledgements of an app, by construct and by resource."""
    by_path: dict[str, dict[str, str]] = {}
    for top in stacks:
        for stack in top.with_nested():
            for logical_id, _, _ in stack.resources():
                if METADATA_KEY in stack.metadata_of(logical_id):
                    path = stack.construct_path_of(logical_id)
                    reasons = acknowledgements_at(stack, logical_id).by_path.get(path, {})
                    by_path.setdefault(path, {}).update(reasons)
        for path, reasons in top.acknowledgements.by_path.items():
            by_path.setdefault(path, {}).update(reasons)
    return Acknowledgements(by_path)
