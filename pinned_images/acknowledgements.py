"""Acknowledgements, CDK's own exemptions: `Validations.of(construct).acknowledge(id, reason)`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from msgspec import Struct


def is_below(path: str, scope: str) -> bool:
    """Whether a construct path is another one, or below it; an empty one is the App's.

    Example:
        >>> is_below("Production/Web/Task", "Production"), is_below("Production2", "Production")
        (True, False)
    """
    return not scope or path == scope or path.startswith(f"{scope}/")


#: `Validations.ACKNOWLEDGED_RULES_METADATA_KEY`, known without importing CDK.
METADATA_TYPE = "aws:cdk:acknowledged-rules"

PLUGIN = "pinned-images"


def rule_id(rule: str) -> str:
    """The id of a rule as users acknowledge it and as CDK prints it.

    Example:
        >>> rule_id("unpinned-image")
        'pinned-images::unpinned-image'
    """
    return f"{PLUGIN}::{rule}"


class Acknowledgements(Struct, frozen=True):
    """Acknowledged rules by construct path, each with its reason."""

    by_path: Mapping[str, Mapping[str, str]] = {}

    @classmethod
    def of_metadata(cls, metadata: Mapping[str, Any]) -> Acknowledgements:
        """From construct metadata as a cloud assembly holds it.

        Args:
            metadata: Entries (``type``, ``data``) by construct path, which begins with a slash.
        """
        by_path: dict[str, dict[str, str]] = {}
        for path, entries in metadata.items():
            for entry in entries:
                if entry.get("type") == METADATA_TYPE and isinstance(entry.get("data"), Mapping):
                    reasons = by_path.setdefault(path.strip("/"), {})
                    reasons.update({str(rule): str(why) for rule, why in entry["data"].items()})
        return cls(by_path)

    def merged(self, other: Acknowledgements) -> Acknowledgements:
        """These acknowledgements and others."""
        return Acknowledgements({**self.by_path, **other.by_path})

    def reason(self, rule: str, construct_path: str) -> str | None:
        """The reason that acknowledges a rule for a construct: there or above, nearest first.

        Args:
            rule: A rule without the plugin's name: ``unpinned-image``.
            construct_path: Such as ``Staging/Web/Task/Resource``.
        """
        found = self.nearest(rule, construct_path)
        return None if found is None else found[1]

    def nearest(self, rule: str, construct_path: str) -> tuple[str, str] | None:
        """The nearest construct, this one or one above, that acknowledges a rule.

        Args:
            rule: A rule without the plugin's name: ``unpinned-image``.
            construct_path: Such as ``Staging/Web/Task/Resource``.

        Returns:
            Its path and the reason.
        """
        if not self.by_path:
            return None
        identifier = rule_id(rule)
        for path in _self_and_above(construct_path):
            reason = self.by_path.get(path, {}).get(identifier)
            if reason is not None:
                return path, reason
        return None

    def below(self, construct_path: str) -> list[str]:
        """Paths with acknowledgements strictly below a construct."""
        return [path for path in self.by_path if path.startswith(f"{construct_path}/")]


def _self_and_above(construct_path: str) -> Iterator[str]:
    path = construct_path
    while path:
        yield path
        path = path.rpartition("/")[0]
    yield ""
