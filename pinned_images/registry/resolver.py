"""The resolver of all images of a synth: grouped by host, concurrent, with one deadline."""

from __future__ import annotations

import logging
import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from itertools import chain
from typing import TYPE_CHECKING

from pinned_images.errors import ResolutionError
from pinned_images.reference import ImageReference
from pinned_images.registry.aws.ecr import EcrResolver
from pinned_images.registry.aws.hosts import parse_ecr_host
from pinned_images.registry.aws.secrets import WorkloadSecrets
from pinned_images.registry.aws.sessions import AwsSessions
from pinned_images.registry.concurrent_resolution import ResolutionTask, resolve_concurrently
from pinned_images.registry.endpoints import Endpoint
from pinned_images.registry.mirrors import PASSED_OVER
from pinned_images.registry.settings import RegistrySettings
from pinned_images.resolution import Outcome, Resolution, ResolutionRequest
from pinned_images.wording import counted

if TYPE_CHECKING:
    from pinned_images.registry.client import RegistryClient
    from pinned_images.registry.distribution_resolver import DistributionResolver

_logger = logging.getLogger(__name__)


class RegistryResolver:
    """A `pinned_images.resolution.Resolver` that asks the registries.

    Connections, tokens and the answers of helper programs are kept for the next call.

    Args:
        settings: The settings of the registry client.
        sessions: Shared sessions for AWS; made from the settings by default.

    Example:
        >>> request = ResolutionRequest(ImageReference.parse("nginx:1.25"))
        >>> RegistryResolver().resolve([request])  # doctest: +SKIP
        {ResolutionRequest(...): Resolution(digest='sha256:...', ...)}
    """

    def __init__(
        self, settings: RegistrySettings | None = None, sessions: AwsSessions | None = None
    ) -> None:
        self._settings = settings or RegistrySettings()
        self._sessions = sessions or AwsSessions(self._settings)
        self._secrets = WorkloadSecrets(self._sessions)

    def resolve(self, requests: Sequence[ResolutionRequest]) -> Mapping[ResolutionRequest, Outcome]:
        """Answer each request with a `Resolution`, or with the error that prevents one.

        Args:
            requests: The requests; repeated ones are resolved once.

        Returns:
            One outcome for each distinct request. Errors are returned, not raised.
        """
        tasks = self._tasks(list(dict.fromkeys(requests)))
        started = time.monotonic()
        outcomes = resolve_concurrently(
            tasks, started + self._settings.deadline, self._settings.concurrency
        )
        took = time.monotonic() - started
        _logger.debug("%s took %.2f s", counted(len(outcomes), "image"), took)
        return outcomes

    def list_tags(self, reference: ImageReference, deadline: float | None = None) -> list[str]:
        """The tags of an image's repository, from the endpoint of the image itself.

        Args:
            reference: An image of the repository; its own tag does not count.
            deadline: The value of `time.monotonic` at which there must be an answer; that of the
                settings, from now on, if left out.

        Raises:
            ResolutionError: They cannot be listed.

        Example:
            >>> reference = ImageReference.parse("ghcr.io/org/app")
            >>> RegistryResolver().list_tags(reference)  # doctest: +SKIP
            ['1.0', '1.1', 'latest']
        """
        if deadline is None:
            deadline = time.monotonic() + self._settings.deadline
        endpoint = self._endpoint(reference.registry)
        if parse_ecr_host(endpoint.netloc) is None:
            return self._client.list_tags(reference, deadline=deadline)
        asked = _asked_of_ecr(ResolutionRequest(reference), endpoint).reference
        try:
            return self._ecr_resolver.list_tags(asked, deadline)
        except PASSED_OVER:
            if endpoint.source != "mirror" or not self._settings.mirror_fallback:
                raise
            return self._origin_client.list_tags(reference, deadline=deadline)

    def _tasks(self, requests: list[ResolutionRequest]) -> list[ResolutionTask]:
        """The tasks: one for each reference, and one for all images at the API of ECR."""
        grouped: defaultdict[tuple[ImageReference, str | None], list[ResolutionRequest]]
        grouped = defaultdict(list)
        at_ecr: dict[ResolutionRequest, list[ResolutionRequest]] = defaultdict(list)
        for request in requests:
            endpoint = self._endpoint(request.reference.registry)
            if parse_ecr_host(endpoint.netloc) is None:
                grouped[request.reference, request.credentials_parameter].append(request)
            else:
                at_ecr[_asked_of_ecr(request, endpoint)].append(request)
        tasks = [self._registry_task(group) for group in grouped.values()]
        if at_ecr:
            tasks.append(self._ecr_task(at_ecr))
        return tasks

    def _endpoint(self, registry: str) -> Endpoint:
        mirror = self._settings.mirror_of(registry)
        if mirror is not None:
            return Endpoint.of_mirror(registry, mirror)
        return Endpoint.of_registry(registry, self._settings.insecure_registries)

    def _registry_task(self, requests: list[ResolutionRequest]) -> ResolutionTask:
        reference, secret = requests[0].reference, requests[0].credentials_parameter
        resolver = self._distribution

        def ask(deadline: float) -> Mapping[ResolutionRequest, Outcome]:
            if secret is None or not self._asks_origin(reference.registry):
                return resolver.resolve_all(requests, deadline=deadline)
            credentials = self._secrets.credentials(secret, deadline)
            if not isinstance(credentials, ResolutionError):
                return resolver.resolve_all(requests, credentials=credentials, deadline=deadline)
            outcomes = resolver.resolve_all(requests, deadline=deadline)
            return {request: _with_note(outcomes[request], credentials) for request in requests}

        return ResolutionTask(self._endpoint(reference.registry).netloc, tuple(requests), ask)

    def _ecr_task(
        self, asked: Mapping[ResolutionRequest, list[ResolutionRequest]]
    ) -> ResolutionTask:
        """The task for private ECR, and for mirrors that are pull-through caches there."""
        resolver = self._ecr_resolver

        def ask(deadline: float) -> Mapping[ResolutionRequest, Outcome]:
            answers = resolver.resolve(list(asked), deadline)
            return {
                request: self._back_from_ecr(request, answers[question], deadline)
                for question, requests in asked.items()
                for request in requests
            }

        return ResolutionTask("Amazon ECR", tuple(chain.from_iterable(asked.values())), ask)

    def _back_from_ecr(
        self, request: ResolutionRequest, outcome: Outcome, deadline: float
    ) -> Outcome:
        if self._settings.mirror_of(request.reference.registry) is None:
            return outcome
        if isinstance(outcome, Resolution):
            return replace(outcome, source="mirror")
        if isinstance(outcome, PASSED_OVER) and self._settings.mirror_fallback:
            return self._origin.resolve_all([request], deadline=deadline)[request]
        return outcome

    def _asks_origin(self, registry: str) -> bool:
        return self._settings.mirror_fallback or self._settings.mirror_of(registry) is None

    @cached_property
    def _client(self) -> RegistryClient:
        from pinned_images.registry.client import (  # noqa: PLC0415  loads urllib3
            RegistryClient,
        )

        return RegistryClient(self._settings)

    @cached_property
    def _origin_client(self) -> RegistryClient:
        return self._client.without_mirrors()

    @cached_property
    def _distribution(self) -> DistributionResolver:
        return _distribution_resolver(self._client)

    @cached_property
    def _origin(self) -> DistributionResolver:
        return _distribution_resolver(self._origin_client)

    @cached_property
    def _ecr_resolver(self) -> EcrResolver:
        return EcrResolver(
            self._sessions, self._origin.resolve, self._origin_client.has_credentials_for
        )


def _distribution_resolver(client: RegistryClient) -> DistributionResolver:
    from pinned_images.registry.distribution_resolver import (  # noqa: PLC0415  loads urllib3
        DistributionResolver,
    )

    return DistributionResolver(client)


def _asked_of_ecr(request: ResolutionRequest, endpoint: Endpoint) -> ResolutionRequest:
    """The request to ECR, with the name that the image has there."""
    reference = request.reference
    if endpoint.source == "mirror":
        repository = endpoint.qualified(reference.repository)
        reference = ImageReference(
            endpoint.netloc, repository, reference.effective_tag, reference.digest
        )
    return replace(request, reference=reference, credentials_parameter=None)


def _with_note(outcome: Outcome, unread: ResolutionError) -> Outcome:
    """An error with the reason why the workload's own credentials could not be used."""
    if isinstance(outcome, Resolution):
        return outcome
    return outcome.noted(f"The workload's own credentials were not tried: {unread}")
