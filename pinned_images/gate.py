"""`PinnedImagesGate`, the validation plugin that reads the finished templates."""

from __future__ import annotations

import logging
import os
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import jsii
from aws_cdk import (
    IPolicyValidationContext,
    IPolicyValidationPlugin,
    PolicyValidationPluginReport,
    PolicyViolatingResource,
    PolicyViolation,
)
from constructs import IConstruct

from pinned_images.acknowledgements import PLUGIN
from pinned_images.cdk.constructs import (
    ConstructMap,
    container_name_at,
    paths_of_templates,
    source_of_asset,
)
from pinned_images.cdk.interruption import interruptible
from pinned_images.cdk.violation_placement import MissedStage, placed
from pinned_images.cloud_assembly import Artifacts, AssemblyStack
from pinned_images.errors import PinnedImagesError
from pinned_images.examination import Examination, examine, examine_app
from pinned_images.options import GateOptions, Options
from pinned_images.printable import printable
from pinned_images.rules import FAILURE, RULES, Coverage, Violation
from pinned_images.version import __version__

if TYPE_CHECKING:
    from typing_extensions import Unpack

_logger = logging.getLogger(__name__)


class AspectState(Protocol):
    """State of the Aspects that a gate reads besides the templates."""

    def coverages(self) -> Sequence[Coverage]:
        """The parts of the tree to examine; the first that holds a construct decides about it."""

    def problems(self) -> Sequence[Violation]:
        """Violations that concern more than one image."""

    def missed_stages(self) -> Sequence[MissedStage]:
        """The Stages that were synthesized without being pinned."""

    def examined(self, examination: Examination, /) -> Sequence[Violation]:
        """Called with the findings; returns violations of the report itself."""


#: The states of the gates of `PinImages`: another gate does not repeat their findings.
_ASPECT_STATES: ConstructMap[IConstruct, AspectState] = ConstructMap()


@jsii.implements(IPolicyValidationPlugin)
class PinnedImagesGate:
    """Forbids images without a digest in the templates of an app.

    `PinImages` adds one by itself. On its own it suits a platform team that wants to forbid
    unpinned images and leaves the pinning to others. An image is accepted where the rule
    ``pinned-images::unpinned-image`` is acknowledged for its construct or above.

    Args:
        exempt: Images that stay unpinned: shell patterns on normalized references
            (``docker.io/library/*:*``), each with a reason or an `Exemption`.
        resource_types: The resource types to look at; all that are known if left out.
        properties: Image properties of further resource types: ``{"Custom::Thing": ["Image"]}``;
            also of kinds of Kubernetes objects: ``{"example.com/App": ["spec.image"]}``.
        version_consistency: What to do with containers that have switched ECS' version consistency
            off: ``pin`` them with a warning, which is the default, or ``respect`` that and leave
            them.
        require_immutable_tags: Make an ECR repository of the app whose tags can be moved an error
            (the rule ``mutable-repository``); not done if left out.

    Raises:
        ConfigurationError: An argument cannot be used.

    Example:
        >>> from aws_cdk import App, Validations
        >>> app = App()
        >>> Validations.of(app).add_plugins(PinnedImagesGate())
    """

    def __init__(self, **options: Unpack[GateOptions]) -> None:
        """Create the gate; the arguments are those of the class."""
        checked = Options.of(options, taken_by="PinnedImagesGate", kind=GateOptions)
        self._aspect_state: AspectState = _StandaloneState(checked)

    @classmethod
    def for_aspect(cls, app: IConstruct, aspect_state: AspectState) -> PinnedImagesGate:
        """The gate that `PinImages` adds: it examines what the Aspect has pinned, or should have.

        Args:
            app: The App that it is added to.
            aspect_state: The state of the Aspects; read when templates are finished.
        """
        gate = cls()
        gate._aspect_state = _ASPECT_STATES[app] = aspect_state
        return gate

    @property
    def name(self) -> str:
        """The plugin's name in CDK's report and in the ids of rules."""
        return PLUGIN

    @property
    def version(self) -> str:
        """The version of this package."""
        return __version__

    @property
    def rule_ids(self) -> list[str]:
        """The ids of the rules."""
        return [rule.id for rule in RULES]

    def validate(self, context: IPolicyValidationContext) -> PolicyValidationPluginReport:
        """Read the templates and report every image that breaks a rule.

        Whatever prevents the examination is a violation too: the CDK CLI skips a plugin that
        raises, and would deploy unexamined templates.
        """
        try:
            with interruptible():
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
                stack.account_id or os.environ.get("CDK_DEFAULT_ACCOUNT") or None,
                stack.region or os.environ.get("CDK_DEFAULT_REGION") or None,
                paths,
                artifacts=artifacts,
            )
            for stack in context.stack_templates
        ]
        coverages = self._aspect_state.coverages()
        app = context.app_construct
        look = partial(examine, stacks, container_name=partial(container_name_at, app))
        found = look(coverages=coverages)
        after = self._aspect_state.examined(found)
        missed = self._aspect_state.missed_stages() if found.violations else []
        of_aspect = _ASPECT_STATES.get(app, self._aspect_state)
        others = of_aspect.coverages() if of_aspect is not self._aspect_state else []
        if others and found.violations:
            found = found.without(look(coverages=others), others)
        here, at_app = placed(found.violations, stacks, missed, app)
        source_of = partial(source_of_asset, app, stacks)
        whole = examine_app(stacks, coverages, found, others, source_of)
        violations = [*self._aspect_state.problems(), *at_app, *whole, *after, *here]
        return PolicyValidationPluginReport(
            success={each.rule.severity for each in violations} <= {"warning"},
            violations=list(map(_as_cdk, violations)),
        )


@dataclass(frozen=True)
class _StandaloneState:
    options: Options

    def coverages(self) -> list[Coverage]:
        return [Coverage([""], self.options.policy())]

    def problems(self) -> list[Violation]:
        return []

    def missed_stages(self) -> list[MissedStage]:
        return []

    def examined(self, _: Examination, /) -> list[Violation]:
        return []


def _blind(why: str) -> PolicyValidationPluginReport:
    violations = [_as_cdk(FAILURE.nothing_seen(why))]
    return PolicyValidationPluginReport(success=False, violations=violations)


def _as_cdk(violation: Violation) -> PolicyViolation:
    """A violation in CDK's form, at the App itself where it concerns the whole.

    The CLI shows violations in a nested Stage only where that Stage is selected.
    """
    fix = violation.problem.fix
    return PolicyViolation(
        rule_name=violation.rule.id,
        description=printable(violation.problem.what),
        fix=None if fix is None else printable(fix),
        severity=violation.rule.severity,
        violating_resources=[
            PolicyViolatingResource(
                construct_path=violation.construct_path,
                resource_logical_id=violation.logical_id or None,
                template_path=violation.template_path or None,
                locations=[printable(violation.location)] if violation.location else [],
            )
        ],
    )
