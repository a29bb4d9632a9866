"""Resolutions and errors from images in answers of the ECR API."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pinned_images.errors import (
    InvalidReference,
    ResolutionError,
    UntrustedAnswer,
)
from pinned_images.reference import Digest, Platform
from pinned_images.registry.manifest import Manifest, parse_manifest
from pinned_images.resolution import Resolution, ResolutionRequest


def manifest_in(image: Mapping[str, Any]) -> Manifest:
    """The manifest in an answer, checked against the stated digest.

    Raises:
        ResolutionError: There is none, or it has another digest.
    """
    text = str(image.get("imageManifest") or "").encode()
    try:
        stated = Digest(str((image.get("imageId") or {}).get("imageDigest")))
    except InvalidReference:
        stated = None
    if stated is None or not stated.matches(text):
        cause = "the digest in ECR's answer is not that of the manifest in it"
        raise UntrustedAnswer(cause, "look at the proxies on the way")
    return parse_manifest(text, image.get("imageManifestMediaType"))


def resolution_of(
    request: ResolutionRequest, manifest: Manifest, platforms: Sequence[Platform] = ()
) -> Resolution:
    """The resolution for the manifest of a tag."""
    return Resolution(
        manifest.digest,
        manifest.media_type,
        tuple(platforms),
        source="ecr-api",
        origin=request.reference.registry,
    )


def error_about(request: ResolutionRequest, error: ResolutionError) -> ResolutionError:
    """The error that the user gets for an image.

    An error of the credentials or the SDK's settings is the same at every registry of ECR.
    """
    return error.about(str(request.reference), error.place or request.reference.registry)
