"""Digests of images in private ECR registries, learned from the ECR API.

`BatchGetImage` takes up to a hundred image ids of one repository, and answers for each on its own:
a tag that is missing does not hurt the others.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from pinned_images.errors import (
    ImageNotFound,
    InvalidReference,
    PlatformMismatch,
    RegistryUnavailable,
    ResolutionError,
    UntrustedAnswer,
)
from pinned_images.reference import Digest, Platform
from pinned_images.registry.aws.environments import Environment
from pinned_images.registry.aws.faults import AwsFault, sentence
from pinned_images.registry.aws.hosts import parse_ecr_host
from pinned_images.registry.aws.image_failures import IMAGE_NOT_FOUND, failure_of
from pinned_images.registry.aws.layer_store import LayerStore
from pinned_images.registry.aws.pull_through import AskEndpoint, PullThroughCaches
from pinned_images.registry.aws.sessions import AwsSessions
from pinned_images.registry.aws.work import Step, work_off
from pinned_images.registry.failures import Failure
from pinned_images.registry.manifest import (
    DOCKER_LIST,
    DOCKER_MANIFEST,
    INDEX_TYPES,
    OCI_INDEX,
    OCI_MANIFEST,
    Manifest,
    parse_manifest,
    parse_platform,
)
from pinned_images.registry.platforms import best_match, mismatch
from pinned_images.resolution import Outcome, Resolution, ResolutionRequest

_LARGEST_BATCH = 100
_ACCEPTED = [OCI_INDEX, OCI_MANIFEST, DOCKER_LIST, DOCKER_MANIFEST]

#: Faults of a whole batch that one image in it may have caused.
_FAULTS_OF_ONE = frozenset({"InvalidParameterException", "UnableToGetUpstreamImageException"})

_Step = Step[ResolutionRequest, Outcome]

#: How the API names an image: ``("imageTag", "v1")`` or ``("imageDigest", "sha256:...")``.
_ImageId = tuple[str, str]


@dataclass(frozen=True)
class _Batch:
    """Images of one repository that are asked for in one call, until a deadline."""

    environment: Environment
    repository: str
    requests: Mapping[_ImageId, Sequence[ResolutionRequest]]
    deadline: float

    def only(self, image_ids: Iterable[_ImageId]) -> _Batch:
        """The part of this batch that asks for some images."""
        return replace(self, requests={ids: self.requests[ids] for ids in image_ids})

    def all_requests(self) -> list[ResolutionRequest]:
        return [request for requests in self.requests.values() for request in requests]


class EcrResolver:
    """Learns digests of images in private ECR registries.

    Args:
        sessions: Calls to AWS that are shared with others; those with default settings if left
            out.
        ask_endpoint: Asks a registry endpoint by tag, for images that a pull-through cache has yet
            to import; None to leave those missing.

    Example:
        >>> EcrResolver().resolve([], deadline=0.0)
        {}
    """

    def __init__(
        self,
        sessions: AwsSessions | None = None,
        ask_endpoint: AskEndpoint | None = None,
    ) -> None:
        self._sessions = sessions or AwsSessions()
        self._layer_store = LayerStore(self._sessions)
        self._caches = PullThroughCaches(self._sessions, ask_endpoint) if ask_endpoint else None

    def resolve(
        self, requests: Iterable[ResolutionRequest], deadline: float
    ) -> Mapping[ResolutionRequest, Outcome]:
        """Answer each request with a resolution or with the error that stands in its way.

        Args:
            requests: Images in private ECR registries; repetitions are asked for once.
            deadline: When to give up, on the clock of `time.monotonic`.
        """
        late = Failure(
            RegistryUnavailable, "ECR gave no answer in the time there was", "allow more time"
        )
        distinct = tuple(dict.fromkeys(requests))
        outcomes: dict[ResolutionRequest, Outcome] = {
            request: _error(request, late) for request in distinct
        }
        tasks = [partial(self._ask, batch) for batch in _batches(distinct, deadline)]
        outcomes.update(work_off(tasks, deadline))
        return outcomes

    def _ask(self, batch: _Batch) -> _Step:
        try:
            answer = self._sessions.call(
                "ecr",
                "BatchGetImage",
                batch.environment,
                deadline=batch.deadline,
                registryId=batch.environment.account,
                repositoryName=batch.repository,
                imageIds=[{kind: value} for kind, value in batch.requests],
                acceptedMediaTypes=_ACCEPTED,
            )
        except AwsFault as fault:
            return self._after_fault(batch, fault)
        return self._read(batch, answer)

    def _after_fault(self, batch: _Batch, fault: AwsFault) -> _Step:
        if fault.code == "RepositoryNotFoundException":
            missing = Failure(
                ImageNotFound,
                f"there is no repository {batch.repository!r} in {batch.environment}",
                "create it, or correct the name, the account or the region",
            )
            return self._missing(batch.all_requests(), missing, batch)
        image_ids = list(batch.requests)
        if fault.code in _FAULTS_OF_ONE and len(image_ids) > 1:
            half = len(image_ids) // 2
            halves = (image_ids[:half], image_ids[half:])
            return _Step(tasks=[partial(self._ask, batch.only(ids)) for ids in halves])
        return _failed(batch.all_requests(), fault)

    def _read(self, batch: _Batch, answer: Mapping[str, Any]) -> _Step:
        """Match each image asked for with the image or the failure that answers it."""
        images = _by_image_id(answer.get("images") or ())
        failures = _by_image_id(answer.get("failures") or ())
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
        self, requests: Sequence[ResolutionRequest], image: Mapping[str, Any], batch: _Batch
    ) -> _Step:
        try:
            manifest = _manifest(image)
        except Failure as failure:
            return _failed(requests, failure)
        step = _Step()
        for request in requests:
            if request.platform is None:
                step.outcomes[request] = _resolution(request, manifest)
            elif manifest.media_type in INDEX_TYPES:
                step.outcomes[request] = _outcome_of_index(request, manifest, request.platform)
            else:
                check = partial(self._check_platform, request, manifest, request.platform, batch)
                step.tasks.append(check)
        return step

    def _read_failure(
        self, requests: Sequence[ResolutionRequest], answer: Mapping[str, Any], batch: _Batch
    ) -> _Step:
        code = str(answer.get("failureCode", ""))
        failure = failure_of(code, str(answer.get("failureReason", "")))
        if code == IMAGE_NOT_FOUND:
            return self._missing(requests, failure, batch)
        return _failed(requests, failure)

    def _read_silence(self, image_id: _ImageId, answer: Mapping[str, Any], batch: _Batch) -> _Step:
        """An image of which the answer says nothing by the name that it was asked for."""
        if len(batch.requests) > 1:
            return _Step(tasks=[partial(self._ask, batch.only([image_id]))])
        requests = batch.requests[image_id]
        failures = answer.get("failures") or []
        # A failure that names nothing can only mean the one image that was asked for.
        if len(failures) == 1 and not answer.get("images"):
            return self._read_failure(requests, failures[0], batch)
        cause = "ECR's answer is not about the image that was asked for"
        remedy = "look at the proxies on the way, and at AWS_ENDPOINT_URL"
        return _failed(requests, Failure(UntrustedAnswer, cause, remedy))

    def _missing(
        self, requests: Iterable[ResolutionRequest], failure: Failure, batch: _Batch
    ) -> _Step:
        if self._caches is None:
            return _failed(requests, failure)
        step = _Step()
        for request in requests:
            step.tasks.append(partial(self._ask_cache, request, failure, batch))
        return step

    def _ask_cache(self, request: ResolutionRequest, failure: Failure, batch: _Batch) -> _Step:
        assert self._caches is not None  # noqa: S101 - such tasks are made only then
        missing = _error(request, failure)
        outcome = self._caches.resolve(request, batch.environment, missing, batch.deadline)
        return _Step({request: outcome})

    def _check_platform(
        self, request: ResolutionRequest, manifest: Manifest, wanted: Platform, batch: _Batch
    ) -> _Step:
        """Compare a single image's platform, which its configuration names, with the wanted one."""
        try:
            platform = self._platform_of(manifest, batch)
            if best_match(wanted, [platform]) is None:
                raise mismatch(wanted, [platform])
        except Failure as failure:
            return _failed([request], failure)
        return _Step({request: _resolution(request, manifest, [platform])})

    def _platform_of(self, manifest: Manifest, batch: _Batch) -> Platform:
        if manifest.config is None:
            raise _nameless()
        answer = self._sessions.call(
            "ecr",
            "GetDownloadUrlForLayer",
            batch.environment,
            deadline=batch.deadline,
            registryId=batch.environment.account,
            repositoryName=batch.repository,
            layerDigest=manifest.config,
        )
        url = str(answer.get("downloadUrl", ""))
        configuration = self._layer_store.download(url, manifest.config, batch.deadline)
        platform = parse_platform(configuration)
        if platform is None:
            raise _nameless()
        return platform


