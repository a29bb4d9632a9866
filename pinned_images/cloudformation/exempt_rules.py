"""Rules that exempt a value from pinning, each with a name."""

from __future__ import annotations

import re
from collections.abc import Mapping

from msgspec.structs import replace

from pinned_images.cloudformation.catalog import ExemptRule, ImageProperty
from pinned_images.cloudformation.outcomes import (
    Choice,
    Evaluation,
    ExemptByRule,
    Known,
    Leaf,
    Several,
)
from pinned_images.cloudformation.scope import AssetImage, TemplateScope
from pinned_images.cloudformation.transports import is_archive
from pinned_images.problem import Problem

_ECR_REPOSITORY = re.compile(
    r"(?P<account>[0-9]{12}|\$\{AWS::AccountId\})\.dkr[.-]ecr\."
    r"(?P<region>[a-z0-9-]+|\$\{AWS::Region\})\.(?P<suffix>[a-z0-9.-]+|\$\{AWS::URLSuffix\})/"
    r"(?P<repository>(?:[^:@$]|\$\{AWS::(?:AccountId|Region)\})+):(?P<tag>[A-Za-z0-9_.-]+)"
)
_HASH_AT_END = re.compile(r"(?:.*[^0-9a-f])?[0-9a-f]{64}")
_BOOTSTRAP_REPOSITORY = re.compile(
    r"cdk-(?P<qualifier>[A-Za-z0-9_-]{1,10})-container-assets-(?P<place>.+)"
)
_LEGACY_REPOSITORY = "aws-cdk/assets"

# CodeBuild user guide, "Docker images provided by CodeBuild" and "EC2 compute images".
_CODEBUILD_CURATED = re.compile(r"aws/codebuild(?:/[A-Za-z0-9_.-]+)+:[A-Za-z0-9_.-]+")
_LIGHTSAIL_STORED = re.compile(r":[A-Za-z0-9-]+\.[A-Za-z0-9-]+\.(?:[0-9]+|latest)")
_IMAGEBUILDER_MANAGED = re.compile(
    r"arn:(?:aws[a-z-]*|\$\{AWS::Partition\}):imagebuilder:(?:[a-z0-9-]*|\$\{AWS::Region\}):"
    r"(?:[a-z0-9-]*|\$\{AWS::AccountId\}):image/[A-Za-z0-9_./-]+"
    r"|ssm:[A-Za-z0-9_./-]+(?::[0-9]+)?"
)

_REASONS: Mapping[str, tuple[re.Pattern[str], str]] = {
    "codebuild-curated": (
        _CODEBUILD_CURATED,
        "An image that AWS CodeBuild curates; no registry that can be asked has it.",
    ),
    "lightsail-stored": (
        _LIGHTSAIL_STORED,
        "An image that is stored on the Lightsail container service itself, by its number.",
    ),
    "imagebuilder-managed": (
        _IMAGEBUILDER_MANAGED,
        "An image that EC2 Image Builder looks up itself, by its ARN or an SSM parameter.",
    ),
}


_ARCHIVE = "An archive that holds an image; it is in no registry that can be asked."


def exempt_by_rule(text: str, scope: TemplateScope, rule: ExemptRule | None) -> ExemptByRule | None:
    """The exempt rule that matches a value; None where it is an image to pin.

    Args:
        text: The value.
        scope: Its template; it names the assets that the app builds itself.
        rule: The rule of the property, in addition to the one for assets.
    """
    if is_asset(text, scope):
        return ExemptByRule(
            text,
            "content-addressed-asset",
            "A Docker image asset of this app: its tag is the hash of what it was built from.",
        )
    if rule == "transport":
        is_left = is_archive(text)
        return ExemptByRule(text, "image-archive", _ARCHIVE) if is_left else None
    if rule is not None:
        pattern, reason = _REASONS[rule]
        if pattern.fullmatch(text):
            return ExemptByRule(text, rule, reason)
    return None


def is_asset(text: str, scope: TemplateScope) -> bool:
    """Whether a string names a Docker image asset that CDK builds and pushes for this app."""
    match = _ECR_REPOSITORY.fullmatch(text)
    if match is None or not _HASH_AT_END.fullmatch(match["tag"]):
        return False
    if match["repository"] == _LEGACY_REPOSITORY:
        return True
    bootstrap = _BOOTSTRAP_REPOSITORY.fullmatch(match["repository"])
    if bootstrap is not None and bootstrap["place"] == f"{match['account']}-{match['region']}":
        return True
    return any(
        asset.tag == match["tag"]
        and match["repository"]
        == asset.repository.replace("${AWS::AccountId}", match["account"]).replace(
            "${AWS::Region}", match["region"]
        )
        for asset in scope.known_asset_images
    )


def asset_image(uri: str) -> AssetImage | None:
    """The repository and the tag of an asset, from the URI that CDK pushes it to.

    Args:
        uri: The image; ``${AWS::AccountId}`` and the like may be in it.

    Example:
        >>> asset_image(f"123456789012.dkr.ecr.eu-west-1.amazonaws.com/own:{'a' * 64}").repository
        'own'
    """
    match = _ECR_REPOSITORY.fullmatch(uri)
    if match is None or not _HASH_AT_END.fullmatch(match["tag"]):
        return None
    return AssetImage(match["repository"], match["tag"])


def exempt_tag_only(evaluation: Evaluation, image_property: ImageProperty) -> Evaluation:
    """The evaluation for a service that takes images by their tag alone.

    Args:
        evaluation: The evaluation for other services.
        image_property: The property, which has the style ``tag``.

    Returns:
        The same, with images exempt by the rule ``tag-only``; what carries a digest, or is too
        long, is a problem, for the service refuses it.
    """
    if isinstance(evaluation, Choice):
        return replace(
            evaluation,
            when_true=exempt_tag_only(evaluation.when_true, image_property),
            when_false=exempt_tag_only(evaluation.when_false, image_property),
        )
    if isinstance(evaluation, Several):
        images = (
            image._replace(evaluation=exempt_tag_only(image.evaluation, image_property))
            for image in evaluation.images
        )
        return Several(tuple(images))
    return _exempt_leaf(evaluation, image_property)


def _exempt_leaf(leaf: Leaf, image_property: ImageProperty) -> Leaf:
    if not isinstance(leaf, (Known, ExemptByRule)):
        return leaf
    service, most = image_property.resource_type, image_property.maximum_length
    if "@" in leaf.text:
        return Problem.about(
            leaf.text,
            leaf.text,
            f"carries a digest, and {service} takes images by their tag alone.",
            "Write it as name:tag, with a tag that is never moved.",
        )
    if most is not None and len(leaf.text) > most:
        return Problem.about(
            leaf.text,
            f"{leaf.text[:60]!r}...",
            f"has {len(leaf.text)} characters, and this property takes at most {most}.",
            "Give the repository or the tag a shorter name.",
        )
    if isinstance(leaf, ExemptByRule):
        return leaf
    reason = f"{service} takes images by their tag alone, so this one is left at its tag."
    return ExemptByRule(leaf.text, "tag-only", reason)
