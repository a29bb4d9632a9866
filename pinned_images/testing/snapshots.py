"""Reviewable snapshots of CDK templates, as extensions of syrupy.

One file a snapshot, keys in order, multi-line strings as blocks. What syrupy offers on its own
snapshots (`exclude`, `include`, `matcher`) works here too.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

import yaml
from syrupy.extensions.json import JSONSnapshotExtension

from pinned_images.testing._templates import as_data

Matcher = Callable[..., Any]

# 64 hexadecimal digits that are neither a digest nor part of a longer word.
_ASSET_HASH = re.compile(r"(?<!sha256:)(?<![0-9A-Za-z])[0-9a-f]{64}(?![0-9A-Za-z])")
_DIGEST = re.compile(r"\b(sha256:[0-9a-f]{64}|sha384:[0-9a-f]{96}|sha512:[0-9a-f]{128})\b")


class JsonTemplateSnapshotExtension(JSONSnapshotExtension):
    """Snapshots of templates as sorted JSON."""

    def serialize(self, data: Any, **options: Any) -> str:
        """The text of a template (`aws_cdk.assertions.Template`, a dict, or a file's path)."""
        return str(super().serialize(as_data(data), **options))


class TemplateSnapshotExtension(JsonTemplateSnapshotExtension):
    """Snapshots of templates as sorted YAML.

    Example:
        >>> def test_web(snapshot):
        ...     template = {"Resources": {"Queue": {"Type": "AWS::SQS::Queue"}}}
        ...     assert template == snapshot.use_extension(TemplateSnapshotExtension)
    """

    # syrupy 4 calls it by the second name.
    file_extension = _file_extension = "yaml"

    def serialize(self, data: Any, **options: Any) -> str:
        """The text of a template (`aws_cdk.assertions.Template`, a dict, or a file's path)."""
        plain = json.loads(super().serialize(data, **options))
        return yaml.dump(
            plain, Dumper=_Dumper, width=float("inf"), allow_unicode=True, sort_keys=True
        )


def masking(*, asset_hashes: bool = False, digests: bool = False) -> Matcher:
    """A matcher for snapshots that should not change with every asset or image.

    Args:
        asset_hashes: Write ``<asset-hash>`` for the hashes that CDK names assets by.
        digests: Write ``sha256:<digest>`` for the digests of images.

    Example:
        >>> def test_web(template_snapshot):
        ...     template = {"Resources": {"Queue": {"Type": "AWS::SQS::Queue"}}}
        ...     assert template == template_snapshot(matcher=masking(asset_hashes=True))
    """

    def mask(*, data: Any, path: Any) -> Any:  # noqa: ARG001 (how syrupy calls a matcher)
        if not isinstance(data, str):
            return data
        if asset_hashes:
            data = _ASSET_HASH.sub("<asset-hash>", data)
        if digests:
            data = _DIGEST.sub(lambda found: f"{found[0].partition(':')[0]}:<digest>", data)
        return data

    return mask


class _Dumper(yaml.SafeDumper):
    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002 (the base class's signature)
        return True

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:  # noqa: ARG002, FBT001, FBT002 (the base class's signature)
        super().increase_indent(flow, indentless=False)


def _represent_text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    style = "|" if "\n" in text else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Dumper.add_representer(str, _represent_text)
