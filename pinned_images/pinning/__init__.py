"""The pipeline: find -> evaluate -> resolve -> rewrite -> report, over plain data.

What it is given are resources as plain property trees; what it gives back are the same trees with
pinned images, a verdict on each, and records for the report.
"""

from pinned_images.pinning.answers import Answers
from pinned_images.pinning.images import Image, ImageOutcome, asks_for_floating_tag, outcomes_of
from pinned_images.pinning.pipeline import pin_images
from pinned_images.pinning.policy import Policy, VersionConsistency
from pinned_images.pinning.records import records_of
from pinned_images.pinning.resources import ImageResource, PinnedResource, Verdict

__all__ = [
    "Answers",
    "Image",
    "ImageOutcome",
    "ImageResource",
    "PinnedResource",
    "Policy",
    "Verdict",
    "VersionConsistency",
    "asks_for_floating_tag",
    "outcomes_of",
    "pin_images",
    "records_of",
]
