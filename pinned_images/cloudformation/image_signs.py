"""Cheap tests of whether a string, or the value of a key, may be about an image.

Which images are in a string, and where, is found by `image_mentions`, which takes longer.
"""

from __future__ import annotations

import re
from functools import lru_cache

#: One of these is in every string in which an image may be seen; most strings have none.
_SIGNS = (
    *("image", "docker", "podman", "nerdctl", "finch", "oci:", "dkr", "repositoryuri"),
    *(".io/", "ecr.aws/", "pkg.dev/", "elastic.co/", "gitlab.com/", "microsoft.com/"),
    *("oracle.com/", "redhat.com/", "containeruri", "containerurl", "ecruri"),
)
#: Descriptions of something; OCI image specification, "Annotations", has the keys of labels.
_SAYS_NOTHING = frozenset({"comment", "description", "dockerlabels", "tags", "title"})
_WORDS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")
_IMAGE_WORDS = frozenset({"image", "images"})
_REPOSITORY_WORDS = frozenset({"repo", "repository"})
#: With one of these in a key, its value says something about an image.
_OTHER_WORDS = frozenset(
    {
        *("ami", "arn", "arns", "bucket", "digest", "file", "format", "height", "host", "id"),
        *("ids", "key", "path", "policy", "port", "pull", "role", "scan", "schedule", "secret"),
        *("size", "time", "timeout", "topic", "type", "version", "width"),
    }
)


def may_mention_image(text: str) -> bool:
    """Whether an image may be in a string; faster than finding it.

    Example:
        >>> may_mention_image('{"Bucket": "pictures"}')
        False
    """
    lower = text.lower()
    for sign in _SIGNS:  # noqa: SIM110 - half the time of any(); each resource of an app is asked
        if sign in lower:
            return True
    return False


@lru_cache(maxsize=1_000)
def says_image(key: str) -> bool:
    """Whether the value of a key is a container image, if it looks like one.

    Example:
        >>> [says_image(key) for key in ("RUNNER_IMAGE", "containerImageUri", "ImageScanType")]
        [True, True, False]
    """
    words = {word.lower() for word in _WORDS.findall(key[:200])}
    if words & _OTHER_WORDS:
        return False
    is_container = words & {"container", "docker", "ecr"} and words & {"uri", "url"}
    return bool(words & _IMAGE_WORDS or is_container or key.lower().endswith("image"))


@lru_cache(maxsize=1_000)
def says_repository(key: str) -> bool:
    """Whether the value of a key is a repository, unless a tag in it says that it is an image.

    Builds get the repository that they push to under such a key.

    Example:
        >>> [says_repository(key) for key in ("ECR_REPO_URI", "imageRepositoryUri", "ImageUri")]
        [True, True, False]
    """
    return not _REPOSITORY_WORDS.isdisjoint(word.lower() for word in _WORDS.findall(key[:200]))


@lru_cache(maxsize=1_000)
def says_no_image(key: str) -> bool:
    """Whether the value of a key runs nothing, whatever it looks like.

    These are labels and tags, prose, and the destination of a copy, which is written and not read.

    Example:
        >>> [says_no_image(key) for key in ("Tags", "Description", "DestImage", "SourceImage")]
        [True, True, True, False]
    """
    words = {word.lower() for word in _WORDS.findall(key[:200])}
    is_destination = words & _IMAGE_WORDS and words & {"dest", "destination"}
    return bool(
        key.lower() in _SAYS_NOTHING or key.startswith("org.opencontainers.") or is_destination
    )
