"""Images in use by deployed workloads, and the findings about each of them.

The input is what the APIs of AWS answer, and what the registries say about each image; nothing is
asked here. The facts about Amazon ECS are those of its API reference, "DescribeServiceRevisions"
(since October 2024, `containerImages` holds the digest that each scale-out pulls) and
"ContainerDefinition", `versionConsistency`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timezone
from typing import Literal, get_args

from pinned_images.ecr.inventory import RepositoryImage
from pinned_images.ecr.lifecycle_policy import LifecyclePolicy, LifecycleRule
from pinned_images.ecr.workloads import Use, WorkloadKind
from pinned_images.errors import InvalidReference
from pinned_images.printable import shown_image
from pinned_images.reference import Digest, ImageReference, Platform
from pinned_images.wording import counted

FindingKind = Literal[
    "gone",
    "archived",
    "platform-missing",
    "expiring",
    "moved",
    "version-consistency",
    "unpinned",
]
#: Every kind of finding, the worst first.
FINDING_KINDS: tuple[FindingKind, ...] = get_args(FindingKind)
Severity = Literal["error", "warning"]
State = Literal["present", "gone", "archived", "platform-missing", "unknown"]

_ERRORS: frozenset[FindingKind] = frozenset({"gone", "archived", "platform-missing"})
_END_OF_TIME = datetime(9999, 12, 31, tzinfo=timezone.utc)
#: A rule that keeps as many images is there to take nothing.
_MANY = 1000

_NEXT = {
    "service": "the next scale-out of {} fails",
    "task": "{} cannot be started again from it",
    "rule": "the next run of {} fails",
    "schedule": "the next run of {} fails",
    "function": "AWS Lambda cannot load it for {} again",
}


@dataclass(frozen=True, slots=True)
class RegistryAnswer:
    """A registry's answer about a reference.

    Attributes:
        state: Whether the image is there.
        digest: Its digest, if it is.
        message: Why the state is not known.
    """

    state: State
    digest: str | None = None
    message: str = ""


@dataclass(frozen=True, slots=True)
class Finding:
    """A finding about an image in use.

    Attributes:
        kind: What it is.
        message: A sentence.
        at: The day from which on ECR takes the image, of an expiring one.
    """

    kind: FindingKind
    message: str
    at: datetime | None = None

    @property
    def severity(self) -> Severity:
        """``error`` where the next start of a workload fails."""
        return "error" if self.kind in _ERRORS else "warning"


@dataclass(frozen=True, slots=True)
class Drift:
    """The digests of one image as each side has them; None where a side has none.

    Attributes:
        declared: In the last synth of the app.
        locked: In the lock file.
        registry: Of the tag, now.
        running: What the workloads hold.
    """

    declared: str | None
    locked: str | None
    registry: str | None
    running: str | None

    @property
    def is_drift(self) -> bool:
        """Whether two sides have different digests."""
        known = {self.declared, self.locked, self.registry, self.running} - {None}
        return len(known) > 1


@dataclass(frozen=True, slots=True)
class UsedImage:
    """An image, by reference and digest, and the workloads that use it.

    Attributes:
        reference: The image as the workloads name it.
        digest: The digest that counts: the written one, or the recorded one.
        uses: Where it is used.
        findings: What was found about it, the worst first.
        drift: Its digests side by side, where a lock file or an app was given.
    """

    reference: ImageReference
    digest: Digest | None
    uses: tuple[Use, ...]
    findings: tuple[Finding, ...] = ()
    drift: Drift | None = None

    @property
    def pulled(self) -> ImageReference:
        """The reference that the next start pulls."""
        if self.digest is None:
            return replace(self.reference, _spelling="")
        return ImageReference(self.reference.registry, self.reference.repository, None, self.digest)

    @property
    def tagged(self) -> ImageReference | None:
        """The reference by tag alone; None where the workloads name none."""
        tag = self.reference.effective_tag
        if tag is None:
            return None
        return ImageReference(self.reference.registry, self.reference.repository, tag)

    @property
    def name(self) -> str:
        """The reference as it is spelled, without its digest.

        Example:
            >>> UsedImage(ImageReference.parse("nginx:1@sha256:" + "0" * 64), None, ()).name
            'nginx:1'
        """
        tag = "" if self.reference.tag is None else f":{self.reference.tag}"
        return f"{self.reference.spelled_name}{tag}"

    @property
    def platforms(self) -> frozenset[Platform]:
        """The platforms of workloads that have not run yet."""
        return frozenset(use.platform for use in self.uses if use.platform is not None)


@dataclass(slots=True)
class UsedImages:
    """The images in use.

    Attributes:
        images: In the order of their names.
        unseen: A sentence for each that cannot be understood.
    """

    images: list[UsedImage] = field(default_factory=list)
    unseen: list[str] = field(default_factory=list)

    @classmethod
    def of(cls, uses: Iterable[Use]) -> UsedImages:
        """The images of some uses, each reference and digest once."""
        found = cls()
        grouped: dict[tuple[ImageReference, Digest | None], list[Use]] = {}
        for use in uses:
            try:
                reference = ImageReference.parse(use.image)
                digest = reference.digest or (Digest(use.digest) if use.digest else None)
            except InvalidReference as error:
                found.unseen.append(f"The image of {use.name} cannot be read: {error}")
                continue
            grouped.setdefault((reference, digest), []).append(use)
        found.images = [
            UsedImage(reference, digest, tuple(sorted(some, key=_order)))
            for (reference, digest), some in sorted(
                grouped.items(), key=lambda item: (item[0][0], item[0][1] or "")
            )
        ]
        return found


def findings_of(
    image: UsedImage,
    answers: Mapping[tuple[ImageReference, Platform | None], RegistryAnswer],
    expiry: Finding | None = None,
) -> tuple[Finding, ...]:
    """The findings about an image, the worst first.

    Args:
        image: The image.
        answers: What the registries say of `UsedImage.pulled` for each platform and for None, and
            of `UsedImage.tagged`.
        expiry: What the lifecycle policy of its repository does with it; see `expiries`.
    """
    shown = _shown(image)
    found: list[Finding] = []
    pulled = answers.get((image.pulled, None))
    if pulled is not None and pulled.state == "gone":
        found.append(_gone(image, shown))
    if pulled is not None and pulled.state == "archived":
        found.append(
            Finding(
                "archived",
                f"The image {shown} is archived in Amazon ECR, which gives it to no one: "
                f"{_next(image)}; restore it, or deploy another one.",
            )
        )
    found += [
        Finding(
            "platform-missing",
            f"The image {shown} is not there for {platform}, which {_users(image)} runs on: push "
            "it for that platform.",
        )
        for platform in sorted(image.platforms, key=str)
        if (answer := answers.get((image.pulled, platform))) is not None
        and answer.state == "platform-missing"
    ]
    if expiry is not None and not found:
        found.append(expiry)
    found += _about_tag(image, answers)
    return tuple(sorted(found, key=lambda each: FINDING_KINDS.index(each.kind)))


def _about_tag(
    image: UsedImage, answers: Mapping[tuple[ImageReference, Platform | None], RegistryAnswer]
) -> list[Finding]:
    tagged, shown = image.tagged, _shown(image)
    found: list[Finding] = []
    recorded = [use for use in image.uses if use.is_recorded]
    if tagged is not None and image.digest is not None and recorded:
        now = answers.get((tagged, None), RegistryAnswer("unknown"))
        if now.state == "gone":
            found.append(
                Finding(
                    "moved",
                    f"The tag {tagged.tag} of {shown} is no longer there: the next deployment of "
                    f"{_users(image)} fails; push it again, or deploy another one.",
                )
            )
        elif now.state == "present" and now.digest != image.digest:
            found.append(
                Finding(
                    "moved",
                    f"The tag {tagged.tag} of {shown} has moved to {_short(now.digest)} since the "
                    f"deployment of {_users(image)}: what runs is not what the tag says.",
                )
            )
    if any(not use.is_consistent for use in image.uses):
        found.append(
            Finding(
                "version-consistency",
                f"The task definition of {_users(image)} disables versionConsistency for {shown}: "
                "each task may run another image; enable it, or pin the digest.",
            )
        )
    if image.reference.digest is None:
        found.append(
            Finding(
                "unpinned",
                f"The image {shown_image(image.name)} is named by its tag in "
                f"{_users(image)}: pin it to a digest.",
            )
        )
    return found


def expiries(
    images: Iterable[UsedImage],
    policy: LifecyclePolicy,
    inventory: Iterable[RepositoryImage],
    now: datetime,
) -> dict[tuple[ImageReference, Digest], Finding]:
    """The effect of a repository's lifecycle policy on the images in use in it.

    The policy is evaluated as things are, and as of the moment at which the tags that the workloads
    name have moved on to other images; the earlier of the two counts. All of these tags move at
    once there: by that, a rule that counts images takes more of them rather than fewer.

    Args:
        images: Images in use in the repository.
        policy: Its policy.
        inventory: All that is in it.
        now: When the inventory was read.
    """
    known = {image.digest: image for image in inventory}
    used = [image for image in images if image.digest in known]
    named: dict[str, set[str]] = {}
    for image in used:
        if image.digest is not None and image.tagged is not None and image.tagged.tag is not None:
            named.setdefault(image.digest, set()).add(image.tagged.tag)
    moved = {
        digest: replace(image, tags=image.tags - named.get(digest, set()))
        for digest, image in known.items()
    }
    as_it_is = _taken(policy, known.values(), now)
    once_moved = _taken(policy, moved.values(), now)
    found: dict[tuple[ImageReference, Digest], Finding] = {}
    for image in used:
        digest = image.digest
        if digest is None or known[digest].is_archived:
            continue
        finding = _expiry(image, as_it_is.get(digest), is_moved=False, now=now) or _expiry(
            image, once_moved.get(digest), is_moved=True, now=now
        )
        rule = _counting_rule(policy, moved[digest])
        if finding is None and rule is not None:
            finding = Finding(
                "expiring",
                f"Of the image {_shown(image)} the lifecycle policy takes, after further pushes, "
                f"what its tag has left: {rule.summary()}; protect it, or change the rule.",
            )
        if finding is not None:
            found[image.reference, digest] = finding
    return found


def _taken(
    policy: LifecyclePolicy, inventory: Iterable[RepositoryImage], now: datetime
) -> dict[str, tuple[datetime, LifecycleRule]]:
    """The first time that the policy takes each image; an archived one counts as gone."""
    without_archive = LifecyclePolicy(tuple(r for r in policy.rules if not r.is_for_archive))
    return {
        each.image.digest: (max(each.at, now), each.rule)
        for each in without_archive.removals(inventory, _END_OF_TIME, read_at=now)
    }


def _expiry(
    image: UsedImage,
    taken: tuple[datetime, LifecycleRule] | None,
    *,
    is_moved: bool,
    now: datetime,
) -> Finding | None:
    if taken is None:
        return None
    at, rule = taken
    day = f"{at.astimezone(timezone.utc):%Y-%m-%d}"
    if is_moved:
        tag = image.tagged.tag if image.tagged is not None else ""
        since = "at once" if at <= now else f"on {day}"
        when = f"once its tag {tag} has moved, {since}"
    else:
        when = "at any moment now" if at <= now else f"on {day}"
    verb = "expire" if rule.action == "expire" else "archive"
    return Finding(
        "expiring",
        f"The lifecycle policy will {verb} the image {_shown(image)} {when}: {rule.summary()}; "
        "protect it, or change the rule.",
        at,
    )


def _counting_rule(policy: LifecyclePolicy, image: RepositoryImage) -> LifecycleRule | None:
    """The rule that decides about an image, if it counts images: later pushes make it take it."""
    rule = next((each for each in policy.rules if each.selects(image)), None)
    if rule is None or rule.count_type != "imageCountMoreThan" or rule.count_number >= _MANY:
        return None
    return rule


def _gone(image: UsedImage, shown: str) -> Finding:
    remedy = "push it again, or deploy one that is there"
    return Finding(
        "gone", f"The image {shown} is gone from its registry: {_next(image)}; {remedy}."
    )


def _next(image: UsedImage) -> str:
    return _NEXT[image.uses[0].kind].format(_users(image))


def _users(image: UsedImage) -> str:
    first = image.uses[0]
    # An ARN's last part is the name, behind that of the cluster.
    name = f"the {first.kind} {first.name.rpartition(':')[2].rpartition('/')[2] or first.name}"
    others = len({use.name for use in image.uses} - {first.name})
    return f"{name} and {counted(others, 'other')}" if others else name


def _shown(image: UsedImage) -> str:
    written = shown_image(image.name)
    return written if image.digest is None else f"{written} ({_short(image.digest)})"


def short_digest(digest: str | None) -> str:
    """The beginning of a digest for a table; a dash for none."""
    return "-" if digest is None else Digest(digest).short


def _short(digest: str | None) -> str:
    return "nothing" if digest is None else digest[:19]


def _order(use: Use) -> tuple[int, str, str]:
    kinds: tuple[WorkloadKind, ...] = get_args(WorkloadKind)
    return kinds.index(use.kind), use.name, use.container
