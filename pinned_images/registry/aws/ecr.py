"""The resolver of images in private ECR registries, through the ECR API.

`BatchGetImage` takes up to a hundred image ids of one repository, and answers for each on its own:
a tag that is missing does not hurt the others.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from pinned_images.errors import (
    AccessDenied,
    ImageNotFound,
    ResolutionError,
    UntrustedAnswer,
)
from pinned_images.media_types import DOCKER_LIST, DOCKER_MANIFEST, OCI_INDEX, OCI_MANIFEST
from pinned_images.reference import Digest, ImageReference, Platform
from pinned_images.registry.aws.blob_downloader import BlobDownloader
from pinned_images.registry.aws.ecr_batches import Batch, ImageId, batches_of, by_image_id
from pinned_images.registry.aws.ecr_images import (
    error_about,
    manifest_in,
    resolution_of,
)
from pinned_images.registry.aws.faults import AwsFault
from pinned_images.registry.aws.image_failures import IMAGE_NOT_FOUND, failure_of
from pinned_images.registry.aws.pull_through import AskEndpoint, PullThroughCaches
from pinned_images.registry.aws.sessions import AwsSessions
from pinned_images.registry.manifest import Manifest, parse_platform
from pinned_images.registry.platform_images import PlatformImages, nameless, platform_images
from pinned_images.registry.worker_pool import Step, run_steps
from pinned_images.resolution import Outcome, ResolutionRequest

# ECR API reference, "ListImages", `maxResults`; a repository has 100,000 images at most by default.
_LARGEST_PAGE = 1000
_MOST_PAGES = 200
_ACCEPTED = [OCI_INDEX, OCI_MANIFEST, DOCKER_LIST, DOCKER_MANIFEST]

#: Faults of a whole batch that one image in it may have caused.
_FAULTS_OF_ONE = frozenset({"InvalidParameterException", "UnableToGetUpstreamImageException"})

_ABOUT_ANOTHER = (
    "ECR's answer is not about the image that was asked for",
    "look at the proxies on the way, and at AWS_ENDPOINT_URL",
)

_Step = Step[ResolutionRequest, Outcome]


class EcrResolver:
    """A resolver of images in private ECR registries.

    Args:
        sessions: Calls to AWS that are shared with others; those with default settings if left
            out.
        ask_endpoint: Asks a registry endpoint by tag, for images that a pull-through cache has yet
            to import; None to leave those missing.
        is_logged_in: Whether docker's configuration has credentials for the registry of an image,
            with which its endpoint is asked where AWS refuses access.

    Example:
        >>> EcrResolver().resolve([], deadline=0.0)
        {}
    """

    def __init__(
        self,
        sessions: AwsSessions | None = None,
        ask_endpoint: AskEndpoint | None = None,
        is_logged_in: Callable[[ImageReference], bool] = lambda _: False,
    ) -> None:
        self._sessions = sessions or AwsSessions()
        self._blobs = BlobDownloader(self._sessions)
        self._caches = PullThroughCaches(self._sessions, ask_endpoint) if ask_endpoint else None
        self._ask_endpoint = ask_endpoint
        self._is_logged_in = is_logged_in

    def resolve(
        self, requests: Iterable[ResolutionRequest], deadline: float
    ) -> Mapping[ResolutionRequest, Outcome]:
        """Answer each request with a resolution or an error.

        Args:
            requests: Images in private ECR registries; repeated ones are resolved once.
            deadline: When to give up, on the clock of `time.monotonic`.
        """
        distinct = tuple(dict.fromkeys(requests))
        tasks = [partial(self._ask, batch) for batch in batches_of(distinct, deadline)]
        answered = run_steps(tasks, deadline)
        late = self._sessions.late("ECR")
        outcomes: dict[ResolutionRequest, Outcome] = {
            request: error_about(request, late) for request in distinct
        }
        outcomes.update(answered)
        return outcomes

    def list_tags(self, reference: ImageReference, deadline: float) -> list[str]:
        """The tags of an image's repository (ECR API, "ListImages").

        Args:
            reference: An image of the repository; its own tag does not count.
            deadline: When to give up, on the clock of `time.monotonic`.

        Raises:
            ResolutionError: They cannot be listed.
        """
        [batch] = batches_of([ResolutionRequest(reference)], deadline)
        name = f"{reference.registry}/{reference.repository}"
        try:
            return list(dict.fromkeys(self._tags(batch)))
        except AwsFault as fault:
            error = _missing_repository(batch) if _is_missing(fault) else fault.error
            raise error.about(
                name,
                reference.registry,
                subject=f"The tags of {name!r}",
                predicate=f"could not be listed at {reference.registry}",
            ) from None

    def _call(self, operation: str, batch: Batch, **parameters: object) -> dict[str, Any]:
        """The answer to an operation on the repository of a batch."""
        return self._sessions.call(
            "ecr",
            operation,
            batch.environment,
            deadline=batch.deadline,
            registryId=batch.environment.account,
            repositoryName=batch.repository,
            **parameters,
        )

    def _tags(self, batch: Batch) -> Iterator[str]:
        page: dict[str, Any] = {}
        for _ in range(_MOST_PAGES):
            answer = self._call(
                "ListImages",
                batch,
                maxResults=_LARGEST_PAGE,
                filter={"tagStatus": "TAGGED"},
                **page,
            )
            for image_id in answer.get("imageIds") or ():
                if image_id.get("imageTag"):
                    yield str(image_id["imageTag"])
            if not answer.get("nextToken"):
                return
            page = {"nextToken": answer["nextToken"]}

    def _ask(self, batch: Batch) -> _Step:
        try:
            answer = self._call(
                "BatchGetImage",
                batch,
                imageIds=[{kind: value} for kind, value in batch.requests],
                acceptedMediaTypes=_ACCEPTED,
            )
        except AwsFault as fault:
            return self._after_fault(batch, fault)
        return self._read(batch, answer)

    def _after_fault(self, batch: Batch, fault: AwsFault) -> _Step:
        if _is_missing(fault):
            return self._missing(batch.all_requests(), _missing_repository(batch), batch)
        image_ids = list(batch.requests)
        if fault.code in _FAULTS_OF_ONE and len(image_ids) > 1:
            half = len(image_ids) // 2
            halves = (image_ids[:half], image_ids[half:])
            return _Step(tasks=[partial(self._ask, batch.only(ids)) for ids in halves])
        requests = batch.all_requests()
        if fault.kind is AccessDenied and self._is_logged_in(requests[0].reference):
            ask = partial(self._ask_with_login, fault=fault, deadline=batch.deadline)
            return _Step(tasks=[partial(ask, request) for request in requests])
        return _failed(requests, fault.error)

    def _ask_with_login(
        self, request: ResolutionRequest, *, fault: AwsFault, deadline: float
    ) -> _Step:
        """Resolve at the registry endpoint like ``docker pull``, since the API denies access."""
        assert self._ask_endpoint is not None  # noqa: S101 - who is logged in has someone to ask
        try:
            outcome: Outcome = self._ask_endpoint(request, credentials=None, deadline=deadline)
        except ResolutionError as error:
            refused = error_about(request, fault.error)
            outcome = refused.noted(f"Nor did docker's credentials help: {error}")
        return _Step({request: outcome})

    def _read(self, batch: Batch, answer: Mapping[str, Any]) -> _Step:
        """Match each requested image with the image or the failure in the answer."""
        images = by_image_id(answer.get("images") or ())
        failures = by_image_id(answer.get("failures") or ())
        step = _Step()
        for image_id, requests in batch.requests.items():
            if image_id in images:
                step.add(self._read_image(requests, images[image_id], batch))
            elif image_id in failures:
                step.add(self._read_failure(requests, failures[image_id], batch))
            else:
                step.add(self._read_silence(image_id, answer, batch))
        return step

    def _read_image(
        self, requests: Sequence[ResolutionRequest], image: Mapping[str, Any], batch: Batch
    ) -> _Step:
        try:
            manifest = manifest_in(image)
        except ResolutionError as failure:
            return _failed(requests, failure)
        plain = {
            request: resolution_of(request, manifest)
            for request in requests
            if request.platform is None
        }
        with_platform = [request for request in requests if request.platform is not None]
        step = _Step(dict(plain))
        if with_platform:
            # Inner indexes and configurations are further questions.
            step.tasks.append(partial(self._check_platforms, with_platform, manifest, batch))
        return step

    def _read_failure(
        self, requests: Sequence[ResolutionRequest], answer: Mapping[str, Any], batch: Batch
    ) -> _Step:
        code = str(answer.get("failureCode", ""))
        failure = failure_of(code, str(answer.get("failureReason", "")))
        if code == IMAGE_NOT_FOUND:
            return self._missing(requests, failure, batch)
        return _failed(requests, failure)

    def _read_silence(self, image_id: ImageId, answer: Mapping[str, Any], batch: Batch) -> _Step:
        """The next step for an image that the answer does not hold under the requested name."""
        if len(batch.requests) > 1:
            return _Step(tasks=[partial(self._ask, batch.only([image_id]))])
        requests = batch.requests[image_id]
        failures = answer.get("failures") or []
        # A failure without a name can only mean the one requested image.
        if len(failures) == 1 and not answer.get("images"):
            return self._read_failure(requests, failures[0], batch)
        return _failed(requests, UntrustedAnswer(*_ABOUT_ANOTHER))

    def _missing(
        self, requests: Iterable[ResolutionRequest], failure: ResolutionError, batch: Batch
    ) -> _Step:
        if self._caches is None:
            return _failed(requests, failure)
        step = _Step()
        for request in requests:
            step.tasks.append(partial(self._ask_cache, request, failure, batch))
        return step

    def _ask_cache(
        self, request: ResolutionRequest, failure: ResolutionError, batch: Batch
    ) -> _Step:
        assert self._caches is not None  # noqa: S101 - such tasks are made only then
        missing = error_about(request, failure)
        outcome = self._caches.resolve(request, batch.environment, missing, batch.deadline)
        return _Step({request: outcome})

    def _check_platforms(
        self, requests: Sequence[ResolutionRequest], manifest: Manifest, batch: Batch
    ) -> _Step:
        """Compare the platforms of an image with the requested ones."""
        try:
            images = platform_images(
                manifest,
                partial(self._get_manifest, batch=batch),
                partial(self._platform_of, batch=batch),
            )
        except AwsFault as fault:
            return _failed(requests, fault.error)
        except ResolutionError as error:
            return _failed(requests, error)
        step = _Step()
        for request in requests:
            step.outcomes[request] = _outcome_of(request, manifest, images)
        return step

    def _get_manifest(self, digest: Digest, *, batch: Batch) -> Manifest:
        answer = self._call(
            "BatchGetImage",
            batch,
            imageIds=[{"imageDigest": digest}],
            acceptedMediaTypes=_ACCEPTED,
        )
        for image in answer.get("images") or ():
            manifest = manifest_in(image)
            if manifest.digest == digest:
                return manifest
        for failure in answer.get("failures") or ():
            code, reason = failure.get("failureCode", ""), failure.get("failureReason", "")
            raise failure_of(str(code), str(reason))
        raise UntrustedAnswer(*_ABOUT_ANOTHER)

    def _platform_of(self, manifest: Manifest, *, batch: Batch) -> Platform | None:
        if manifest.config is None:
            raise nameless()
        answer = self._call(
            "GetDownloadUrlForLayer",
            batch,
            layerDigest=manifest.config,
        )
        url = str(answer.get("downloadUrl", ""))
        return parse_platform(self._blobs.download(url, manifest.config, batch.deadline))


def _outcome_of(request: ResolutionRequest, manifest: Manifest, images: PlatformImages) -> Outcome:
    """The answer to a request for a platform."""
    assert request.platform is not None  # noqa: S101  only such requests come here
    try:
        best = images.best_for(request.platform)
    except ResolutionError as error:
        return error_about(request, error)
    resolution = resolution_of(request, manifest, images.platforms)
    if not request.select:
        return resolution
    return replace(resolution, digest=best.digest, media_type=best.media_type)


def _missing_repository(batch: Batch) -> ImageNotFound:
    """The error of a missing repository."""
    return ImageNotFound(
        f"there is no repository {batch.repository!r} in {batch.environment}",
        "create it, or correct the name, the account or the region",
    )


def _is_missing(fault: AwsFault) -> bool:
    return fault.code == "RepositoryNotFoundException"


def _failed(requests: Iterable[ResolutionRequest], failure: ResolutionError) -> _Step:
    return _Step({request: error_about(request, failure) for request in requests})
