"""Tags that keep images in use from the lifecycle policy of their ECR repository.

An image whose tag has moved on has none, which is what the usual policy removes. A tag of its own
makes it a tagged image; whether a rule takes it all the same is decided here, for the images and
the policy as they are and for what may become of them: images are pushed, and other tags move.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import islice, product
from math import prod
from typing import Literal, NamedTuple

from pinned_images.ecr.inventory import RepositoryImage
from pinned_images.ecr.lifecycle_policy import LifecyclePolicy, LifecycleRule, Removal
from pinned_images.errors import ConfigurationError
from pinned_images.printable import quoted
from pinned_images.reference import Digest

DEFAULT_PREFIX = "in-use-"

State = Literal["protected", "taken", "archived", "gone", "tag-exists"]

# OCI Distribution specification, "Pulling manifests": a tag has 128 characters at most.
_PREFIX = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,115}")
_DIGITS = 12
_FAR_AHEAD = timedelta(days=36_500)
_MOST_SELECTIONS = 1000


def parse_prefix(text: str) -> str:
    """The beginning of protection tags.

    Raises:
        ConfigurationError: No tag can begin like this.

    Example:
        >>> parse_prefix("in-use-")
        'in-use-'
    """
    if _PREFIX.fullmatch(text) is None:
        raise ConfigurationError(
            f"No tag can begin with {quoted(text)}: write up to 116 letters, digits, '.', '_' and "
            "'-', and no '.' or '-' at the beginning."
        )
    return text


def protection_tag(digest: Digest, prefix: str = DEFAULT_PREFIX) -> str:
    """The tag of an image's own.

    Example:
        >>> protection_tag(Digest("sha256:" + "0123456789abcdef" * 4))
        'in-use-0123456789ab'
    """
    return f"{prefix}{digest.encoded[:_DIGITS]}"


def shielding_rule(prefix: str = DEFAULT_PREFIX) -> str:
    """A lifecycle rule, as JSON, that takes nothing and shields protected images from all others.

    It works in front of all others (ECR user guide, "Lifecycle policy evaluation rules": an image
    that the selection of a rule matches is not taken by a rule of lower priority).
    """
    return (
        '{"rulePriority": 1, "selection": {"tagStatus": "tagged", "tagPrefixList": '
        f'["{prefix}"], "countType": "imageCountMoreThan", "countNumber": 9999}}, '
        '"action": {"type": "expire"}}'
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Protection:
    """The protection of one image: a tag, or the reason why there is none.

    Attributes:
        digest: The digest of the image.
        tag: Its protection tag.
        state: ``protected`` with the tag; ``taken`` by a rule all the same; ``archived``, so that
            it cannot be pulled; ``gone`` from the repository; or ``tag-exists`` on another image.
        needs_tag: Whether the image has to be given the tag.
        rule: The rule that takes it.
        at: Since when the rule takes it, as the images are now; None where only later pushes or
            moved tags bring it there.
        holder: The digest of the image that has the tag.
    """

    digest: Digest
    tag: str
    state: State
    needs_tag: bool = False
    rule: LifecycleRule | None = None
    at: datetime | None = None
    holder: str | None = None


def plan_protection(
    digests: Iterable[Digest],
    images: Collection[RepositoryImage],
    policy: LifecyclePolicy | None,
    now: datetime,
    *,
    prefix: str = DEFAULT_PREFIX,
) -> list[Protection]:
    """The protection of the images of one repository.

    Args:
        digests: The images in use.
        images: The whole inventory of the repository.
        policy: Its lifecycle policy; None where it has none.
        now: When the inventory was read.
        prefix: The beginning of protection tags.

    Returns:
        One for each digest, in their order.
    """
    by_digest = {image.digest: image for image in images}
    holders = {tag: image.digest for image in images for tag in image.tags}
    plans: list[Protection] = []
    for digest in dict.fromkeys(digests):
        tag = protection_tag(digest, prefix)
        image = by_digest.get(digest)
        if image is None:
            plans.append(Protection(digest=digest, tag=tag, state="gone"))
        elif image.is_archived:
            plans.append(Protection(digest=digest, tag=tag, state="archived"))
        elif holders.setdefault(tag, digest) != digest:
            plans.append(
                Protection(digest=digest, tag=tag, state="tag-exists", holder=holders[tag])
            )
        else:
            needs_tag = tag not in image.tags
            by_digest[digest] = replace(image, tags=image.tags | {tag})
            plans.append(Protection(digest=digest, tag=tag, state="protected", needs_tag=needs_tag))
    if policy is None:
        return plans
    removals = policy.removals(by_digest.values(), now + _FAR_AHEAD, read_at=now)
    taken = {each.image.digest: each for each in removals}
    before = {image.digest: image for image in images}
    return [
        _proven(plan, by_digest[plan.digest], before[plan.digest], policy, taken.get(plan.digest))
        if plan.state == "protected"
        else plan
        for plan in plans
    ]


def _proven(
    plan: Protection,
    tagged: RepositoryImage,
    before: RepositoryImage,
    policy: LifecyclePolicy,
    removal: Removal | None,
) -> Protection:
    """The plan, or one that names the rule that takes the image with its tag."""
    rule = removal.rule if removal is not None else _possible_taker(policy, tagged, plan.tag)
    if rule is None:
        return plan
    # A rule on such tags alone: without the tag the image is better off.
    is_harmful = not rule.is_for_archive and rule.selects(tagged) and not rule.selects(before)
    return replace(
        plan,
        state="taken",
        needs_tag=plan.needs_tag and not is_harmful,
        rule=rule,
        at=None if removal is None else removal.at,
    )


def _possible_taker(
    policy: LifecyclePolicy, image: RepositoryImage, tag: str
) -> LifecycleRule | None:
    """The first rule that would take an image if others were pushed and its other tags moved."""
    for index, rule in enumerate(policy.rules):
        if rule.takes_nothing or not rule.selects(image):
            continue
        for tags in islice(_selections(rule, image.tags, tag), _MOST_SELECTIONS + 1):
            less = replace(image, tags=tags)
            if not any(earlier.selects(less) for earlier in policy.rules[:index]):
                return rule
        if prod(len(some) for some in _matching(rule, image.tags)) > _MOST_SELECTIONS:
            return rule  # not all of them were looked at
    return None


def _selections(rule: LifecycleRule, tags: frozenset[str], kept: str) -> Iterator[frozenset[str]]:
    """The smallest sets of tags, each with one that is kept, by which a rule selects an image.

    A rule that selects an image by some tags selects it by more: no other sets need a look.
    """
    for chosen in product(*_matching(rule, tags)):
        yield frozenset({*chosen, kept})


def _matching(rule: LifecycleRule, tags: frozenset[str]) -> list[list[str]]:
    """For each pattern of a rule the tags that match it; nothing where it asks for no tags."""
    return [[tag for tag in tags if each.matches(tag)] for each in rule.patterns]


class Release(NamedTuple):
    """A protection tag of an image that nothing uses.

    Attributes:
        digest: The digest of the image.
        tag: The tag.
        is_last: Whether the image has no other tag, so that ECR deletes it with this one.
    """

    digest: str
    tag: str
    is_last: bool


def plan_release(
    images: Iterable[RepositoryImage],
    in_use: Collection[str],
    *,
    prefix: str = DEFAULT_PREFIX,
) -> list[Release]:
    """The protection tags of a repository that nothing needs any more.

    A tag with the prefix that is not made of its image's digest was not made by this tool, and
    stays.

    Args:
        images: The inventory of the repository.
        in_use: The digests of all images in use.
        prefix: The beginning of protection tags.
    """
    return [
        Release(image.digest, tag, is_last=len(image.tags) == 1)
        for image in sorted(images, key=lambda each: each.digest)
        if image.digest not in in_use
        for tag in sorted(image.tags)
        if tag == f"{prefix}{image.digest.partition(':')[2][:_DIGITS]}"
    ]
