"""The rule `pushed-by-build`: an image that a build in the deployment itself may push.

What the tag leads to at synth is what an earlier deployment has pushed, so the image would be one
deployment late. Which tag a build pushes is in its commands, so this is a warning.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any, NamedTuple

from pinned_images.cloudformation.evaluation import text_of
from pinned_images.cloudformation.outcomes import Known
from pinned_images.cloudformation.property_paths import value_of
from pinned_images.cloudformation.references import described
from pinned_images.cloudformation.scope import AppTemplates, TemplateScope
from pinned_images.pinning import Pinned
from pinned_images.problem import Problem
from pinned_images.reference import ImageReference
from pinned_images.rules.rule import ExaminedImage, Rule

_PROJECT = "AWS::CodeBuild::Project"
_CUSTOM = ("Custom::", "AWS::CloudFormation::CustomResource")
_FIX = (
    "Let the custom resource return the digest that the build has pushed, and run "
    "repository@digest; or build the image as an asset (ContainerImage.from_asset)."
)


class _Build(NamedTuple):
    """A CodeBuild project that the deployment starts.

    Attributes:
        project: The project, for display.
        starter: The custom resource that starts it, for display.
        texts: Its environment variables and its buildspec.
    """

    project: str
    starter: str
    texts: tuple[str, ...]

    def names(self, reference: ImageReference) -> bool:
        """Whether its variables or buildspec name the repository of an image."""
        return any(reference.name in text or reference.repository == text for text in self.texts)


class _PushedByBuild(Rule):
    id = "pushed-by-build"
    severity = "warning"

    def check_image(self, image: ExaminedImage) -> Iterator[Problem]:
        """Pinned images of a repository that a build in the deployment names."""
        if image.decision is None or image.scope.app is None:
            return
        if image.resource.resource_type == _PROJECT:
            return
        for outcome, decision in image.decision.outcomes:
            if not isinstance(decision, Pinned) or not isinstance(outcome.leaf, Known):
                continue
            reference = outcome.leaf.reference
            for build in _builds(image.scope.app):
                if build.names(reference):
                    yield Problem(
                        f"{reference} at {outcome.location} is pinned to what the tag leads to "
                        f"now, and {build.project}, which the deployment starts by "
                        f"{build.starter}, may push another image there.",
                        _FIX,
                    )
                    break


@lru_cache(maxsize=8)
def _builds(app: AppTemplates) -> tuple[_Build, ...]:
    return tuple(build for scope in app.all_scopes() for build in _builds_in(scope))


def _builds_in(scope: TemplateScope) -> Iterator[_Build]:
    resources = scope.section("Resources")
    projects = {
        logical_id: resource
        for logical_id, resource in resources.items()
        if isinstance(resource, Mapping) and resource.get("Type") == _PROJECT
    }
    if not projects:
        return
    starters = {
        described(logical_id, resource): json.dumps(resource.get("Properties"), default=str)
        for logical_id, resource in resources.items()
        if isinstance(resource, Mapping) and str(resource.get("Type")).startswith(_CUSTOM)
    }
    for logical_id, resource in projects.items():
        for starter, text in starters.items():
            if f'"{logical_id}"' in text:
                properties = scope.resource_properties(logical_id)
                texts = tuple(_texts(properties, scope))
                yield _Build(described(logical_id, resource), starter, texts)
                break


def _texts(properties: Mapping[str, Any], scope: TemplateScope) -> Iterator[str]:
    variables = value_of(value_of(properties, "Environment"), "EnvironmentVariables")
    listed = variables if isinstance(variables, list) else []
    values = [value_of(each, "Value") for each in listed]
    for value in (*values, value_of(value_of(properties, "Source"), "BuildSpec")):
        text = text_of(value, scope, {}) if value is not None else None
        if isinstance(text, str):
            yield text


PUSHED_BY_BUILD = _PushedByBuild()
