"""The rules of the gate: one a module, and the list of them.

A new rule is a module here, a line in `RULES`, and a row in the table of `docs/gate.md`.
"""

from pinned_images.rules.automatic_deployments import AUTOMATIC_DEPLOYMENTS
from pinned_images.rules.coverage import Coverage
from pinned_images.rules.expiring_image import EXPIRING_IMAGE
from pinned_images.rules.failure import FAILURE
from pinned_images.rules.fixed_name import FIXED_NAME
from pinned_images.rules.floating_tag import FLOATING_TAG
from pinned_images.rules.image_format import IMAGE_FORMAT
from pinned_images.rules.mutable_repository import KEPT_MUTABLE, MUTABLE_REPOSITORY
from pinned_images.rules.pushed_by_build import PUSHED_BY_BUILD
from pinned_images.rules.record import RECORD
from pinned_images.rules.report import REPORT
from pinned_images.rules.rule import (
    ExaminedApp,
    ExaminedImage,
    ExaminedResource,
    Rule,
    Severity,
    SourceOf,
    Violation,
)
from pinned_images.rules.tag_beside_digest import TAG_BESIDE_DIGEST
from pinned_images.rules.tag_only import TAG_ONLY
from pinned_images.rules.unlisted_image import UNLISTED_IMAGE
from pinned_images.rules.unpinned_base_image import UNPINNED_BASE_IMAGE
from pinned_images.rules.unpinned_image import UNPINNED_IMAGE
from pinned_images.rules.unseen_images import UNSEEN_IMAGES
from pinned_images.rules.unusable_digest import UNUSABLE_DIGEST
from pinned_images.rules.unused_exemption import UNUSED_EXEMPTION
from pinned_images.rules.unverified_digest import UNVERIFIED_DIGEST
from pinned_images.rules.version_consistency import VERSION_CONSISTENCY

#: Every rule; what they find in an image or a template is reported in this order.
RULES: tuple[Rule, ...] = (
    UNPINNED_IMAGE,
    UNUSABLE_DIGEST,
    UNVERIFIED_DIGEST,
    IMAGE_FORMAT,
    FLOATING_TAG,
    VERSION_CONSISTENCY,
    TAG_ONLY,
    TAG_BESIDE_DIGEST,
    AUTOMATIC_DEPLOYMENTS,
    FIXED_NAME,
    PUSHED_BY_BUILD,
    UNSEEN_IMAGES,
    UNLISTED_IMAGE,
    UNPINNED_BASE_IMAGE,
    MUTABLE_REPOSITORY,
    EXPIRING_IMAGE,
    UNUSED_EXEMPTION,
    REPORT,
    RECORD,
    FAILURE,
)

__all__ = [
    "FAILURE",
    "KEPT_MUTABLE",
    "MUTABLE_REPOSITORY",
    "RECORD",
    "REPORT",
    "RULES",
    "UNPINNED_BASE_IMAGE",
    "UNPINNED_IMAGE",
    "Coverage",
    "ExaminedApp",
    "ExaminedImage",
    "ExaminedResource",
    "Rule",
    "Severity",
    "SourceOf",
    "Violation",
]