def _batches(requests: Iterable[ResolutionRequest], deadline: float) -> Iterator[_Batch]:
    repositories: dict[tuple[Environment, str], dict[_ImageId, list[ResolutionRequest]]] = {}
    for request in requests:
        reference = request.reference
        host = parse_ecr_host(reference.registry)
        if host is None:
            raise ValueError(f"{reference} is not in a private ECR registry")
        repository = repositories.setdefault((Environment.of(host), reference.repository), {})
        repository.setdefault(_image_id(request), []).append(request)
    for (environment, name), images in repositories.items():
        whole = _Batch(environment, name, images, deadline)
        ids = list(images)
        for start in range(0, len(ids), _LARGEST_BATCH):
            yield whole.only(ids[start : start + _LARGEST_BATCH])


def _image_id(request: ResolutionRequest) -> _ImageId:
    # A digest decides what is deployed, whatever tag stands beside it.
    if request.reference.digest is not None:
        return ("imageDigest", request.reference.digest)
    return ("imageTag", request.reference.effective_tag or "")


def _by_image_id(answers: Iterable[Mapping[str, Any]]) -> dict[_ImageId, Mapping[str, Any]]:
    return {
        (kind, value): answer
        for answer in answers
        for kind, value in (answer.get("imageId") or {}).items()
    }


