"""The user's decisions about pinning."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date

from pinned_images.cloudformation.catalog import Catalog
from pinned_images.exemptions import ExemptionPatterns
from pinned_images.option_syntax import ARGUMENTS, OptionSyntax
from pinned_images.option_types import VersionConsistency
from pinned_images.reference import Style
from pinned_images.resolution import PlatformMode


@dataclass(frozen=True, slots=True)
class Policy:
    """The user's decisions about pinning.

    Attributes:
        catalog: Which properties hold images.
        style: ``digest`` to leave tags out everywhere; else what each service takes.
        platforms: ``verify`` checks that the image runs on the workload's platform, ``select``
            pins that platform's own manifest, ``ignore`` does neither. A service that takes one
            image and no index gets that of its platform in each of them.
        verify_digests: Whether digests that the app writes itself are verified.
        version_consistency: Whether containers with ECS' ``versionConsistency: disabled`` are
            pinned (with a warning) or left as they are.
        exempt: Images that stay unpinned.
        require_immutable_tags: Whether ECR repositories in the app have to keep their tags.
        today: The day (in UTC) on which exemptions are measured.
        option_syntax: How the advice of problems writes options.
    """

    catalog: Catalog
    today: date
    style: Style | None = None
    platforms: PlatformMode = "verify"
    verify_digests: bool = True
    version_consistency: VersionConsistency = "pin"
    exempt: ExemptionPatterns = field(default_factory=ExemptionPatterns)
    require_immutable_tags: bool = False
    option_syntax: OptionSyntax = ARGUMENTS
