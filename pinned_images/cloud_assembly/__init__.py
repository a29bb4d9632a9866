"""A cloud assembly on disk: its templates and their stacks."""

from pinned_images.cloud_assembly.manifests import (
    Artifacts,
    ImageAsset,
    asset_manifests,
    image_assets,
    metadata_of,
    text_assets,
)
from pinned_images.cloud_assembly.stacks import AssemblyStack

__all__ = [
    "Artifacts",
    "AssemblyStack",
    "ImageAsset",
    "asset_manifests",
    "image_assets",
    "metadata_of",
    "text_assets",
]
