"""Which construct each resource of a template is, by the metadata of its top-level stack."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

_LOGICAL_ID = "aws:cdk:logicalId"
_TEMPLATE_FILE = "aws:cdk:templateFile"
_NESTED_RESOURCE = ".NestedStackResource"


class StackConstructs:
    """The constructs of one stack, without those of the stacks in it.

    Args:
        stack: The stack's construct path.
        metadata: Construct metadata by construct path, which begins with a slash.
    """

    def __init__(self, stack: str, metadata: Mapping[str, Any]) -> None:
        self._stack = stack
        self._metadata = metadata
        below = [path[1:] for path in metadata if path.startswith(f"/{stack}/")]
        inner = {path for path in below if self._data(path, _TEMPLATE_FILE)}
        inner |= {_nested_stack_of(path) for path in below if path.endswith(_NESTED_RESOURCE)}
        self._own = [path for path in below if not _is_below_any(path, inner)]
        self._inner = [path for path in inner if not _is_below_any(path, inner)]

    def paths_by_logical_id(self) -> dict[str, str]:
        """The construct path of each resource; none where CDK was told to leave them out."""
        return {
            logical_id: path for path in self._own for logical_id in self._data(path, _LOGICAL_ID)
        }

    def inner_stacks_by_file(self) -> dict[str, str]:
        """The construct path of each stack that stands in this one, by its template's file."""
        return {file: path for path in self._inner for file in self._data(path, _TEMPLATE_FILE)}

    def _data(self, path: str, kind: str) -> list[str]:
        entries: Iterable[Mapping[str, Any]] = self._metadata.get(f"/{path}", ())
        return [str(entry["data"]) for entry in entries if entry.get("type") == kind]


def _nested_stack_of(resource_path: str) -> str:
    """CDK puts the resource of ``X`` at ``X.NestedStack/X.NestedStackResource``."""
    return resource_path.rpartition("/")[0].removesuffix(".NestedStack")


def nested_stack_at(resource_path: str) -> str:
    """The construct path of a nested stack whose resource in its parent stands at a path."""
    if resource_path.endswith(_NESTED_RESOURCE):
        return _nested_stack_of(resource_path)
    return resource_path


def _is_below_any(path: str, others: Iterable[str]) -> bool:
    return any(path.startswith(f"{other}/") for other in others)
