"""Coverages: parts of the construct tree whose images have to carry digests."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from pinned_images.acknowledgements import is_below
from pinned_images.cloudformation.outcomes import SsmParameter
from pinned_images.pinning import Decision, Policy
from pinned_images.problem import Problem


@dataclass(frozen=True, slots=True, eq=False)
class Coverage:
    """A part of the construct tree whose images have to be pinned.

    Attributes:
        scope_paths: The construct paths that it begins at; an empty one means the whole app.
        policy: The user's decisions.
        decisions: The decisions about images from pinning, by construct path and property.
        is_pinned: Whether `PinImages` pins its images; else the app has to.
        is_silent: Whether a problem with all its images has been reported already.
        parameter_values: Values of the SSM parameters that were read.
        use_parameter_defaults: See `TemplateScope`.
    """

    scope_paths: Collection[str]
    policy: Policy
    decisions: Mapping[tuple[str, str], Decision] = field(default_factory=dict)
    is_pinned: bool = False
    is_silent: bool = False
    parameter_values: Mapping[SsmParameter, str | Problem] = field(default_factory=dict)
    use_parameter_defaults: bool = False

    def holds(self, construct_path: str) -> bool:
        """Whether a construct is in this part."""
        return any(is_below(construct_path, scope) for scope in self.scope_paths)
