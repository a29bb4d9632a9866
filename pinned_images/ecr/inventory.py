"""The images of an ECR repository, as ``DescribeImages`` returns them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any

from pinned_images.errors import ConfigurationError
from pinned_images.printable import quoted

_LONGEST_TEXT = 64 * 1024 * 1024
_LONGEST_TIME = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class RepositoryImage:
    """An image of a repository.

    The attributes are those of ``ImageDetail`` (ECR API reference, DescribeImages), times in UTC.

    Attributes:
        digest: The digest of its manifest.
        tags: Its tags.
        pushed: When it was pushed.
        pulled: When its last pull was recorded; None if it was never pulled.
        archived: When it was last moved to the archive storage class.
        activated: When it was last restored from there.
        is_archived: Whether it is in the archive storage class now.
        media_type: The media type of its manifest.
        subject: The digest that it refers to, if it is a signature, an attestation or the like.
        children: The digests in its index, as far as they are known.
    """

    digest: str
    pushed: datetime
    tags: frozenset[str] = frozenset()
    pulled: datetime | None = None
    archived: datetime | None = None
    activated: datetime | None = None
    is_archived: bool = False
    media_type: str | None = None
    subject: str | None = None
    children: frozenset[str] = frozenset()

    @classmethod
    def of_detail(cls, detail: Mapping[str, Any]) -> RepositoryImage:
        """The image of an ``ImageDetail``, from boto3 or ``aws ecr describe-images``.

        Args:
            detail: The fields; times as `datetime`, as ISO 8601 text or as seconds since 1970.
                ``children`` is read too, a list of digests, which only this library writes.

        Raises:
            ConfigurationError: A field is missing or is not of its type.
        """
        digest = detail.get("imageDigest")
        if not isinstance(digest, str) or not digest:
            raise ConfigurationError("An image in the inventory has no imageDigest.")
        pushed = _time(detail, "imagePushedAt", digest)
        if pushed is None:
            raise ConfigurationError(f"The image {quoted(digest)} has no imagePushedAt.")
        return cls(
            digest=digest,
            pushed=pushed,
            tags=frozenset(_strings(detail, "imageTags", digest)),
            pulled=_time(detail, "lastRecordedPullTime", digest),
            archived=_time(detail, "lastArchivedAt", digest),
            activated=_time(detail, "lastActivatedAt", digest),
            is_archived=detail.get("imageStatus") == "ARCHIVED",
            media_type=_string(detail, "imageManifestMediaType", digest),
            subject=_string(detail, "subjectManifestDigest", digest),
            children=frozenset(_strings(detail, "children", digest)),
        )


def parse_inventory(text: str) -> list[RepositoryImage]:
    """The images in the output of ``aws ecr describe-images``.

    Args:
        text: A JSON object with ``imageDetails``, or the list of them alone.

    Raises:
        ConfigurationError: It is something else, an image is not complete, or one is there twice.
    """
    if len(text) > _LONGEST_TEXT:
        raise ConfigurationError("The inventory of images is longer than 64 MiB.")
    try:
        document = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ConfigurationError("The inventory of images is not JSON.") from error
    details = document.get("imageDetails") if isinstance(document, dict) else document
    if not isinstance(details, list) or not all(isinstance(each, dict) for each in details):
        raise ConfigurationError(
            "The inventory of images has no list imageDetails: write it with "
            "aws ecr describe-images --repository-name NAME."
        )
    images = [RepositoryImage.of_detail(detail) for detail in details]
    _refuse_repetition(images)
    return images


def _refuse_repetition(images: Iterable[RepositoryImage]) -> None:
    seen: set[str] = set()
    for image in images:
        if image.digest in seen:
            raise ConfigurationError(f"The image {quoted(image.digest)} is in the inventory twice.")
        seen.add(image.digest)


def _time(detail: Mapping[str, Any], name: str, digest: str) -> datetime | None:
    value = detail.get(name)
    if value is None:
        return None
    time: datetime | None = None
    if isinstance(value, datetime):
        time = value
    elif isinstance(value, str):
        time = parse_time(value)
    elif isinstance(value, (int, float)) and not isinstance(value, bool):
        try:
            time = datetime.fromtimestamp(value, timezone.utc)
        except (ValueError, OverflowError, OSError):
            time = None
    if time is None:
        raise ConfigurationError(
            f"The {name} of the image {quoted(digest)} is no time: {quoted(value)}."
        )
    return time if time.tzinfo is not None else time.replace(tzinfo=timezone.utc)


_FRACTION = re.compile(r"(?<=:\d\d)[.,](\d{1,9})")


def parse_time(text: str) -> datetime | None:
    """A time in ISO 8601, or a day from midnight UTC; None for anything else."""
    # Python 3.10 reads neither the letter for UTC nor a fraction of any length.
    text = _FRACTION.sub(lambda match: f".{match[1][:6]:0<6}", text[:_LONGEST_TIME])
    try:
        time = datetime.fromisoformat(f"{text[:-1]}+00:00" if text.endswith(("Z", "z")) else text)
    except ValueError:
        return None
    return time if time.tzinfo is not None else time.replace(tzinfo=timezone.utc)


def _string(detail: Mapping[str, Any], name: str, digest: str) -> str | None:
    value = detail.get(name)
    if value is None or isinstance(value, str):
        return value
    raise ConfigurationError(f"The {name} of the image {quoted(digest)} is no text.")


def _strings(detail: Mapping[str, Any], name: str, digest: str) -> list[str]:
    value = detail.get(name) or []
    if isinstance(value, list) and all(isinstance(each, str) for each in value):
        return value
    raise ConfigurationError(f"The {name} of the image {quoted(digest)} are no list of texts.")
