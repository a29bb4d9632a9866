"""Construct metadata in files of its own, as newer versions of CDK write it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

_STACK_TRACES = frozenset({"aws:cdk:creationStack"})


class _Entry(msgspec.Struct, gc=False):
    type: str
    data: msgspec.Raw = msgspec.Raw(b"null")


def read_metadata(file: Path) -> Mapping[str, list[Mapping[str, Any]]]:
    """The metadata in a file by construct path, without stack traces.

    These are most of it, and are passed over without being taken apart.
    """
    entries = msgspec.json.decode(file.read_bytes(), type=dict[str, list[_Entry]])
    return {
        path: [
            {"type": entry.type, "data": msgspec.json.decode(entry.data)}
            for entry in some
            if entry.type not in _STACK_TRACES
        ]
        for path, some in entries.items()
    }
