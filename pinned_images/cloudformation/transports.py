"""Transports before image references: ``docker://`` of skopeo, ``oci://`` of ORAS and Helm.

containers/image, `containers-transports(5)`: ``docker://`` is an image in a registry; other
transports, such as ``s3://`` of cdk-ecr-deployment, name archives.
"""

from __future__ import annotations

import re

_REGISTRY = re.compile(r"(?:docker|oci)://")
_OTHER = re.compile(r"[a-z][a-z0-9+.-]*://")


def without_transport(text: str) -> str:
    """An image reference without the transport before it.

    Example:
        >>> without_transport("docker://ghcr.io/org/app:1")
        'ghcr.io/org/app:1'
        >>> without_transport("ghcr.io/org/app:1")
        'ghcr.io/org/app:1'
    """
    match = _REGISTRY.match(text)
    return text if match is None else text[match.end() :]


def is_archive(text: str) -> bool:
    """Whether a string names an image by a transport other than that of a registry.

    Example:
        >>> is_archive("s3://bucket/image.tar:app:1"), is_archive("docker://ghcr.io/org/app:1")
        (True, False)
    """
    return _OTHER.match(text) is not None and _REGISTRY.match(text) is None
