"""The pipeline: find -> evaluate -> resolve -> decide -> report, over plain data.

Its input are resources as plain property trees; its output are the same trees with pinned images, a
decision about each image, and records for the report.
"""

from pinned_images.pinning.copies import COPY_PROPERTIES
from pinned_images.pinning.deciding import decide
from pinned_images.pinning.decisions import (
    AlreadyPinned,
    DecidedOutcome,
    Decision,
    Exempt,
    NotPinned,
    OutcomeDecision,
    Pinned,
)
from pinned_images.pinning.images import (
    Image,
    ImageOutcome,
    compared_with_patterns,
    container_name_of,
    follows_its_tag,
    outcomes_of,
)
from pinned_images.pinning.pipeline import PinnedResource, pin_images
from pinned_images.pinning.policy import Policy
from pinned_images.pinning.records import records_of
from pinned_images.pinning.resources import ImageResource

__all__ = [
    "COPY_PROPERTIES",
    "AlreadyPinned",
    "DecidedOutcome",
    "Decision",
    "Exempt",
    "Image",
    "ImageOutcome",
    "ImageResource",
    "NotPinned",
    "OutcomeDecision",
    "Pinned",
    "PinnedResource",
    "Policy",
    "compared_with_patterns",
    "container_name_of",
    "decide",
    "follows_its_tag",
    "outcomes_of",
    "pin_images",
    "records_of",
]
