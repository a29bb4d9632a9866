"""ECR lifecycle policies: their grammar, and the images that they expire or archive.

The rules are those of the Amazon ECR user guide, "Lifecycle policy properties" and "Lifecycle
policy evaluation rules":

- A rule selects images by storage class and by tags; with several patterns or prefixes, an image
  needs a tag for each of them.
- An image is taken by one rule at most. What the selection of a rule matches cannot be taken by a
  rule of lower priority, also where the first rule leaves it.
- A rule that counts images also counts those that other rules take or shield.
- An image that an index lists cannot be taken before the index is.
- Signatures, attestations and other referrers follow their subject.

ECR applies a policy within 24 hours. Here an image is due from the first moment at which ECR may
take it, so that no expiry is missed.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Literal, NamedTuple, TypeGuard, TypeVar

from pinned_images.ecr.inventory import RepositoryImage
from pinned_images.errors import ConfigurationError
from pinned_images.printable import quoted

Action = Literal["expire", "archive"]
CountType = Literal[
    "imageCountMoreThan", "sinceImagePushed", "sinceImagePulled", "sinceImageTransitioned"
]
TagStatus = Literal["tagged", "untagged", "any"]

#: ECR API reference, PutLifecyclePolicy: lifecyclePolicyText.
_LONGEST_POLICY = 30_720
#: User guide, "Lifecycle policy properties", Tag pattern list.
_MOST_WILDCARDS = 4
#: User guide, "Archiving an image": the least time in the archive.
_LEAST_DAYS_IN_ARCHIVE = 90
#: More images than any repository keeps: a rule that counts beyond them takes nothing.
_MANY = 1000

_ACTIONS: Mapping[str, Action] = {"expire": "expire", "transition": "archive"}
_COUNT_TYPES: Mapping[str, CountType] = {
    "imageCountMoreThan": "imageCountMoreThan",
    "sinceImagePushed": "sinceImagePushed",
    "sinceImagePulled": "sinceImagePulled",
    "sinceImageTransitioned": "sinceImageTransitioned",
}
_TAG_STATUSES: Mapping[str, TagStatus] = {"tagged": "tagged", "untagged": "untagged", "any": "any"}


class TagPattern(NamedTuple):
    """A pattern of tags, in which ``*`` matches any characters.

    Example:
        >>> TagPattern("prod*").matches("prod-1"), TagPattern("prod*").matches("preprod")
        (True, False)
    """

    pattern: str

    def matches(self, tag: str) -> bool:
        """Whether a tag matches, case-sensitive."""
        first, *rest = self.pattern.split("*")
        if not rest:
            return tag == first
        *middle, last = rest
        if len(tag) < len(first) + len(last) or not (tag.startswith(first) and tag.endswith(last)):
            return False
        position, end = len(first), len(tag) - len(last)
        for part in middle:
            found = tag.find(part, position, end)
            if found < 0:
                return False
            position = found + len(part)
        return True


@dataclass(frozen=True, slots=True, kw_only=True)
class LifecycleRule:
    """A rule of a lifecycle policy.

    Attributes:
        priority: Its ``rulePriority``; rules of a lower number go first.
        tag_status: Which images it selects.
        patterns: The patterns of which an image needs a tag each; prefixes are patterns, too.
        count_type: Its measure of images.
        count_number: How many images stay, or after how many days an image is taken.
        action: Its action.
        is_for_archive: Whether it selects archived images, in place of active ones.
        description: The user's description.
    """

    priority: int
    tag_status: TagStatus
    count_type: CountType
    count_number: int
    action: Action = "expire"
    patterns: tuple[TagPattern, ...] = ()
    is_for_archive: bool = False
    description: str = ""

    def selects(self, image: RepositoryImage) -> bool:
        """Whether an image has its storage class and its tags."""
        if image.is_archived != self.is_for_archive:
            return False
        if self.tag_status == "untagged":
            return not image.tags
        if self.tag_status == "tagged":
            return all(any(map(each.matches, image.tags)) for each in self.patterns)
        return True

    @property
    def takes_nothing(self) -> bool:
        """Whether it counts beyond so many images that it only shields what it selects.

        CDK's documentation and others use such a number where nothing is to be taken.
        """
        return self.count_type == "imageCountMoreThan" and self.count_number >= _MANY

    def summary(self) -> str:
        """The rule as a clause.

        Example:
            >>> LifecycleRule(
            ...     priority=1,
            ...     tag_status="untagged",
            ...     count_type="sinceImagePushed",
            ...     count_number=14,
            ... ).summary()
            'rule 1 expires untagged images 14 days after their push'
        """
        patterns = " and ".join(each.pattern for each in self.patterns)
        images = {
            "untagged": "untagged images",
            "tagged": f"images tagged {patterns}",
            "any": "all images",
        }[self.tag_status]
        number = self.count_number
        days = "1 day" if number == 1 else f"{number} days"
        when = {
            "imageCountMoreThan": f"beyond the {number} newest",
            "sinceImagePushed": f"{days} after their push",
            "sinceImagePulled": f"{days} after their last pull",
            "sinceImageTransitioned": f"{days} after they were archived",
        }[self.count_type]
        verb = "expires" if self.action == "expire" else "archives"
        return f"rule {self.priority} {verb} {images} {when}"


class Removal(NamedTuple):
    """An image that a rule takes.

    Attributes:
        image: The image.
        rule: The rule.
        at: The first moment at which ECR may take it.
    """

    image: RepositoryImage
    rule: LifecycleRule
    at: datetime


@dataclass(frozen=True, slots=True)
class LifecyclePolicy:
    """A lifecycle policy of a repository.

    Attributes:
        rules: Its rules, first priority first.

    Example:
        >>> policy = LifecyclePolicy.parse('''{"rules": [{
        ...     "rulePriority": 1,
        ...     "selection": {
        ...         "tagStatus": "untagged",
        ...         "countType": "sinceImagePushed",
        ...         "countUnit": "days",
        ...         "countNumber": 14
        ...     },
        ...     "action": {"type": "expire"}
        ... }]}''')
        >>> policy.rules[0].summary()
        'rule 1 expires untagged images 14 days after their push'
    """

    rules: tuple[LifecycleRule, ...]

    @classmethod
    def parse(cls, text: str) -> LifecyclePolicy:
        """A policy from JSON, checked as ECR checks it.

        Args:
            text: The JSON that ``PutLifecyclePolicy`` takes.

        Raises:
            ConfigurationError: ECR refuses such a policy; the message names the rule.
        """
        if len(text) > _LONGEST_POLICY:
            raise ConfigurationError(
                f"The lifecycle policy is longer than the {_LONGEST_POLICY} characters that ECR "
                "takes."
            )
        try:
            document = json.loads(text)
        except (ValueError, RecursionError) as error:
            raise ConfigurationError("The lifecycle policy is not JSON.") from error
        return cls.of_document(document)

    @classmethod
    def of_document(cls, document: Any) -> LifecyclePolicy:
        """A policy from its parsed JSON; see `parse`."""
        if isinstance(document, Mapping) and isinstance(document.get("lifecyclePolicyText"), str):
            # The output of `aws ecr get-lifecycle-policy`.
            return cls.parse(document["lifecyclePolicyText"])
        rules = document.get("rules") if isinstance(document, Mapping) else None
        if not isinstance(rules, list) or not rules:
            raise ConfigurationError("The lifecycle policy has no list of rules.")
        parsed = sorted((_rule(rule) for rule in rules), key=lambda rule: rule.priority)
        _check_together(parsed)
        return cls(tuple(parsed))

    def removals(
        self, images: Iterable[RepositoryImage], at: datetime, *, read_at: datetime | None = None
    ) -> list[Removal]:
        """The images that the policy takes by a moment, if nothing is pushed, pulled or tagged.

        An image that a rule archives meanwhile counts as archived from the moment at which it is
        due, so that a rule on the archive may take it later.

        Args:
            images: The inventory of the repository.
            at: The moment.
            read_at: When the inventory was read: an active image in it is archived then at the
                earliest, however long it has been due.

        Returns:
            Each image that is taken, in the order in which they go; with its last removal where it
            is archived first and expired later.
        """
        inventory = list(images)
        removed = self._removals(inventory, at)
        archived = {each.image.digest: each for each in removed if each.rule.action == "archive"}
        if archived and any(rule.is_for_archive for rule in self.rules):
            later = [
                image
                if image.digest not in archived
                else replace(
                    image,
                    is_archived=True,
                    archived=max(archived[image.digest].at, read_at or image.pushed),
                )
                for image in inventory
            ]
            in_archive = [image for image in later if image.is_archived]
            again = {each.image.digest: each for each in self._removals(in_archive, at)}
            removed = [again.get(each.image.digest, each) for each in removed]
        return sorted(removed, key=lambda each: (each.at, each.image.digest))

    def _removals(self, images: Sequence[RepositoryImage], at: datetime) -> list[Removal]:
        due = self._due(images)
        by_digest = {image.digest: image for image in images}
        parents: dict[str, list[str]] = {}
        for image in images:
            for child in image.children:
                parents.setdefault(child, []).append(image.digest)
        removed: dict[str, Removal] = {}
        for digest in due:
            _settle(digest, due, parents, removed, at)
        for image in images:
            subject = removed.get(image.subject) if image.subject is not None else None
            if subject is not None and image.digest not in removed:
                removed[image.digest] = Removal(image, subject.rule, subject.at)
        return [removed[digest] for digest in by_digest if digest in removed]

    def _due(self, images: Sequence[RepositoryImage]) -> dict[str, Removal]:
        """The removal of each image by the first rule that selects it, regardless of indexes."""
        due: dict[str, Removal] = {}
        decided: set[str] = set()
        for rule in self.rules:
            selected = [image for image in images if rule.selects(image)]
            for image, moment in _moments(rule, selected):
                if image.digest not in decided:
                    due[image.digest] = Removal(image, rule, moment)
            decided.update(image.digest for image in selected)
        return due


def _settle(
    digest: str,
    due: Mapping[str, Removal],
    parents: Mapping[str, Sequence[str]],
    removed: dict[str, Removal],
    at: datetime,
) -> None:
    """Add an image to the removed ones, unless an index that stays holds it.

    An index may be listed in another one, so the images above are settled first; an index that
    lists itself, which no honest registry holds, is skipped.
    """
    waiting = [digest]
    visited: set[str] = set()
    while waiting:
        current = waiting[-1]
        above = parents.get(current, ())
        further = [each for each in above if each not in visited and each in due]
        if current not in visited and further:
            visited.add(current)
            waiting.extend(further)
            continue
        visited.add(current)
        waiting.pop()
        removal = due[current]
        moments = [removal.at]
        for each in above:
            if each not in removed:
                break
            moments.append(removed[each].at)
        else:
            if max(moments) <= at:
                removed[current] = removal._replace(at=max(moments))


def _moments(
    rule: LifecycleRule, selected: Iterable[RepositoryImage]
) -> list[tuple[RepositoryImage, datetime]]:
    """The selected images that a rule takes, each with the time."""
    if rule.count_type == "imageCountMoreThan":
        newest_first = sorted(selected, key=lambda each: (each.pushed, each.digest), reverse=True)
        return [
            # It was the newest image that pushed this one out of those that stay.
            (image, max(image.pushed, newest_first[index - rule.count_number].pushed))
            for index, image in enumerate(newest_first)
            if index >= rule.count_number
        ]
    wait = timedelta(days=min(rule.count_number, timedelta.max.days))
    found = []
    for image in selected:
        since = _measured_from(rule, image)
        try:
            found.append((image, since + wait))
        except OverflowError:  # longer than any calendar
            continue
    return found


def _measured_from(rule: LifecycleRule, image: RepositoryImage) -> datetime:
    """The time that a rule counts days from (user guide, "Lifecycle policy evaluation rules")."""
    if rule.count_type == "sinceImageTransitioned":
        return image.archived or image.pushed
    if rule.count_type == "sinceImagePulled":
        pulled = image.pulled or image.pushed
        # An image that was restored and not pulled since counts from its restoration.
        return max(pulled, image.activated) if image.activated is not None else pulled
    return image.pushed


def _rule(rule: Any) -> LifecycleRule:
    if not isinstance(rule, Mapping):
        raise ConfigurationError("A rule of the lifecycle policy is no object.")
    priority = rule.get("rulePriority")
    if not _is_count(priority):
        raise ConfigurationError(
            f"A rule of the lifecycle policy has no rulePriority of 1 or more: {quoted(priority)}."
        )
    where = f"Rule {priority} of the lifecycle policy"
    selection, action = rule.get("selection"), rule.get("action")
    if not isinstance(selection, Mapping) or not isinstance(action, Mapping):
        raise ConfigurationError(f"{where} needs a selection and an action, both objects.")
    tag_status = _one_of(where, selection, "tagStatus", _TAG_STATUSES)
    count_type = _one_of(where, selection, "countType", _COUNT_TYPES)
    number = selection.get("countNumber")
    if not _is_count(number):
        raise ConfigurationError(f"{where} needs a countNumber of 1 or more: {quoted(number)}.")
    found = LifecycleRule(
        priority=priority,
        tag_status=tag_status,
        count_type=count_type,
        count_number=number,
        action=_action(where, action),
        patterns=_patterns(where, selection, tag_status),
        is_for_archive=_one_of(
            where, selection, "storageClass", {"standard": False, "archive": True}, "standard"
        ),
        description=str(rule.get("description") or ""),
    )
    _check_counting(where, selection, found)
    return found


def _check_counting(where: str, selection: Mapping[str, Any], rule: LifecycleRule) -> None:
    is_counted = rule.count_type == "imageCountMoreThan"
    if not is_counted and selection.get("countUnit") != "days":
        raise ConfigurationError(f"{where} needs the countUnit 'days' with {rule.count_type}.")
    if is_counted and selection.get("countUnit") is not None:
        raise ConfigurationError(f"{where} must have no countUnit with imageCountMoreThan.")
    if rule.is_for_archive != (rule.count_type == "sinceImageTransitioned"):
        raise ConfigurationError(
            f"{where} needs the storageClass 'archive' with sinceImageTransitioned, and with "
            "nothing else."
        )
    if rule.count_type == "sinceImagePulled" and rule.action != "archive":
        raise ConfigurationError(
            f"{where} must have the action 'transition': ECR expires no image by its last pull."
        )
    if rule.is_for_archive:
        if rule.action != "expire":
            raise ConfigurationError(
                f"{where} must have the action 'expire': it is on the archive."
            )
        if rule.count_number < _LEAST_DAYS_IN_ARCHIVE:
            raise ConfigurationError(
                f"{where} needs a countNumber of {_LEAST_DAYS_IN_ARCHIVE} or more: archived images "
                "stay that long."
            )


def _patterns(
    where: str, selection: Mapping[str, Any], tag_status: TagStatus
) -> tuple[TagPattern, ...]:
    patterns, prefixes = (
        _tags(where, selection, f"tag{kind}List") for kind in ("Pattern", "Prefix")
    )
    if tag_status != "tagged":
        if patterns or prefixes:
            raise ConfigurationError(
                f"{where} must list no tags with the tagStatus {tag_status!r}."
            )
        return ()
    if bool(patterns) == bool(prefixes):
        raise ConfigurationError(
            f"{where} needs either a tagPatternList or a tagPrefixList with the tagStatus 'tagged'."
        )
    for pattern in patterns:
        if pattern.count("*") > _MOST_WILDCARDS:
            raise ConfigurationError(
                f"{where} has more than {_MOST_WILDCARDS} wildcards in {quoted(pattern)}."
            )
    return tuple(map(TagPattern, patterns)) or tuple(TagPattern(f"{each}*") for each in prefixes)


_TAG_TEXT = re.compile(r"[A-Za-z0-9._*-]{1,128}")


def _tags(where: str, selection: Mapping[str, Any], name: str) -> list[str]:
    value = selection.get(name)
    if value is None:
        return []
    if not isinstance(value, list) or not all(isinstance(each, str) and each for each in value):
        raise ConfigurationError(f"{where} needs a list of texts as {name}.")
    for each in value:
        if _TAG_TEXT.fullmatch(each) is None or (name == "tagPrefixList" and "*" in each):
            raise ConfigurationError(f"{where} has in its {name} what no tag is: {quoted(each)}.")
    return value


def _action(where: str, action: Mapping[str, Any]) -> Action:
    kind = _one_of(where, action, "type", _ACTIONS)
    target = action.get("targetStorageClass")
    if kind == "archive" and target != "archive":
        raise ConfigurationError(f"{where} needs the targetStorageClass 'archive' to transition.")
    if kind == "expire" and target is not None:
        raise ConfigurationError(f"{where} must have no targetStorageClass: it expires images.")
    return kind


_Value = TypeVar("_Value")


def _one_of(
    where: str,
    holder: Mapping[str, Any],
    name: str,
    known: Mapping[str, _Value],
    default: str | None = None,
) -> _Value:
    value = holder.get(name, default)
    if not isinstance(value, str) or value not in known:
        expected = ", ".join(map(repr, known))
        raise ConfigurationError(
            f"{where} has a {name} that is not one of {expected}: {quoted(value)}."
        )
    return known[value]


def _is_count(value: object) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 1


def _check_together(rules: Sequence[LifecycleRule]) -> None:
    """Refuse rules that exclude each other (user guide, "Lifecycle policy evaluation rules")."""
    selections: dict[tuple[bool, TagStatus, frozenset[TagPattern]], int] = {}
    priorities: set[int] = set()
    for rule in rules:
        if rule.priority in priorities:
            raise ConfigurationError(
                f"Two rules of the lifecycle policy have the rulePriority {rule.priority}."
            )
        priorities.add(rule.priority)
        selection = rule.is_for_archive, rule.tag_status, frozenset(rule.patterns)
        earlier = selections.setdefault(selection, rule.priority)
        if earlier != rule.priority:
            raise ConfigurationError(
                f"The rules {earlier} and {rule.priority} of the lifecycle policy select the same "
                "images, which ECR refuses."
            )
    for is_for_archive in (False, True):
        of_class = [rule for rule in rules if rule.is_for_archive == is_for_archive]
        for rule in of_class[:-1]:
            if rule.tag_status == "any":
                raise ConfigurationError(
                    f"Rule {rule.priority} of the lifecycle policy, with the tagStatus 'any', must "
                    "have the highest rulePriority."
                )
