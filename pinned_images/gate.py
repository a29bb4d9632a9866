"""`PinnedImagesGate`, the validation plugin that reads the finished templates."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Protocol

import jsii
from aws_cdk import (
    IPolicyValidationContext,
    IPolicyValidationPlugin,
    PolicyValidationPluginReport,
    PolicyViolatingResource,
    PolicyViolation,
)
from constructs import IConstruct

from pinned_images.acknowledgements import FAILURE, PLUGIN, RULES
from pinned_images.cloud_assembly import Artifacts, AssemblyStack
from pinned_images.construct_tree.identity import ConstructMap
from pinned_images.construct_tree.lookup import container_name_at, paths_of_templates
from pinned_images.errors import PinnedImagesError
from pinned_images.examination import (
    AppProblem,
    Coverage,
    Examination,
    MissedStage,
    Violation,
    examine,
    unused_exemptions,
)
from pinned_images.exemptions import Exemption
from pinned_images.options import Options
from pinned_images.pinning import VersionConsistency
from pinned_images.placement import placed
from pinned_images.version import __version__

_logger = logging.getLogger(__name__)


class Surroundings(Protocol):
    """What a gate knows beside the templates."""

    def coverages(self) -> Sequence[Coverage]:
        """The parts of the tree to look at; the first that holds a construct decides about it."""

    def problems(self) -> Sequence[AppProblem]:
        """What went wrong for more than one image."""

    def missed_stages(self) -> Sequence[MissedStage]:
        """The Stages that were synthesized without being pinned."""

    def examined(self, examination: Examination, /) -> Sequence[AppProblem]:
        """Called with what was found; gives what went wrong with that."""


#: What the gates of `PinImages` know: another gate does not say once more what they say.
_BESIDE_ASPECT: ConstructMap[IConstruct, Surroundings] = ConstructMap()


@jsii.implements(IPolicyValidationPlugin)
class PinnedImagesGate:
    """Forbids images without a digest in the templates of an app.

    `PinImages` adds one by itself. On its own it suits a platform team that wants to forbid
    unpinned images and leaves the pinning to others. An image is let through where the rule
    ``pinned-images::unpinned-image`` is acknowledged for its construct or above.

    Args:
        exempt: Images that may stay unpinned: shell patterns on normalized references, each with
            a reason or an `Exemption`.
        resource_types: The resource types to look at; all that are known if left out.
        properties: Image properties of further resource types, by type.
        version_consistency: ``respect`` lets containers through that have switched ECS'
            version consistency off.

    Raises:
        ConfigurationError: An argument cannot be used.

    Example:
        >>> from aws_cdk import App, Validations
        >>> app = App()
        >>> Validations.of(app).add_plugins(PinnedImagesGate())
    """

    def __init__(
        self,
        *,
        exempt: Mapping[str, str | Exemption] | None = None,
        resource_types: Iterable[str] | None = None,
        properties: Mapping[str, Iterable[str]] | None = None,
        version_consistency: VersionConsistency = "pin",
    ) -> None:
        """See the class."""
        options = Options(
            exempt=exempt or {},
            resource_types=resource_types,
            properties=properties or {},
            version_consistency=version_consistency,
        )
        options.check()
        self._surroundings: Surroundings = _Alone(options)

    @classmethod
    def beside_aspect(cls, app: IConstruct, surroundings: Surroundings) -> PinnedImagesGate:
        """The gate that `PinImages` adds: it looks at what the aspect has pinned, or should have.

        Args:
            app: The App that it is added to.
            surroundings: What is known from the aspect; asked when templates are finished.
        """
        gate = cls()
        gate._surroundings = _BESIDE_ASPECT[app] = surroundings
        return gate

    @property
    def name(self) -> str:
        """The name that stands in CDK's report and in the ids of rules."""
        return PLUGIN

    @property
    def version(self) -> str:
        """The version of this package."""
        return __version__

    @property
    def rule_ids(self) -> list[str]:
        """The rules that are looked at."""
        return list(RULES)

    def validate(self, context: IPolicyValidationContext) -> PolicyValidationPluginReport:
        """Read the templates and report every image that breaks a rule.

        Whatever keeps the gate from looking is a violation too: the CDK CLI passes over a plugin
        that raises, and would deploy what nobody has looked at.
        """
        try:
            return self._report(context)
        except PinnedImagesError as error:
            return _blind(str(error))
        except Exception as error:
            _logger.exception("The gate failed")
            return _blind(f"{type(error).__name__}: {error}".rstrip(": "))

    def _report(self, context: IPolicyValidationContext) -> PolicyValidationPluginReport:
        paths = paths_of_templates(context.app_construct)
        artifacts = Artifacts()
        stacks = [
            AssemblyStack.read(
                stack.stack_construct_path,
                Path(stack.template_path),
                stack.account_id or os.environ.get("CDK_DEFAULT_ACCOUNT"),
                stack.region or os.environ.get("CDK_DEFAULT_REGION"),
                paths,
                artifacts=artifacts,
            )
            for stack in context.stack_templates
        ]
        coverages = self._surroundings.coverages()
        app = context.app_construct
        look = partial(examine, stacks, container_name=partial(container_name_at, app))
        found = look(coverages=coverages)
        after = self._surroundings.examined(found)
        missed = self._surroundings.missed_stages() if found.violations else []
        beside = _BESIDE_ASPECT.get(app, self._surroundings)
        if beside is not self._surroundings and found.violations:
            others = beside.coverages()
            found = found.without(look(coverages=others), others)
        violations, problems = placed(found.violations, stacks, missed, app)
        unused = unused_exemptions(found, coverages)
        problems = [*self._surroundings.problems(), *problems, *unused, *after]
        severities = {
            *(each.severity for each in problems),
            *(each.complaint.severity for each in violations),
        }
        return PolicyValidationPluginReport(
            success=severities <= {"warning"},
            violations=[*map(_problem_as_cdk, problems), *map(_as_cdk, violations)],
        )


@dataclass(frozen=True)
class _Alone:
    options: Options

    def coverages(self) -> list[Coverage]:
        return [Coverage([""], self.options.policy())]

    def problems(self) -> list[AppProblem]:
        return []

    def missed_stages(self) -> list[MissedStage]:
        return []

    def examined(self, _: Examination, /) -> list[AppProblem]:
        return []


def _blind(why: str) -> PolicyValidationPluginReport:
    problem = AppProblem(
        f"The templates could not be looked at, so images may be without a digest. {why}",
        None,
        FAILURE,
        "fatal",
    )
    return PolicyValidationPluginReport(success=False, violations=[_problem_as_cdk(problem)])


def _as_cdk(violation: Violation) -> PolicyViolation:
    return PolicyViolation(
        rule_name=violation.complaint.rule,
        description=violation.complaint.description,
        fix=violation.complaint.fix,
        severity=violation.complaint.severity,
        violating_resources=[
            PolicyViolatingResource(
                construct_path=violation.construct_path,
                resource_logical_id=violation.logical_id or None,
                template_path=violation.template_path,
                locations=[violation.location] if violation.location else [],
            )
        ],
    )


def _problem_as_cdk(problem: AppProblem) -> PolicyViolation:
    """At the App itself: what stands in a nested Stage, the CLI shows to those who select it."""
    return PolicyViolation(
        rule_name=problem.rule,
        description=problem.description,
        fix=problem.fix,
        severity=problem.severity,
        violating_resources=[PolicyViolatingResource(construct_path="", locations=[])],
    )
