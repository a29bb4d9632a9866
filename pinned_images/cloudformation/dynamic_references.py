"""Dynamic references: ``{{resolve:service:...}}``, filled in after all functions.

The forms are those of the CloudFormation user guide, "Get values stored in other services using
dynamic references".
"""

from __future__ import annotations

import re

from pinned_images.cloudformation.intermediate import Unresolved, joined
from pinned_images.cloudformation.outcomes import SsmParameter
from pinned_images.cloudformation.references import ssm_value
from pinned_images.cloudformation.scope import TemplateScope
from pinned_images.problem import Problem

_REFERENCE = re.compile(r"\{\{resolve:(?P<service>[a-z-]+):(?P<rest>[^{}]*)\}\}")
_SSM_NAME = re.compile(r"(?P<name>[A-Za-z0-9_./-]+)(?::(?P<version>[0-9]{1,9}))?")
_SECRETS = ("ssm-secure", "secretsmanager")


def resolve(text: str, scope: TemplateScope) -> str | Unresolved:
    """A string with its dynamic references filled in."""
    if "{{resolve:" not in text:
        return text
    parts: list[str | Unresolved] = []
    position = 0
    for match in _REFERENCE.finditer(text):
        parts.append(_without_reference(text[position : match.start()]))
        parts.append(_value(match["service"], match["rest"], scope))
        position = match.end()
    parts.append(_without_reference(text[position:]))
    return joined("", parts)


def masked(text: str) -> str:
    """The string with each dynamic reference replaced by as many letters, to find its parts."""
    return _REFERENCE.sub(lambda match: "x" * len(match[0]), text)


def _value(service: str, rest: str, scope: TemplateScope) -> str | Unresolved:
    if service in _SECRETS:
        return Problem(
            f"The image is read from a secret ({{{{resolve:{service}:...}}}}), which is never "
            "looked into.",
            "Keep the image in a plain SSM parameter ({{resolve:ssm:...}}) or in the code, "
            "or exempt it with a reason.",
        )
    match = _SSM_NAME.fullmatch(rest)
    if service != "ssm" or match is None:
        return _malformed(f"{{{{resolve:{service}:{rest}}}}}")
    version = int(match["version"]) if match["version"] else None
    return ssm_value(SsmParameter(match["name"], version, scope.account, scope.region), scope)


def _without_reference(text: str) -> str | Unresolved:
    return _malformed(text) if "{{resolve:" in text else text


def _malformed(text: str) -> Problem:
    return Problem(
        f"{text!r} is no dynamic reference that CloudFormation knows.",
        "Write {{resolve:ssm:name}} or {{resolve:ssm:name:version}}.",
    )
