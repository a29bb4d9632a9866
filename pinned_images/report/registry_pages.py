"""Web pages of images, at the registries whose addresses have a known form.

They are built from the parts of a parsed reference alone, whose characters the grammar of
references bounds ("repository" and "tag" of the OCI Distribution Specification 1.1): no address
holds text as it was written.
"""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import quote

from pinned_images.reference import ImageReference
from pinned_images.registry.aws.hosts import parse_ecr_host

#: The consoles of partitions with a public one: "AWS Management Console" in the guides of
#: Amazon Web Services in China and of AWS GovCloud (US).
_CONSOLES = {
    "aws": "console.aws.amazon.com",
    "aws-cn": "console.amazonaws.cn",
    "aws-us-gov": "console.amazonaws-us-gov.com",
}


def registry_page(reference: ImageReference) -> str | None:
    """The page of an image at its registry; None where there is none, or its form is not known.

    Example:
        >>> registry_page(ImageReference.parse("nginx:1.27"))
        'https://hub.docker.com/_/nginx/tags?name=1.27'
        >>> registry_page(ImageReference.parse("localhost:5000/app:1")) is None
        True
    """
    page = _PAGES.get(reference.registry)
    if page is None:
        return _ecr_console(reference)
    return page(reference) if "/" in reference.repository else None


def _docker_hub(reference: ImageReference) -> str | None:
    """The tags of a repository, searched for the tag; official images have a path of their own."""
    namespace, _, name = reference.repository.partition("/")
    if "/" in name:
        return None
    path = f"_/{name}" if namespace == "library" else f"r/{namespace}/{name}"
    tag = reference.effective_tag
    return f"https://hub.docker.com/{path}/tags{'' if tag is None else f'?name={quote(tag)}'}"


def _github(reference: ImageReference) -> str:
    """The registry's own address, which leads a browser to the owner's package."""
    return f"https://ghcr.io/{reference.repository}"


def _quay(reference: ImageReference) -> str:
    return f"https://quay.io/repository/{reference.repository}?tab=tags"


def _ecr_public(reference: ImageReference) -> str:
    return f"https://gallery.ecr.aws/{reference.repository}"


def _ecr_console(reference: ImageReference) -> str | None:
    host = parse_ecr_host(reference.registry)
    console = None if host is None else _CONSOLES.get(host.partition)
    if host is None or console is None:
        return None
    path = f"ecr/repositories/private/{host.account}/{reference.repository}"
    return f"https://{host.region}.{console}/{path}?region={host.region}"


_PAGES: dict[str, Callable[[ImageReference], str | None]] = {
    "docker.io": _docker_hub,
    "ghcr.io": _github,
    "quay.io": _quay,
    "public.ecr.aws": _ecr_public,
}
