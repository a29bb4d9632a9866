"""Batches of images of one repository, for the ECR API."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from pinned_images.registry.aws.environments import Environment
from pinned_images.registry.aws.hosts import parse_ecr_host
from pinned_images.resolution import ResolutionRequest

# ECR API reference, "BatchGetImage", `imageIds`.
_LARGEST_BATCH = 100

#: How the API names an image: ``("imageTag", "v1")`` or ``("imageDigest", "sha256:...")``.
ImageId = tuple[str, str]


@dataclass(frozen=True)
class Batch:
    """The images of one repository in one call, with a deadline."""

    environment: Environment
    repository: str
    requests: Mapping[ImageId, Sequence[ResolutionRequest]]
    deadline: float

    def only(self, image_ids: Iterable[ImageId]) -> Batch:
        """The part of this batch with some images."""
        return replace(self, requests={ids: self.requests[ids] for ids in image_ids})

    def all_requests(self) -> list[ResolutionRequest]:
        """All requests of this batch."""
        return [request for requests in self.requests.values() for request in requests]


def batches_of(requests: Iterable[ResolutionRequest], deadline: float) -> Iterator[Batch]:
    """Group requests by repository, with at most a hundred images in each batch.

    Raises:
        ValueError: A request is for an image of another registry.
    """
    repositories: dict[tuple[Environment, str], dict[ImageId, list[ResolutionRequest]]] = {}
    for request in requests:
        reference = request.reference
        host = parse_ecr_host(reference.registry)
        if host is None:
            raise ValueError(f"{reference} is not in a private ECR registry")
        repository = repositories.setdefault((Environment.of(host), reference.repository), {})
        repository.setdefault(_image_id(request), []).append(request)
    for (environment, name), images in repositories.items():
        whole = Batch(environment, name, images, deadline)
        ids = list(images)
        for start in range(0, len(ids), _LARGEST_BATCH):
            yield whole.only(ids[start : start + _LARGEST_BATCH])


def _image_id(request: ResolutionRequest) -> ImageId:
    # A digest decides what is deployed, whatever the tag.
    if request.reference.digest is not None:
        return ("imageDigest", request.reference.digest)
    return ("imageTag", request.reference.effective_tag or "")


def by_image_id(answers: Iterable[Mapping[str, Any]]) -> dict[ImageId, Mapping[str, Any]]:
    """The items of an answer, by all names of each image."""
    return {
        (kind, value): answer
        for answer in answers
        for kind, value in (answer.get("imageId") or {}).items()
    }
