"""The JSON documents of the commands that ask AWS; see `command_documents`."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from pinned_images.cli.documents.command_documents import (
    DigestText,
    Document,
    Moment,
    Part,
    moment,
)
from pinned_images.ecr.used_images import UsedImage
from pinned_images.registry.aws.hosts import parse_ecr_host

ProtectionState = Literal["protected", "taken", "archived", "gone", "tag-exists", "failed"]
ProtectionChange = Literal["none", "tagged", "would-tag"]
ReleaseResult = Literal["released", "deleted", "last-tag", "failed"]


class RemovedImage(Part, kw_only=True):
    """An image that a lifecycle policy takes."""

    digest: DigestText
    tags: list[str]
    action: Literal["expire", "archive"]
    rule: Annotated[int, Meta(description="The rulePriority of the rule.")]
    at: Moment


class Lifecycle(Document, kw_only=True):
    """`lifecycle --json`: the images that a policy takes."""

    images: list[RemovedImage]
    unseen: Annotated[list[str], Meta(description="Why the repository could not be read.")]


class ProtectedImage(Part, kw_only=True):
    """An image in use, and whether a tag protects it."""

    reference: str
    digest: DigestText
    account: str
    region: str
    repository: str
    tag: str
    state: ProtectionState
    change: ProtectionChange
    reason: str | None
    rule: int | None
    at: Moment | None


class Protect(Document, kw_only=True):
    """`protect --json`: what became of each image in use."""

    dry_run: bool
    images: list[ProtectedImage]
    elsewhere: Annotated[list[str], Meta(description="Images outside of private ECR.")]
    by_tag: Annotated[list[str], Meta(description="Images that are used by their tag alone.")]
    unseen: list[str]


class ReleasedTag(Part, kw_only=True):
    """A protection tag of an image that nothing uses."""

    digest: DigestText
    account: str
    region: str
    repository: str
    tag: str
    result: ReleaseResult
    reason: str | None


class Release(Document, kw_only=True):
    """`release --json`: what became of each tag."""

    dry_run: bool
    tags: list[ReleasedTag]
    unseen: Annotated[
        list[str], Meta(description="What could not be looked at; nothing is released then.")
    ]


class Use(Part, kw_only=True):
    """A workload that uses an image."""

    kind: str
    name: str
    container: str


class DeployedFinding(Part, kw_only=True):
    """What is wrong with an image in use."""

    kind: str
    severity: Literal["error", "warning"]
    message: str
    at: Moment | None


class DeployedDrift(Part, kw_only=True):
    """The digests of one image in four places; null where it is not there."""

    declared: DigestText | None
    locked: DigestText | None
    registry: DigestText | None
    running: DigestText | None


class DeployedImage(msgspec.Struct, kw_only=True, omit_defaults=True):
    """An image in use; account and region are null outside of private ECR."""

    reference: str
    digest: DigestText | None
    account: str | None
    region: str | None
    repository: str
    used_by: list[Use]
    findings: list[DeployedFinding]
    drift: DeployedDrift | msgspec.UnsetType = msgspec.UNSET

    @classmethod
    def of(cls, image: UsedImage) -> DeployedImage:
        """The image with its uses, its findings, and its drift where that was asked for."""
        host = parse_ecr_host(image.reference.registry)
        drift = image.drift
        return cls(
            reference=str(image.reference),
            digest=image.digest,
            account=None if host is None else host.account,
            region=None if host is None else host.region,
            repository=image.reference.repository,
            used_by=[
                Use(kind=use.kind, name=use.name, container=use.container) for use in image.uses
            ],
            findings=[
                DeployedFinding(
                    kind=each.kind,
                    severity=each.severity,
                    message=each.message,
                    at=None if each.at is None else moment(each.at),
                )
                for each in image.findings
            ],
            drift=msgspec.UNSET
            if drift is None
            else DeployedDrift(
                declared=drift.declared,
                locked=drift.locked,
                registry=drift.registry,
                running=drift.running,
            ),
        )


class Scope(Part, kw_only=True):
    """What was looked at."""

    regions: list[str]
    clusters: Annotated[list[str], Meta(description="As named by --cluster; empty for all.")]
    services: Annotated[list[str], Meta(description="As named by --service; empty for all.")]
    complete: Annotated[
        bool,
        Meta(description="Whether all workloads there were looked at: no --cluster, no --service."),
    ]


class Deployed(Document, kw_only=True):
    """`check-deployed --json`: the images in use."""

    scope: Scope
    images: list[DeployedImage]
    unseen: Annotated[list[str], Meta(description="What could not be looked at, as sentences.")]
