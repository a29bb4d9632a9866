"""The record of pinned images in a stack's template: in its metadata, or in its outputs."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping

from pinned_images.report.synth_report import SiteRecord

#: The key in a template's ``Metadata``, and how the names of outputs begin.
METADATA_KEY = "PinnedImages"
OUTPUT_PREFIX = "PinnedImage"

_LONGEST_READABLE_PART = 200


def recorded_digests(records: Iterable[SiteRecord]) -> dict[str, str]:
    """The digest of each image by the key of its entry in a lock file."""
    by_key = _by_key(records)
    return {key: str(by_key[key].digest) for key in sorted(by_key)}


def recorded_outputs(records: Iterable[SiteRecord]) -> dict[str, str]:
    """The pinned reference of each image by the name of its output."""
    by_key = _by_key(records)
    return {_output_name(key): str(by_key[key].pinned) for key in sorted(by_key)}


def _by_key(records: Iterable[SiteRecord]) -> Mapping[str, SiteRecord]:
    return {str(record.lock_key): record for record in records if record.digest is not None}


def _output_name(key: str) -> str:
    """The name of an output: letters and digits, the same for an image in every synth.

    Example:
        >>> _output_name("docker.io/library/nginx:1.27")
        'PinnedImageDockerIoLibraryNginx1276965a10c'
    """
    words = re.findall(r"[A-Za-z0-9]+", key)
    readable = "".join(word[0].upper() + word[1:] for word in words)[:_LONGEST_READABLE_PART]
    return f"{OUTPUT_PREFIX}{readable}{hashlib.sha256(key.encode()).hexdigest()[:8]}"
