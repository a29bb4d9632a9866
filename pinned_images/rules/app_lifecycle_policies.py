"""The lifecycle policies of an app's ECR repositories, and what they would do with an image."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, timezone
from typing import Any, NamedTuple
from weakref import WeakKeyDictionary

from pinned_images.cloudformation.evaluation import text_of
from pinned_images.cloudformation.scope import AppTemplates, TemplateScope
from pinned_images.ecr.inventory import RepositoryImage
from pinned_images.ecr.lifecycle_policy import LifecyclePolicy, LifecycleRule, TagPattern
from pinned_images.ecr.protection import shielding_rule
from pinned_images.ecr.tag_mutability import FILTERS, MUTABILITY, REPOSITORY
from pinned_images.errors import ConfigurationError
from pinned_images.problem import Problem
from pinned_images.reference import ImageReference
from pinned_images.registry.aws.hosts import parse_ecr_host

_SOME_TIME = datetime(2026, 1, 1, tzinfo=timezone.utc)


class _Repository(NamedTuple):
    """A repository of the app, from its template."""

    policy: LifecyclePolicy
    mutability: Any
    filters: Any


def _repository_of(reference: ImageReference, app: AppTemplates) -> _Repository | None:
    host = parse_ecr_host(reference.registry)
    if host is None:
        return None
    return _repositories(app).get((host.account, host.region, reference.repository))


_ByName = dict[tuple[str, str, str], _Repository]
_KNOWN: WeakKeyDictionary[AppTemplates, _ByName] = WeakKeyDictionary()


def _repositories(app: AppTemplates) -> _ByName:
    """The repositories with a lifecycle policy, by account, region and name; read once an app."""
    if app in _KNOWN:
        return _KNOWN[app]
    found = _KNOWN[app] = {}
    for scope in app.all_scopes():
        if scope.account is None or scope.region is None:
            continue
        for resource in scope.section("Resources").values():
            if not isinstance(resource, Mapping) or resource.get("Type") != REPOSITORY:
                continue
            properties = resource.get("Properties")
            if isinstance(properties, Mapping):
                name = text_of(properties.get("RepositoryName"), scope, {})
                policy = _policy(properties.get("LifecyclePolicy"), scope)
                if isinstance(name, str) and policy is not None:
                    found[scope.account, scope.region, name] = _Repository(
                        policy, properties.get(MUTABILITY), properties.get(FILTERS)
                    )
    return found


def _policy(value: Any, scope: TemplateScope) -> LifecyclePolicy | None:
    """The readable rules of a policy; ECR itself refuses a malformed one at deployment."""
    if not isinstance(value, Mapping):
        return None
    text = text_of(value.get("LifecyclePolicyText"), scope, {})
    if not isinstance(text, str):
        return None
    try:
        return LifecyclePolicy.parse(text)
    except ConfigurationError:
        return None


def problems_of(reference: ImageReference, location: str, app: AppTemplates) -> Iterator[Problem]:
    """The problems by the rule that decides about an image with its tag, or without one.

    Args:
        reference: The image.
        location: Where it is, for display.
        app: The templates of the app, in which its repository may be.
    """
    repository = _repository_of(reference, app)
    if repository is None:
        return
    tag = reference.tag
    tagged = _taking_rule(repository.policy, tag) if tag is not None else None
    untagged = None if _stays(tag, repository) else _taking_rule(repository.policy, None)
    rule = untagged or tagged
    if rule is None:
        return
    when = "once its tag names another image" if rule is untagged and tag else "as it is"
    end = "expire" if rule.action == "expire" else "archive"
    name = reference.spelled_name if tag is None else f"{reference.spelled_name}:{tag}"
    yield Problem(
        f"The image {name} at {location} would {end} in its repository {when}: "
        f"{rule.summary()}. What still runs it could then start no further task.",
        "Give digests in use a tag of their own with 'pinned-images protect', and put a rule in "
        f"front of the lifecycle policy that spares them: {shielding_rule()}.",
    )


def _taking_rule(policy: LifecyclePolicy, tag: str | None) -> LifecycleRule | None:
    """The rule that decides about an image: the first that selects it protects it from the rest."""
    image = RepositoryImage(
        digest="", pushed=_SOME_TIME, tags=frozenset() if tag is None else frozenset({tag})
    )
    rule = next((each for each in policy.rules if each.selects(image)), None)
    return None if rule is None or rule.takes_nothing else rule


def _stays(tag: str | None, repository: _Repository) -> bool:
    """Whether the tag cannot be moved away from its image."""
    if tag is None or repository.mutability not in ("IMMUTABLE", "IMMUTABLE_WITH_EXCLUSION"):
        return False
    if repository.mutability == "IMMUTABLE":
        return True
    filters = repository.filters
    if not isinstance(filters, list):
        return False
    patterns = [
        each.get("ImageTagMutabilityExclusionFilterValue")
        for each in filters
        if isinstance(each, Mapping)
    ]
    return len(patterns) == len(filters) and all(
        isinstance(each, str) and not TagPattern(each).matches(tag) for each in patterns
    )
