"""A resolver without network, for the tests of apps that pin their images."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from pinned_images.errors import ConfigurationError, ImageNotFound, PlatformMismatch
from pinned_images.media_types import OCI_INDEX, OCI_MANIFEST
from pinned_images.reference import Digest, ImageReference, Platform
from pinned_images.resolution import Outcome, Resolution, ResolutionRequest
from pinned_images.testing._images import platforms_of

if TYPE_CHECKING:
    from typing_extensions import Self


class FixedResolver:
    """A resolver with digests from a dict, or derived from the references; it opens no socket.

    Args:
        digests: The digest of each image, by reference in any spelling: ``nginx:1.25`` and
            ``docker.io/library/nginx:1.25`` are the same.
        platforms: The platforms of every image. Without any, no image's platform is checked.
        derive: Give an image that `digests` lacks a digest derived from its reference.

    Raises:
        InvalidReference: A key is no reference, or a value no digest.
        ConfigurationError: Two keys name the same image and differ in its digest.

    Example:
        >>> from pinned_images import ImageReference, ResolutionRequest
        >>> resolver = FixedResolver({"nginx:1.25": "sha256:" + "0" * 64})
        >>> request = ResolutionRequest(ImageReference.parse("docker.io/library/nginx:1.25"))
        >>> resolver.resolve([request])[request].digest.short
        '000000000000'
    """

    def __init__(
        self,
        digests: Mapping[str, str] | None = None,
        *,
        platforms: Sequence[str | Platform] = (),
        derive: bool = False,
    ) -> None:
        self._digests = _by_normalized_reference(digests or {})
        self._platforms = platforms_of(platforms)
        self._derive = derive

    @classmethod
    def derived(
        cls,
        digests: Mapping[str, str] | None = None,
        *,
        platforms: Sequence[str | Platform] = (),
    ) -> Self:
        """A resolver with a digest for every image, derived from the reference alone.

        Args:
            digests: Digests that matter to a test, as for the class itself.
            platforms: As for the class itself.
        """
        return cls(digests, platforms=platforms, derive=True)

    def resolve(self, requests: Sequence[ResolutionRequest]) -> Mapping[ResolutionRequest, Outcome]:
        """Answer each request; an image that is not known is an `ImageNotFound`.

        A digest that the app writes itself is taken for known.
        """
        return {request: self._answer(request) for request in requests}

    def _answer(self, request: ResolutionRequest) -> Outcome:
        reference = request.reference
        if not self._runs_on(request.platform):
            return PlatformMismatch(
                remedy="give FixedResolver that platform too, or change the workload",
                reference=str(reference),
                predicate=(
                    f"is for {', '.join(map(str, self._platforms))} and not for {request.platform}"
                ),
            )
        if reference.digest is not None and not request.select:
            return self._resolution(reference.digest, None)
        digest = self._digests.get(reference.normalized)
        if digest is None and self._derive:
            digest = _derived_digest(request)
        if digest is None:
            return ImageNotFound(
                remedy=(
                    f'add "{reference}": "sha256:..." to its digests, '
                    "or use FixedResolver.derived()"
                ),
                reference=str(reference),
                subject="FixedResolver",
                predicate=f"does not know {reference}",
            )
        return self._resolution(digest, OCI_MANIFEST if request.select else OCI_INDEX)

    def _resolution(self, digest: Digest, media_type: str | None) -> Resolution:
        return Resolution(digest, media_type, self._platforms, "fixed", "FixedResolver")

    def _runs_on(self, platform: Platform | None) -> bool:
        from pinned_images.registry.platforms import (  # noqa: PLC0415  when there are platforms
            best_match,
        )

        if platform is None or not self._platforms:
            return True
        return best_match(platform, self._platforms) is not None


def _by_normalized_reference(digests: Mapping[str, str]) -> dict[str, Digest]:
    known: dict[str, Digest] = {}
    for text, value in digests.items():
        name, digest = ImageReference.parse(text).normalized, Digest(value)
        if known.setdefault(name, digest) != digest:
            raise ConfigurationError(f"FixedResolver was given two digests for {name}: keep one.")
    return known


def _derived_digest(request: ResolutionRequest) -> Digest:
    reference = request.reference
    if request.select:
        return Digest.of(f"{reference.normalized} for {request.platform}".encode())
    return Digest.of(reference.normalized.encode())
