"""The rule `mutable-repository`: an ECR repository whose tags can be moved."""

from __future__ import annotations

from collections.abc import Iterator

from pinned_images.cloudformation.display import display
from pinned_images.ecr.tag_mutability import (
    CREATION_TEMPLATE,
    MUTABILITY,
    RESOURCE_TYPES,
    is_immutable,
)
from pinned_images.problem import Problem
from pinned_images.rules.rule import ExaminedResource, Rule, Violation


class _MutableRepository(Rule):
    id = "mutable-repository"
    severity = "error"

    def check_resource(self, resource: ExaminedResource) -> Iterator[Problem]:
        """Repositories with mutable tags, where the option `require_immutable_tags` is on."""
        if (
            resource.coverage.policy.require_immutable_tags
            and resource.resource_type in RESOURCE_TYPES
            and not is_immutable(resource.properties)
        ):
            yield Problem(
                f"{_subject(resource.resource_type)} lets tags be moved to another image "
                f"({_setting(resource.properties.get(MUTABILITY))}).",
                "Set ImageTagMutability to IMMUTABLE or IMMUTABLE_WITH_EXCLUSION, or have "
                "ImmutableTags.apply_to(app) set it.",
            )

    def not_applied(self, stage: str, number: int) -> Violation:
        """A Stage that an Aspect `ImmutableTags` does not reach.

        Args:
            stage: Its construct path.
            number: How many repositories it has.
        """
        have = "1 repository, whose tags" if number == 1 else f"{number} repositories, whose tags"
        return self.violation(
            f"The Stage {stage} has {have} stay mutable: an Aspect does not reach into Stages.",
            "Write ImmutableTags.apply_to(app) when all Stages are made, in place of "
            "Aspects.of(app).add(ImmutableTags()); for a Stage in a pipeline write "
            "ImmutableTags.apply_to(stage) before pipeline.add_stage(stage).",
        )

    def failed(self, cause: str) -> Violation:
        """A failure that left all repositories unchanged."""
        return self.violation(f"No repository was made immutable. {cause}")


class _KeptMutable(Rule):
    """The same rule as a warning: a setting by hand stays."""

    id = _MutableRepository.id
    severity = "warning"

    def kept(self, resource_type: str, value: object, path: str, logical_id: str) -> Violation:
        """A setting that `ImmutableTags` has kept.

        Args:
            resource_type: The resource's type.
            value: What it sets.
            path: Its construct path.
            logical_id: Its logical id.
        """
        problem = Problem(
            f"{_subject(resource_type)} keeps the setting that the app makes itself "
            f"({_setting(value)}), so its tags can be moved.",
            "Take the setting out, and ImmutableTags makes its own.",
        )
        return Violation(self, problem, path, logical_id=logical_id)

    def caches(self, path: str, logical_id: str) -> Violation:
        """A template for pull-through caches, in which ECR refreshes tags."""
        problem = Problem(
            "The repository creation template is for pull-through caches, and with immutable tags "
            "ECR cannot refresh what it has cached under a tag.",
            "Acknowledge this rule for the template to leave its tags mutable.",
        )
        return Violation(self, problem, path, logical_id=logical_id)


def _subject(resource_type: str) -> str:
    is_template = resource_type == CREATION_TEMPLATE
    return "The repository creation template" if is_template else "The repository"


def _setting(value: object) -> str:
    return f"{MUTABILITY} is {'MUTABLE by default' if value is None else display(value)}"


MUTABLE_REPOSITORY = _MutableRepository()
KEPT_MUTABLE = _KeptMutable()
