"""Events of Amazon ECR in Amazon EventBridge about pushed images.

Amazon ECR user guide, "Amazon ECR events and EventBridge": "Event for a completed image push".
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pinned_images.cloudformation.partitions import partition_of
from pinned_images.errors import ConfigurationError, InvalidReference
from pinned_images.reference import Digest, ImageReference

_DETAIL_TYPE = "ECR Image Action"


def is_event(body: Mapping[str, Any]) -> bool:
    """Whether a request's body is an event of EventBridge."""
    return "detail-type" in body and "detail" in body


def pushed_image(event: Mapping[str, Any]) -> ImageReference | None:
    """The image that was pushed, with its tag and its digest.

    Args:
        event: The event.

    Returns:
        None for events that change nothing: a push without a tag, one that failed, a deletion.

    Raises:
        ConfigurationError: It is no event of ECR, or lacks the image.

    Example:
        >>> image = pushed_image(
        ...     {
        ...         "detail-type": "ECR Image Action",
        ...         "account": "123456789012",
        ...         "region": "eu-west-1",
        ...         "detail": {
        ...             "result": "SUCCESS",
        ...             "action-type": "PUSH",
        ...             "repository-name": "web",
        ...             "image-tag": "v1",
        ...             "image-digest": "sha256:" + "0" * 64,
        ...         },
        ...     }
        ... )
        >>> image.name, image.tag
        ('123456789012.dkr.ecr.eu-west-1.amazonaws.com/web', 'v1')
    """
    detail = event.get("detail")
    if event.get("detail-type") != _DETAIL_TYPE or not isinstance(detail, Mapping):
        raise ConfigurationError(f"The event is no {_DETAIL_TYPE!r}: send those alone.")
    if detail.get("action-type") != "PUSH" or detail.get("result") != "SUCCESS":
        return None
    if not detail.get("image-tag"):
        return None
    account, region = _text(event, "account"), _text(event, "region")
    repository, tag = _text(detail, "repository-name"), _text(detail, "image-tag")
    host = f"{account}.dkr.ecr.{region}.{partition_of(region).url_suffix}"
    try:
        reference = ImageReference.parse(f"{host}/{repository}:{tag}")
        return reference.with_digest(Digest(_text(detail, "image-digest")))
    except InvalidReference as error:
        raise ConfigurationError(f"The event names no image: {error}") from error


def _text(values: Mapping[str, Any], name: str) -> str:
    value = values.get(name)
    if not isinstance(value, str) or not value:
        raise ConfigurationError(f"The event lacks {name!r}.")
    return value
