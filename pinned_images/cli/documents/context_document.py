"""The object ``pinned-images`` in the context of ``cdk.json``; see `command_documents`."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import UNSET, Meta, UnsetType

from pinned_images.option_types import RecordIn, UpdateMode, VersionConsistency
from pinned_images.reference import Style
from pinned_images.resolution import PlatformMode

Day = Annotated[str, Meta(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$")]
_No = Annotated[bool, Meta(extra_json_schema={"const": False})]
_File = Annotated[_No | str, Meta(description="The lock file; false for none.")]
_Mirrors = Annotated[dict[str, str], Meta(description="The URL of a mirror by registry host.")]
_Roles = Annotated[
    dict[str, str], Meta(description="The ARN of the role that reads an account's images.")
]
_Properties = Annotated[
    dict[str, list[str]], Meta(description="Image properties of further resource types.")
]


class ExemptionObject(msgspec.Struct, omit_defaults=True, forbid_unknown_fields=True):
    """An exemption with its reason, and perhaps its last day."""

    reason: str
    expires: Day | UnsetType = UNSET


_Exempt = Annotated[
    dict[str, str | ExemptionObject],
    Meta(description="Reasons by pattern on normalized references: docker.io/library/*:*"),
]


class ContextObject(
    msgspec.Struct, rename="kebab", kw_only=True, omit_defaults=True, forbid_unknown_fields=True
):
    """The object `pinned-images` in the context of `cdk.json`: the options that are data."""

    style: Style | UnsetType = UNSET
    platforms: PlatformMode | UnsetType = UNSET
    verify_digests: bool | UnsetType = UNSET
    version_consistency: VersionConsistency | UnsetType = UNSET
    require_immutable_tags: bool | UnsetType = UNSET
    exempt: _Exempt | UnsetType = UNSET
    mirrors: _Mirrors | UnsetType = UNSET
    mirror_fallback: bool | UnsetType = UNSET
    insecure_registries: list[str] | UnsetType = UNSET
    ecr_roles: _Roles | UnsetType = UNSET
    lock_file: _File | UnsetType = UNSET
    update: UpdateMode | UnsetType = UNSET
    resource_types: Annotated[list[str], Meta(min_length=1)] | UnsetType = UNSET
    properties: _Properties | UnsetType = UNSET
    ssm_parameters: dict[str, str] | UnsetType = UNSET
    use_parameter_defaults: bool | UnsetType = UNSET
    record_in: RecordIn | UnsetType = UNSET
    deadline: Annotated[float, Meta(gt=0, le=604_800, description="Seconds.")] | UnsetType = UNSET
    summary: bool | UnsetType = UNSET
