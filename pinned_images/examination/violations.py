"""What breaks a rule, as plain data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

#: A warning does not end the synth, the others do; what is fatal cannot be acknowledged: CDK
#: suppresses no such violation.
Severity = Literal["fatal", "error", "warning"]

#: Why a Stage was not pinned: nobody asked for it, or too late.
MissedReason = Literal["not applied", "applied late"]


@dataclass(frozen=True, slots=True)
class Complaint:
    """What a rule says of one image.

    Attributes:
        rule: A rule without the plugin's name.
        severity: How bad it is.
        description: What is wrong, as a sentence.
        fix: What to do, as a sentence; None where the description says it.
    """

    rule: str
    severity: Severity
    description: str
    fix: str | None


@dataclass(frozen=True, slots=True)
class Violation:
    """A complaint and the place that it is about.

    Attributes:
        complaint: What is wrong.
        construct_path: The construct that it is reported at, and acknowledged at or above.
        template_path: The template's file.
        logical_id: The resource.
        location: Where in the resource, as CDK writes locations.
        stack: The construct path of the top-level stack.
    """

    complaint: Complaint
    construct_path: str
    template_path: str
    logical_id: str
    location: str
    stack: str

    @property
    def subject(self) -> tuple[str, ...]:
        """The rule and the place, whatever is said of it."""
        return (
            self.complaint.rule,
            self.construct_path,
            self.template_path,
            self.logical_id,
            self.location,
        )


@dataclass(frozen=True, slots=True)
class MissedStage:
    """A Stage that was synthesized without being pinned.

    Attributes:
        construct_path: The Stage.
        reason: Why.
    """

    construct_path: str
    reason: MissedReason


@dataclass(frozen=True, slots=True)
class AppProblem:
    """What is wrong with a whole app or with a part of it, rather than with one image.

    Attributes:
        description: What is wrong and where, as a sentence.
        fix: What to do, as a sentence; None where the description says it.
        rule: A rule without the plugin's name.
        severity: How bad it is.
    """

    description: str
    fix: str | None
    rule: str
    severity: Severity
