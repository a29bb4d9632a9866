"""The last look at finished templates: pure functions over files that are written already.

What rules say of an image stands in `rules.py`, what is looked at in `stacks.py`.
"""

from pinned_images.examination.coverage import Coverage
from pinned_images.examination.overridden import corrected
from pinned_images.examination.stacks import Examination, examine
from pinned_images.examination.unused import unused_exemptions
from pinned_images.examination.violations import (
    AppProblem,
    Complaint,
    MissedReason,
    MissedStage,
    Violation,
)

__all__ = [
    "AppProblem",
    "Complaint",
    "Coverage",
    "Examination",
    "MissedReason",
    "MissedStage",
    "Violation",
    "corrected",
    "examine",
    "unused_exemptions",
]
