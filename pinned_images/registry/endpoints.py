"""Where a registry's API is found."""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Literal

from pinned_images.reference import DEFAULT_REGISTRY
from pinned_images.registry.http.addresses import may_be_plain
from pinned_images.registry.mirrors import Mirror

# Docker Hub's API does not stand at the name that references have.
_API_HOSTS = {DEFAULT_REGISTRY: "registry-1.docker.io"}


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A registry as it is asked.

    Attributes:
        registry: The registry whose images are asked for, as references name it.
        scheme: ``https`` or ``http``.
        netloc: Host, with a port where one was given, that is asked.
        root: The path of the API's root: ``/v2``.
        source: Whether this is the registry itself or a mirror of it.
    """

    registry: str
    scheme: str
    netloc: str
    root: str = "/v2"
    source: Literal["registry", "mirror"] = "registry"

    @classmethod
    def of_registry(cls, registry: str, insecure: AbstractSet[str]) -> Endpoint:
        """The registry itself: https, but http where it is loopback or named insecure."""
        netloc = _API_HOSTS.get(registry, registry).lower()
        return cls(registry, "http" if may_be_plain(netloc, insecure) else "https", netloc)

    @classmethod
    def of_mirror(cls, registry: str, mirror: Mirror) -> Endpoint:
        """The mirror that stands in for a registry."""
        return cls(registry, mirror.scheme, mirror.netloc, mirror.root, "mirror")

    def __str__(self) -> str:
        """The endpoint in the words of an error: the registry, and who answers for it."""
        if self.source == "mirror":
            return f"the mirror {self.netloc} of {self.registry}"
        return f"the registry {self.registry}"

    @property
    def origin(self) -> str:
        """Scheme, host and port, as credentials are bound to them."""
        return f"{self.scheme}://{self.netloc}"

    @property
    def credentials_host(self) -> str:
        """The host under which people keep credentials for this endpoint."""
        return self.netloc if self.source == "mirror" else self.registry

    def qualified(self, repository: str) -> str:
        """A repository's name at this endpoint, the mirror's own namespace included."""
        namespace = self.root.partition("/v2/")[2]
        return f"{namespace}/{repository}" if namespace else repository

    def url(
        self, repository: str, kind: Literal["manifests", "blobs", "tags"], identifier: str
    ) -> str:
        """The address of a manifest or blob, or of ``tags/list`` (OCI Distribution 1.1)."""
        return f"{self.origin}{self.root}/{repository}/{kind}/{identifier}"
