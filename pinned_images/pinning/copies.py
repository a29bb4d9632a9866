"""Images that the deployment itself copies into a registry: their digests are the sources'.

cdk-ecr-deployment (``Custom::CDKECRDeployment``) copies with containers/image, which keeps what it
copies byte for byte: of an index the one image for ``ImageArch`` (amd64 if left out), or all of it
with ``CopyImageIndex`` (cdklabs/cdk-ecr-deployment, `lambda-src/main.go`; containers/image,
`copy/copy.go`). What the tag leads to at synth is what an earlier deployment has copied.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from pinned_images.cloudformation.evaluation import evaluate
from pinned_images.cloudformation.outcomes import (
    Evaluation,
    ExemptByRule,
    Known,
    leaves,
)
from pinned_images.cloudformation.property_paths import value_of
from pinned_images.pinning.images import Image
from pinned_images.pinning.policy import Policy
from pinned_images.problem import Problem
from pinned_images.reference import ImageReference, Platform

COPY_TYPE = "Custom::CDKECRDeployment"
#: The properties that are read next to the image.
COPY_PROPERTIES = frozenset(
    {"ArchImageTags", "CopyImageIndex", "DestImage", "ImageArch", "SrcCreds"}
)

_DEFAULT_ARCHITECTURE = "amd64"
_HASH_AT_END = re.compile(r"[0-9a-f]{64}\Z")


@dataclass(frozen=True, slots=True)
class Copy:
    """One image that the deployment copies to a place in a registry.

    Attributes:
        by: The construct path of the resource that copies it.
        source: The image that is copied, or why it is unknown.
        platform: The platform of the one image that is copied; None where an index is copied whole.
        secret: The ARN of the secret that the source is pulled with; None where there is none.
    """

    by: str
    source: ImageReference | ExemptByRule | Problem
    platform: Platform | None
    secret: str | None = None

    def problem(self, reference: ImageReference, wanted: Platform | None) -> Problem | None:
        """The reason why an image that is run from the copy cannot carry the digest of the source.

        Args:
            reference: The image, as it is run.
            wanted: The platform that it runs on, if that is known and to be checked.
        """
        if isinstance(self.source, ExemptByRule):
            return None if self.is_content_addressed(reference) else self._of_asset(self.source)
        if isinstance(self.source, Problem):
            return Problem(f"{self._what} {self.source.what}", self.source.fix)
        if self.platform is None or wanted is None or _is_same_processor(self.platform, wanted):
            return None
        return Problem(
            f"{self._what} It copies the image for {self.platform} alone, and this workload runs "
            f"on {wanted}.",
            f"Give the copy image_arch=[{wanted.architecture!r}] or copy_image_index=True.",
        )

    def is_content_addressed(self, reference: ImageReference) -> bool:
        """Whether the tag that is copied to ends with the hash of the asset that is copied."""
        if not isinstance(self.source, ExemptByRule) or reference.tag is None:
            return False
        found = _HASH_AT_END.search(self.source.text)
        return found is not None and reference.tag.endswith(found[0])

    @property
    def _what(self) -> str:
        return f"This deployment pushes it ({self.by}), so the tag leads to an earlier image yet."

    def _of_asset(self, source: ExemptByRule) -> Problem:
        if source.rule != "content-addressed-asset":
            return Problem(
                f"{self._what} {source.reason}",
                "Push the image before the deployment and write its digest, or exempt it with a "
                "reason.",
            )
        return Problem(
            f"{self._what} What it copies is an asset of this app, whose digest is known when it "
            "has been built.",
            "Run the asset itself (ContainerImage.from_docker_image_asset(asset)), copy it to a "
            "tag that ends with its hash (f'...:{asset.asset_hash}') and run that, or exempt it "
            "with a reason.",
        )


def _is_same_processor(one: Platform, other: Platform) -> bool:
    return (one.os, one.architecture) == (other.os, other.architecture)


#: By the normalized reference that is copied to.
Copies = Mapping[str, Copy]


def copies_among(images: Iterable[Image], policy: Policy) -> Copies:
    """The copies that a deployment makes.

    Args:
        images: All images; the sources of copies are among them.
        policy: The user's decisions; a source that stays unpinned may be another image by then.
    """
    copies: dict[str, Copy] = {}
    for image in images:
        if image.resource.resource_type == COPY_TYPE:
            for destination, copy in _copies_of(image, policy):
                copies[destination] = _twice(copy) if destination in copies else copy
    return {destination: _followed(copy, copies) for destination, copy in copies.items()}


def _copies_of(image: Image, policy: Policy) -> Iterator[tuple[str, Copy]]:
    properties, by = image.resource.properties, image.resource.construct_path
    source = _source(image, policy)
    for destination in _destinations(image):
        is_whole = str(value_of(properties, "CopyImageIndex")).lower() == "true"
        given = _architecture(value_of(properties, "ImageArch"))
        platform = None if is_whole else Platform("linux", given)
        secret = image.secret if isinstance(image.secret, str) else None
        yield destination.normalized, Copy(by, source, platform, secret)
        for architecture, tag in _tags(value_of(properties, "ArchImageTags")):
            name = f"{destination.name}:{tag}"
            yield name, Copy(by, source, Platform("linux", architecture), secret)


def _twice(copy: Copy) -> Copy:
    what = "Several images are copied there, and which one is the last is not known."
    return replace(copy, source=Problem(what, "Copy each of them to a tag of its own."))


def _followed(copy: Copy, copies: Copies) -> Copy:
    """A copy of a copy as a copy of the first source, for the platform of the earliest step."""
    platform, seen = copy.platform, {copy}
    found = copy
    while isinstance(found.source, ImageReference) and found.source.digest is None:
        before = copies.get(found.source.normalized)
        if before is None:
            break
        if before in seen:
            what = "The images that it copies are copies of each other."
            return replace(copy, source=Problem(what, "Copy an image that is there already."))
        seen.add(before)
        found = before
        platform = before.platform or platform
    return replace(copy, source=found.source, platform=platform, secret=found.secret)


def _source(image: Image, policy: Policy) -> ImageReference | ExemptByRule | Problem:
    found = set(leaves(image.evaluation))
    leaf = found.pop() if len(found) == 1 else None
    if isinstance(leaf, Known):
        stays_unpinned = (
            image.exemption is not None or policy.exempt.match(leaf.reference) is not None
        )
        if leaf.reference.digest is None and stays_unpinned:
            return Problem(
                f"What it copies, {leaf.text}, stays unpinned, so it may be another image by then.",
                "Pin the source too, or exempt this image as well.",
            )
        return leaf.reference
    if isinstance(leaf, (ExemptByRule, Problem)):
        return leaf
    return Problem(
        "Which image it copies is known at deployment only.",
        "Write the source as text, or exempt this image with a reason.",
    )


def _destinations(image: Image) -> Iterator[ImageReference]:
    value = value_of(image.resource.properties, "DestImage")
    evaluation: Evaluation = evaluate(value, image.resource.scope, exempt_rule="transport")
    for leaf in leaves(evaluation):
        if isinstance(leaf, Known) and leaf.reference.digest is None:
            yield leaf.reference


def _architecture(value: Any) -> str:
    return value if isinstance(value, str) and value else _DEFAULT_ARCHITECTURE


def _tags(value: Any) -> Iterable[tuple[str, str]]:
    """The tags of ``ArchImageTags``: a JSON object by architecture."""
    try:
        tags = json.loads(value) if isinstance(value, str) else None
    except (ValueError, RecursionError):
        return ()
    if not isinstance(tags, Mapping):
        return ()
    return [(str(key), tag) for key, tag in tags.items() if isinstance(tag, str)]
