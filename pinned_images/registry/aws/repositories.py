"""Private ECR repositories: what is in them and how they are kept, read through the ECR API."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pinned_images.media_types import INDEX_TYPES
from pinned_images.registry.aws.environments import Environment
from pinned_images.registry.aws.faults import AwsFault
from pinned_images.registry.aws.sessions import AwsSessions

#: ECR API reference, DescribeImages: maxResults.
_LARGEST_PAGE = 1000
#: ECR API reference, BatchGetImage: imageIds.
_LARGEST_BATCH = 100
#: As many images as a repository may hold by default (ECR user guide, "Service quotas").
_MOST_PAGES = 200


@dataclass(frozen=True, slots=True)
class Repositories:
    """Repositories of one account and region.

    Attributes:
        sessions: Calls to AWS.
        environment: The account and region.
        timeout: Seconds that one question may take.
    """

    sessions: AwsSessions
    environment: Environment
    timeout: float

    def images(self, repository: str) -> list[dict[str, Any]]:
        """Every image of a repository, archived ones too.

        Args:
            repository: Its name.

        Returns:
            An ``ImageDetail`` each, as `RepositoryImage.of_detail` reads it; that of an index has
            ``children``, the digests that it lists.

        Raises:
            AwsFault: The repository is not there, or cannot be read.
        """
        details = self._details(repository)
        children = self._children(
            repository,
            [
                detail["imageDigest"]
                for detail in details
                if detail.get("imageManifestMediaType") in INDEX_TYPES
                and detail.get("imageStatus", "ACTIVE") == "ACTIVE"
            ],
        )
        return [
            {**detail, "children": children[detail["imageDigest"]]}
            if detail["imageDigest"] in children
            else detail
            for detail in details
        ]

    def lifecycle_policy(self, repository: str) -> str | None:
        """The text of a repository's lifecycle policy; None where it has none.

        Raises:
            AwsFault: The repository is not there, or cannot be read.
        """
        try:
            answer = self._call("GetLifecyclePolicy", repositoryName=repository)
        except AwsFault as fault:
            if fault.code == "LifecyclePolicyNotFoundException":
                return None
            raise
        text: str = answer["lifecyclePolicyText"]
        return text

    def _details(self, repository: str) -> list[dict[str, Any]]:
        """Every ``ImageDetail``; of archived images too where the SDK knows of them."""
        from botocore.exceptions import ParamValidationError  # noqa: PLC0415 - loads late

        every: dict[str, Any] = {"repositoryName": repository, "filter": {"imageStatus": "ANY"}}
        try:
            pages = list(self._pages("DescribeImages", **every))
        except AwsFault as fault:
            # botocore of before November 2025 refuses what it does not know.
            if not isinstance(fault.__cause__, ParamValidationError):
                raise
            pages = list(self._pages("DescribeImages", repositoryName=repository))
        return [detail for page in pages for detail in page["imageDetails"]]

    def _children(self, repository: str, digests: Sequence[str]) -> dict[str, list[str]]:
        """The digests that indexes list; archived ones cannot be read, and are left out."""
        found: dict[str, list[str]] = {}
        for start in range(0, len(digests), _LARGEST_BATCH):
            some = digests[start : start + _LARGEST_BATCH]
            answer = self._call(
                "BatchGetImage",
                repositoryName=repository,
                imageIds=[{"imageDigest": digest} for digest in some],
                acceptedMediaTypes=sorted(INDEX_TYPES),
            )
            for image in answer.get("images", ()):
                found[image["imageId"]["imageDigest"]] = _listed(image.get("imageManifest", ""))
        return found

    def _pages(self, operation: str, **parameters: object) -> Iterator[Mapping[str, Any]]:
        token: str | None = None
        for _ in range(_MOST_PAGES):
            further = {} if token is None else {"nextToken": token}
            page = self._call(operation, maxResults=_LARGEST_PAGE, **parameters, **further)
            yield page
            token = page.get("nextToken")
            if token is None:
                return

    def _call(self, operation: str, **parameters: object) -> dict[str, Any]:
        if self.environment.account is not None:
            parameters["registryId"] = self.environment.account
        return self.sessions.call(
            "ecr",
            operation,
            self.environment,
            deadline=time.monotonic() + self.timeout,
            **parameters,
        )


def _listed(manifest: str) -> list[str]:
    """The digests in the text of an index, of attestations too; none where it is something else."""
    try:
        entries = json.loads(manifest).get("manifests", [])
        return [entry["digest"] for entry in entries if isinstance(entry.get("digest"), str)]
    except (ValueError, AttributeError, TypeError, RecursionError):
        return []