def _manifest(image: Mapping[str, Any]) -> Manifest:
    """The manifest in an answer, checked against the digest that stands beside it.

    Raises:
        Failure: It is none, or has another digest.
    """
    text = str(image.get("imageManifest") or "").encode()
    try:
        stated = Digest(str((image.get("imageId") or {}).get("imageDigest")))
    except InvalidReference:
        stated = None
    if stated is None or not stated.matches(text):
        cause = "the digest in ECR's answer is not that of the manifest in it"
        raise Failure(UntrustedAnswer, cause, "look at the proxies on the way")
    return parse_manifest(text, image.get("imageManifestMediaType"))


def _outcome_of_index(request: ResolutionRequest, manifest: Manifest, wanted: Platform) -> Outcome:
    """What an index answers to a request for a platform."""
    entries = {entry.platform: entry for entry in reversed(manifest.entries) if entry.platform}
    platforms = [entry.platform for entry in manifest.entries if entry.platform]
    match = best_match(wanted, platforms)
    if match is None:
        return _error(request, mismatch(wanted, platforms))
    resolution = _resolution(request, manifest, platforms)
    if not request.select:
        return resolution
    return replace(resolution, digest=entries[match].digest, media_type=entries[match].media_type)


def _resolution(
    request: ResolutionRequest, manifest: Manifest, platforms: Sequence[Platform] = ()
) -> Resolution:
    return Resolution(
        manifest.digest,
        manifest.media_type,
        tuple(platforms),
        source="ecr-api",
        origin=request.reference.registry,
    )


def _nameless() -> Failure:
    return Failure(
        PlatformMismatch,
        "the image does not say on which platform it runs",
        "check that it is an image, or do not have its platform checked",
    )


def _failed(requests: Iterable[ResolutionRequest], failure: Failure) -> _Step:
    return _Step({request: _error(request, failure) for request in requests})


def _error(request: ResolutionRequest, failure: Failure) -> ResolutionError:
    reference = request.reference
    return sentence(
        f"The image {str(reference)!r} could not be resolved at {reference.registry}", failure
    )
