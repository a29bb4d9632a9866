"""The rule `unlisted-image`: an image where none are looked for.

It may stand in a custom resource, in an environment variable, or in the text of a state machine.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from pinned_images.cloudformation.catalog import Catalog
from pinned_images.cloudformation.fragments import Fragments, LiteralText
from pinned_images.cloudformation.intrinsics import intrinsic_of
from pinned_images.cloudformation.kubernetes import manifest_texts
from pinned_images.cloudformation.property_paths import Path, path_text
from pinned_images.errors import InvalidReference
from pinned_images.pinning import Policy
from pinned_images.problem import Problem
from pinned_images.reference import ImageReference
from pinned_images.rules.rule import ExaminedResource, Rule

_HOSTS = (
    r"[0-9]{12}\.dkr[.-]ecr[a-z0-9.-]*",
    r"[a-z0-9-]+\.(?:azurecr\.io|pkg\.dev)",
    "docker\\.io|gcr\\.io|ghcr\\.io|mcr\\.microsoft\\.com|nvcr\\.io|public\\.ecr\\.aws|quay\\.io",
    "registry\\.gitlab\\.com|registry\\.k8s\\.io",
)
#: One of these is in every text that mentions a host; most texts have none.
_PARTS_OF_HOSTS = (
    '"dkr"',  # as an element of Fn::Join
    ".dkr.ecr",
    ".dkr-ecr",
    ".azurecr.io",
    ".pkg.dev",
    "docker.io",
    "gcr.io",
    "ghcr.io",
    "mcr.microsoft.com",
    "nvcr.io",
    "public.ecr.aws",
    "quay.io",
    "registry.gitlab.com",
    "registry.k8s.io",
)
_IN_TEXT = re.compile(
    rf"(?<![\w./-])(?:{'|'.join(_HOSTS)})/[a-z0-9]+(?:[._/-]+[a-z0-9]+)*:[A-Za-z0-9_][\w.-]*"
    r"(?!@sha256:)(?![\w.@-])"
)
_IMAGE_KEY = re.compile(
    r"(?:container|docker|ecr)?image(?:ur[il]|reference|identifier)?", re.IGNORECASE
)
_CONTENT_ADDRESSED = re.compile(r"(?:.*[^0-9a-f])?[0-9a-f]{64}")
_PICTURE = re.compile(r".*\.(?:gif|ico|jpe?g|png|svg|webp)")
_PSEUDO_PARAMETERS = {
    "AWS::AccountId": "000000000000",
    "AWS::Region": "region",
    "AWS::URLSuffix": "amazonaws.com",
}
_INDEX = re.compile(r"\[[0-9]+\]")
_UNKNOWN = "\N{OBJECT REPLACEMENT CHARACTER}"


class _Mention(NamedTuple):
    place: str
    image: str
    fix: str


class _UnlistedImage(Rule):
    id = "unlisted-image"
    severity = "warning"

    def look_at_resource(self, resource: ExaminedResource) -> Iterator[Problem]:
        """The images of a resource that stand in none of the properties that are known.

        What a nested stack holds are parameters, which count where they are used.
        """
        if resource.is_nested_stack:
            return
        found = [
            mention
            for mention in (*_outside_of_listed(resource), *_in_manifests(resource))
            if not _is_exempt(mention.image, resource.coverage.policy)
        ]
        if not found:
            return
        place, image, fix = found[0]
        more = f" (and {len(found) - 1} more)" if len(found) > 1 else ""
        yield Problem(
            f"The image {image} at {place}{more} is not pinned: it stands where no images are "
            "looked for.",
            fix,
        )


def _outside_of_listed(resource: ExaminedResource) -> Iterator[_Mention]:
    """Images in the properties in which none are looked for."""
    is_unknown = resource.resource_type not in Catalog.default().resource_types
    if not _may_mention_image(resource.properties, is_unknown=is_unknown):
        return
    listed = resource.listed
    for path, value in _texts(resource.properties, ()):
        if any(path[: len(each)] == each for each in listed):
            continue
        text, key = _text_of(value), _key_of(path)
        place = path_text(path)
        if is_unknown and _IMAGE_KEY.fullmatch(key) and _is_image_with_tag(text):
            yield _Mention(place, text, _fix(resource.resource_type, path_text(path)))
        else:
            yield from (_Mention(place, image, _WRITE_THE_DIGEST) for image in _in_text(text))


def _in_manifests(resource: ExaminedResource) -> Iterator[_Mention]:
    """Images in Kubernetes objects, outside of the places where they are pinned."""
    for site in resource.sites:
        if site.image_property.holds != "kubernetes-manifest":
            continue
        for found in manifest_texts(site.value, site.image_property.kind_paths):
            text = _text_of(found.value)
            place = f"{site.location} {path_text(found.path)}"
            if found.says_image and _is_image_with_tag(text):
                path = found.property_path
                yield _Mention(place, text, _fix(found.kind, path) if path else _WRITE_THE_DIGEST)
            elif found.says_image and _is_image_at_host(text):
                yield _Mention(place, text, _WRITE_THE_DIGEST)
            else:
                yield from (_Mention(place, image, _WRITE_THE_DIGEST) for image in _in_text(text))


def _may_mention_image(properties: Mapping[str, Any], *, is_unknown: bool) -> bool:
    """Most resources do not, which their whole text tells sooner than each of its parts."""
    text = json.dumps(properties, default=str)
    if is_unknown and "image" in text.lower():
        return True
    return any(part in text for part in _PARTS_OF_HOSTS)


_WRITE_THE_DIGEST = "Write it with its digest, or acknowledge it with a reason."


def _fix(owner: str, path: str) -> str:
    dotted = _INDEX.sub("[]", path)
    return (
        f"Name the property, as in PinImages(properties={{{owner!r}: [{dotted!r}]}}), to "
        "have it pinned; or acknowledge it with a reason."
    )


def _texts(value: Any, path: Path) -> Iterator[tuple[Path, Any]]:
    """Each text in a value, functions that make one included."""
    intrinsic = intrinsic_of(value)
    if isinstance(value, str) or (
        intrinsic is not None and intrinsic.name in ("Fn::Join", "Fn::Sub")
    ):
        yield path, value
    elif isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _texts(inner, (*path, str(key)))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _texts(inner, (*path, index))


def _key_of(path: Path) -> str:
    return next((part for part in reversed(path) if isinstance(part, str)), "")


def _in_text(text: str) -> Iterator[str]:
    for match in _IN_TEXT.finditer(text):
        if not _CONTENT_ADDRESSED.fullmatch(match[0]):
            yield match[0]


def _text_of(value: Any) -> str:
    return "".join(
        piece.reads if isinstance(piece, LiteralText) else _text_of_hole(piece.value)
        for piece in Fragments.of(value).row
    )


def _text_of_hole(value: Any) -> str:
    intrinsic = intrinsic_of(value)
    if intrinsic is None or intrinsic.name != "Ref":
        return _UNKNOWN
    return _PSEUDO_PARAMETERS.get(str(intrinsic.argument), _UNKNOWN)


def _is_image_with_tag(text: str) -> bool:
    try:
        reference = ImageReference.parse(text)
    except InvalidReference:
        return False
    if _CONTENT_ADDRESSED.fullmatch(text):
        return False
    return reference.tag is not None and reference.digest is None


def _is_image_at_host(text: str) -> bool:
    """Whether a text is a reference without a tag that names its registry, and no picture."""
    host, slash, _ = text.partition("/")
    if not slash or "." not in host or _PICTURE.fullmatch(text):
        return False
    try:
        return ImageReference.parse(text).digest is None
    except InvalidReference:
        return False


def _is_exempt(image: str, policy: Policy) -> bool:
    try:
        return policy.exempt.match(ImageReference.parse(image)) is not None
    except InvalidReference:
        return False


UNLISTED_IMAGE = _UnlistedImage()
