"""Private ECR repositories: their images, tags and lifecycle policies, through the ECR API."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pinned_images.errors import ResolutionError
from pinned_images.media_types import INDEX_TYPES, MANIFEST_TYPES
from pinned_images.registry.aws.environments import Environment
from pinned_images.registry.aws.faults import AwsFault
from pinned_images.registry.aws.image_failures import IMAGE_NOT_FOUND, failure_of
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
        sessions: Sessions for calls to AWS.
        environment: The account and region.
        timeout: Seconds for one call.
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
        """The lifecycle policy of a repository as JSON; None where it has none.

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
            # botocore of before November 2025 refuses unknown fields.
            if not isinstance(fault.__cause__, ParamValidationError):
                raise
            pages = list(self._pages("DescribeImages", repositoryName=repository))
        return [detail for page in pages for detail in page["imageDetails"]]

    def tags(self, repository: str, digest: str) -> frozenset[str]:
        """The tags of an image at this moment; none where it is gone.

        Raises:
            AwsFault: The repository is not there, or cannot be read.
        """
        try:
            answer = self._call(
                "DescribeImages", repositoryName=repository, imageIds=[{"imageDigest": digest}]
            )
        except AwsFault as fault:
            if fault.code == "ImageNotFoundException":
                return frozenset()
            raise
        return frozenset(
            tag for each in answer["imageDetails"] for tag in each.get("imageTags", ())
        )

    def add_tag(self, repository: str, digest: str, tag: str) -> None:
        """Give an image a further tag: its own manifest is put once more, under the tag.

        It is safe to repeat. The caller has seen that no other image has the tag: in a repository
        with mutable tags ECR would move it.

        Args:
            repository: The name of the repository.
            digest: The digest of the image.
            tag: The tag.

        Raises:
            AwsFault: The image cannot be read or put.
            ResolutionError: The repository does not give the image, or another image has the tag.
        """
        image = self._image(repository, {"imageDigest": digest})
        media_type = image.get("imageManifestMediaType")
        try:
            answer = self._call(
                "PutImage",
                repositoryName=repository,
                imageManifest=image["imageManifest"],
                # ECR refuses a manifest of another digest (ImageDigestDoesNotMatchException).
                imageDigest=digest,
                imageTag=tag,
                **({"imageManifestMediaType": media_type} if media_type else {}),
            )
        except AwsFault as fault:
            # ECR API reference, PutImage: the image has the tag already.
            if fault.code == "ImageAlreadyExistsException":
                return
            # Of a repository with immutable tags: the tag is there, perhaps on this very image.
            if fault.code != "ImageTagAlreadyExistsException":
                raise
            holder = self._image(repository, {"imageTag": tag})["imageId"]["imageDigest"]
        else:
            holder = answer["image"]["imageId"].get("imageDigest", digest)
        if holder != digest:
            raise ResolutionError(
                f"the tag {tag} is on another image, {holder}", "choose another prefix of tags"
            )

    def remove_tag(self, repository: str, tag: str) -> None:
        """Remove a tag; the image too, if it has no other one.

        ECR API reference, BatchDeleteImage: "When you remove the last tag from an image, the image
        is deleted from your repository." A tag that is gone already is no error.

        Raises:
            AwsFault: ECR refuses the call.
            ResolutionError: ECR keeps the tag, and says why.
        """
        answer = self._call(
            "BatchDeleteImage", repositoryName=repository, imageIds=[{"imageTag": tag}]
        )
        for failure in answer.get("failures", ()):
            if failure.get("failureCode") != IMAGE_NOT_FOUND:
                raise failure_of(failure.get("failureCode", ""), failure.get("failureReason", ""))

    def _image(self, repository: str, image_id: Mapping[str, str]) -> dict[str, Any]:
        answer = self._call(
            "BatchGetImage",
            repositoryName=repository,
            imageIds=[image_id],
            acceptedMediaTypes=sorted(INDEX_TYPES | MANIFEST_TYPES),
        )
        for image in answer.get("images", ()):
            found: dict[str, Any] = image
            return found
        failure: Mapping[str, str] = next(iter(answer.get("failures", ())), {})
        raise failure_of(
            failure.get("failureCode", IMAGE_NOT_FOUND), failure.get("failureReason", "")
        )

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
    """The digests in an index, with those of attestations; none for any other manifest."""
    try:
        entries = json.loads(manifest).get("manifests", [])
        return [entry["digest"] for entry in entries if isinstance(entry.get("digest"), str)]
    except (ValueError, AttributeError, TypeError, RecursionError):
        return []
