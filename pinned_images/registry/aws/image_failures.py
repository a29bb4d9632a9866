"""The failures of single images in a batch of ECR (`ImageFailureCode`)."""

from __future__ import annotations

from pinned_images.errors import AccessDenied, ImageNotFound, RegistryUnavailable, ResolutionError
from pinned_images.registry.aws.faults import one_line

IMAGE_NOT_FOUND = "ImageNotFound"

_UPSTREAM = "the upstream registry of the pull-through cache"
_LATER = "try again later"

#: Each code of the API: the error class, the cause and the remedy.
FAILURES: dict[str, tuple[type[ResolutionError], str, str]] = {
    IMAGE_NOT_FOUND: (
        ImageNotFound,
        "the repository has no such image",
        "push it, or see whether a lifecycle policy removed it",
    ),
    "InvalidImageDigest": (ImageNotFound, "ECR does not take the digest", "correct it"),
    "InvalidImageTag": (ImageNotFound, "ECR does not take the tag", "correct it"),
    "ImageTagDoesNotMatchDigest": (
        ImageNotFound,
        "the tag is not on the image of that digest",
        "leave out one of them",
    ),
    "MissingDigestAndTag": (ImageNotFound, "ECR saw neither tag nor digest", "name one"),
    "ImageReferencedByManifestList": (
        ImageNotFound,
        "ECR keeps the image only as a part of an index",
        "name the index",
    ),
    "KmsError": (
        AccessDenied,
        "ECR cannot use the KMS key of the repository",
        "see that the key is enabled and that ECR still has a grant on it",
    ),
    "ImageInaccessible": (
        RegistryUnavailable,
        "ECR has the image but does not give it out",
        "restore it, if it is archived",
    ),
    "UpstreamAccessDenied": (
        AccessDenied,
        f"{_UPSTREAM} does not let ECR in",
        "see the credentials that the pull-through cache rule names",
    ),
    "UpstreamTooManyRequests": (RegistryUnavailable, f"{_UPSTREAM} throttles ECR", _LATER),
    "UpstreamUnavailable": (RegistryUnavailable, f"{_UPSTREAM} gave ECR no answer", _LATER),
}
_UNKNOWN = (ResolutionError, "ECR does not give the image", "correct what its answer names")


def failure_of(code: str, reason: str) -> ResolutionError:
    """The error for the failure of an image.

    Args:
        code: The failure code.
        reason: ECR's own message.
    """
    kind, meaning, remedy = FAILURES.get(code, _UNKNOWN)
    words = f"{code}: {one_line(reason)}" if reason else code
    return kind(f"{meaning} ({words})", remedy)
