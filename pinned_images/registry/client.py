"""The registry client: manifests, blobs, tags and referrers of an image, by its reference."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Mapping
from copy import copy
from dataclasses import replace
from typing import TypeVar

from pinned_images.errors import ResolutionError
from pinned_images.reference import Digest, ImageReference
from pinned_images.registry.auth.authenticator import Authenticator
from pinned_images.registry.auth.credentials import Credentials
from pinned_images.registry.auth.keychain import ConfiguredKeychain, Keychain
from pinned_images.registry.endpoints import Endpoint, Target
from pinned_images.registry.http.http_client import HttpClient
from pinned_images.registry.manifest import Descriptor, Manifest
from pinned_images.registry.mirrors import PASSED_OVER
from pinned_images.registry.repository import Repository
from pinned_images.registry.settings import RegistrySettings

_logger = logging.getLogger(__name__)

_Answer = TypeVar("_Answer")


class RegistryClient:
    """A client for registries, with connections and tokens that are reused for all images.

    A mirror takes the place of its registry. Credentials that are given for an image go to the
    registry itself only, never to a mirror.

    Args:
        settings: The settings.
        keychain: Gives the keychain when it is first needed; docker's and podman's if left out.
        environ: Where proxies, CA bundles and the places of credentials are named.

    Example:
        >>> client = RegistryClient(RegistrySettings())
        >>> image = ImageReference.parse("nginx:1.25")
        >>> client.get_manifest(image, deadline=time.monotonic() + 60).is_index  # doctest: +SKIP
        True
    """

    def __init__(
        self,
        settings: RegistrySettings,
        keychain: Callable[[], Keychain] | None = None,
        environ: Mapping[str, str] | None = None,
    ) -> None:
        environment = os.environ if environ is None else environ
        self._settings = settings
        self._http = HttpClient(settings, environment)
        self._authenticator = Authenticator(
            self._http, keychain or (lambda: ConfiguredKeychain.read(environment))
        )

    def without_mirrors(self) -> RegistryClient:
        """A client with the same connections, without mirrors."""
        other = copy(self)
        other._settings = replace(  # noqa: SLF001  a copy of this very object
            self._settings, mirrors={}
        )
        return other

    def has_credentials_for(self, reference: ImageReference) -> bool:
        """Whether the keychain has credentials for an image's registry; False if it is broken."""
        return self._authenticator.has_credentials_for(self._targets(reference, None)[-1])

    def head_manifest(
        self,
        reference: ImageReference,
        *,
        credentials: Credentials | None = None,
        deadline: float,
    ) -> Descriptor | None:
        """The descriptor of a reference, by HEAD; None where HEAD does not give it.

        Args:
            reference: The image.
            credentials: Credentials for the request; None to use the keychain.
            deadline: The value of `time.monotonic` at which there must be an answer.

        Raises:
            ResolutionError: There is none.
        """
        return self._ask(
            reference, lambda each: each.head_manifest(_named(reference)), credentials, deadline
        )

    def get_manifest(
        self,
        reference: ImageReference,
        *,
        credentials: Credentials | None = None,
        deadline: float,
    ) -> Manifest:
        """The manifest or index that a reference names; the arguments are those of HEAD."""
        return self._ask(
            reference, lambda each: each.get_manifest(_named(reference)), credentials, deadline
        )

    def get_blob(
        self,
        reference: ImageReference,
        digest: Digest,
        *,
        credentials: Credentials | None = None,
        deadline: float,
    ) -> bytes:
        """A small blob from an image's repository."""
        return self._ask(reference, lambda each: each.get_blob(digest), credentials, deadline)

    def list_tags(
        self,
        reference: ImageReference,
        *,
        credentials: Credentials | None = None,
        deadline: float,
    ) -> list[str]:
        """The tags of an image's repository, in the registry's order; its own does not count."""
        name = f"{reference.registry}/{reference.repository}"
        return self._ask(
            reference,
            Repository.list_tags,
            credentials,
            deadline,
            subject=f"The tags of {name!r}",
            predicate="could not be listed",
        )

    def referrers(
        self,
        reference: ImageReference,
        digest: Digest,
        artifact_type: str | None = None,
        *,
        credentials: Credentials | None = None,
        deadline: float,
    ) -> list[Descriptor]:
        """The referrers of a digest in an image's repository: signatures, attestations, ...

        Args:
            reference: An image of the repository.
            digest: The digest.
            artifact_type: The type of artifacts; all by default.
            credentials: As for `head_manifest`.
            deadline: As for `head_manifest`.

        Raises:
            ResolutionError: They cannot be listed.
        """
        return self._ask(
            reference,
            lambda each: each.referrers(digest, artifact_type),
            credentials,
            deadline,
            subject=f"The referrers of {digest} in {reference.name!r}",
            predicate="could not be listed",
        )

    def repositories(
        self, reference: ImageReference, credentials: Credentials | None, deadline: float
    ) -> list[Repository]:
        """The repositories to try for an image: at the mirror, and where allowed the registry."""
        return [
            Repository(self._authenticator, target, deadline)
            for target in self._targets(reference, credentials)
        ]

    def _targets(self, reference: ImageReference, credentials: Credentials | None) -> list[Target]:
        targets = []
        mirror = self._settings.mirror_of(reference.registry)
        if mirror is not None:
            endpoint = Endpoint.of_mirror(reference.registry, mirror)
            targets.append(Target(endpoint, reference.repository))
        if mirror is None or self._settings.mirror_fallback:
            insecure = self._settings.insecure_registries
            endpoint = Endpoint.of_registry(reference.registry, insecure)
            targets.append(Target(endpoint, reference.repository, credentials))
        return targets

    def _ask(
        self,
        reference: ImageReference,
        ask: Callable[[Repository], _Answer],
        credentials: Credentials | None,
        deadline: float,
        *,
        subject: str | None = None,
        predicate: str = "could not be resolved",
    ) -> _Answer:
        """The answer of the mirror, or of the registry where a fallback is allowed."""
        *mirrors, last = self.repositories(reference, credentials, deadline)
        for repository in (*mirrors, last):
            try:
                return ask(repository)
            except ResolutionError as error:  # noqa: PERF203  two at most
                endpoint = str(repository.endpoint)
                located = error.about(
                    str(reference),
                    endpoint,
                    subject=subject,
                    predicate=f"{predicate} at {endpoint}" if subject else None,
                )
                if repository is last or not isinstance(error, PASSED_OVER):
                    raise located from None
                _logger.info("%s Asking the registry itself.", located)
        raise AssertionError  # pragma: no cover  the last one returns or raises


def _named(reference: ImageReference) -> str:
    return reference.digest or reference.effective_tag or ""
