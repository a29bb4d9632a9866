"""The resolver over the OCI Distribution protocol."""

from __future__ import annotations

import logging
from collections.abc import Sequence

from pinned_images.errors import ResolutionError, UntrustedAnswer
from pinned_images.reference import ImageReference, Platform
from pinned_images.registry.auth.credentials import Credentials
from pinned_images.registry.client import RegistryClient
from pinned_images.registry.manifest import Descriptor, Manifest, parse_platform
from pinned_images.registry.mirrors import PASSED_OVER
from pinned_images.registry.platform_images import PlatformImages, nameless, platform_images
from pinned_images.registry.repository import Repository
from pinned_images.resolution import Outcome, Resolution, ResolutionRequest

_logger = logging.getLogger(__name__)


class DistributionResolver:
    """A resolver for registries with the OCI Distribution protocol.

    Args:
        client: The registry client.

    Example:
        >>> resolver = DistributionResolver(RegistryClient(RegistrySettings()))
        ... # doctest: +SKIP
        >>> request = ResolutionRequest(ImageReference.parse("nginx:1.25"))
        >>> resolver.resolve(request, deadline=time.monotonic() + 60)  # doctest: +SKIP
        Resolution(digest='sha256:...', ...)
    """

    def __init__(self, client: RegistryClient) -> None:
        self._client = client

    def resolve(
        self,
        request: ResolutionRequest,
        *,
        credentials: Credentials | None = None,
        deadline: float,
    ) -> Resolution:
        """Resolve one image, at its mirror where it has one.

        Args:
            request: The request.
            credentials: Credentials for the registry; None to use the keychain. They never go to a
                mirror.
            deadline: The value of `time.monotonic` at which there must be an answer.

        Raises:
            ResolutionError: The image cannot be resolved; the message has the cause.
        """
        outcome = self.resolve_all([request], credentials=credentials, deadline=deadline)[request]
        if isinstance(outcome, ResolutionError):
            raise outcome
        return outcome

    def resolve_all(
        self,
        requests: Sequence[ResolutionRequest],
        *,
        credentials: Credentials | None = None,
        deadline: float,
    ) -> dict[ResolutionRequest, Outcome]:
        """Answer several requests for the *same* reference, whose tag is read once for all.

        Args:
            requests: They differ in their platforms only.
            credentials: As for `resolve`.
            deadline: As for `resolve`.
        """
        reference = requests[0].reference
        # Where any request has a platform the manifest must be read, so HEAD would be in vain.
        needs_manifest = any(request.platform is not None for request in requests)
        readers = [
            _ImageReader(repository, reference, needs_manifest=needs_manifest)
            for repository in self._client.repositories(reference, credentials, deadline)
        ]
        return {request: _first_answer(readers, request) for request in requests}


def _first_answer(readers: Sequence[_ImageReader], request: ResolutionRequest) -> Outcome:
    """The answer of the mirror, or of the registry where a fallback is allowed."""
    *mirrors, last = readers
    for reader in mirrors:
        outcome = reader.resolve(request)
        if not isinstance(outcome, PASSED_OVER):
            return outcome
        _logger.info("%s Asking the registry itself.", outcome)
    return last.resolve(request)


class _ImageReader:
    """One image in a repository: each of its manifests is read once."""

    def __init__(
        self, repository: Repository, reference: ImageReference, *, needs_manifest: bool
    ) -> None:
        self._repository = repository
        self._reference = reference
        self._needs_manifest = needs_manifest
        self._top: Descriptor | None = None
        self._manifest: Manifest | None = None
        self._images: PlatformImages | None = None

    def resolve(self, request: ResolutionRequest) -> Outcome:
        endpoint = self._repository.endpoint
        try:
            answer, platforms = self._answer(request)
        except ResolutionError as error:
            located = error.about(str(self._reference), str(endpoint))
            _logger.debug("%s", located)
            return located
        _logger.debug("%s is %s at %s", self._reference, answer.digest, endpoint)
        return Resolution(
            answer.digest, answer.media_type, platforms, endpoint.source, endpoint.netloc
        )

    def _answer(self, request: ResolutionRequest) -> tuple[Descriptor, tuple[Platform, ...]]:
        if request.platform is None:
            return self._read_top(), ()
        images = self._read_images()
        best = images.best_for(request.platform)
        is_top = self._manifest is not None and best.digest == self._manifest.digest
        return (best if request.select and not is_top else self._read_top()), images.platforms

    def _read_top(self) -> Descriptor:
        """The descriptor of the reference: by HEAD, or by GET if HEAD is not enough."""
        if self._top is None:
            wanted = self._reference.digest or self._reference.effective_tag or ""
            if not self._needs_manifest:
                self._top = self._repository.head_manifest(wanted)
            if self._top is None:
                self._manifest = self._repository.get_manifest(wanted)
                # Its bytes match the requested digest, of whatever algorithm.
                digest = self._reference.digest or self._manifest.digest
                self._top = Descriptor(digest, self._manifest.media_type)
        if self._reference.digest not in (None, self._top.digest):
            raise UntrustedAnswer(
                "the digest of what it sent differs from the one that was asked for",
                "check with those who run the registry",
            )
        return self._top

    def _read_images(self) -> PlatformImages:
        if self._images is None:
            self._read_top()
            assert self._manifest is not None  # noqa: S101  see `needs_manifest`
            self._images = platform_images(
                self._manifest, self._repository.get_manifest, self._platform_of
            )
        return self._images

    def _platform_of(self, manifest: Manifest) -> Platform | None:
        if manifest.config is None:
            raise nameless()
        return parse_platform(self._repository.get_blob(manifest.config))
