"""The rule `expiring-image`: a pinned image that the lifecycle policy of its repository would take.

A pinned digest is only as good as the image behind it. When its tag moves on, the image is
untagged, which is what the usual lifecycle policy removes; a service that still runs it then fails
to scale out.
"""

from __future__ import annotations

from collections.abc import Iterator
from weakref import WeakKeyDictionary

from pinned_images.cloudformation.outcomes import Known
from pinned_images.cloudformation.scope import AppTemplates
from pinned_images.ecr.tag_mutability import REPOSITORY
from pinned_images.problem import Problem
from pinned_images.rules.rule import ExaminedImage, Rule


class _ExpiringImage(Rule):
    id = "expiring-image"
    severity = "warning"

    def check_image(self, image: ExaminedImage) -> Iterator[Problem]:
        """Images with a digest, from a repository of the app that has a lifecycle policy."""
        app = image.scope.app
        if app is None or not _has_policies(app):
            return
        from pinned_images.rules.app_lifecycle_policies import (  # noqa: PLC0415 - most have none
            problems_of,
        )

        for outcome in image.outcomes:
            leaf = outcome.leaf
            if isinstance(leaf, Known) and leaf.reference.digest is not None:
                yield from problems_of(leaf.reference, outcome.location, app)


_KNOWN: WeakKeyDictionary[AppTemplates, bool] = WeakKeyDictionary()


def _has_policies(app: AppTemplates) -> bool:
    """Whether a repository of the app has a lifecycle policy; looked for once an app."""
    if app not in _KNOWN:
        _KNOWN[app] = any(
            _has_policy(resource)
            for scope in app.all_scopes()
            for resource in scope.section("Resources").values()
        )
    return _KNOWN[app]


def _has_policy(resource: object) -> bool:
    match resource:
        case {"Type": type_, "Properties": {"LifecyclePolicy": _}}:
            return bool(type_ == REPOSITORY)
    return False


EXPIRING_IMAGE = _ExpiringImage()
