"""The Docker image assets in the asset manifest (``*.assets.json``) of a stack.

The file's format is `AssetManifest` of the AWS CDK's cloud assembly schema.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pinned_images.cloudformation.scope import AssetImage


def asset_images(manifest: Any) -> frozenset[AssetImage]:
    """The images that the app builds and pushes under the hash of their source.

    Args:
        manifest: The content of the file; whatever is not as it should be is passed over.

    Example:
        >>> destination = {"repositoryName": "assets", "imageTag": "v-" + "a" * 64}
        >>> manifest = {"dockerImages": {"a" * 64: {"destinations": {"here": destination}}}}
        >>> {image.repository for image in asset_images(manifest)}
        {'assets'}
    """
    return frozenset(_images(manifest))


def _images(manifest: Any) -> Iterator[AssetImage]:
    images = manifest.get("dockerImages") if isinstance(manifest, Mapping) else None
    for source_hash, asset in images.items() if isinstance(images, Mapping) else ():
        destinations = asset.get("destinations") if isinstance(asset, Mapping) else None
        for destination in destinations.values() if isinstance(destinations, Mapping) else ():
            match destination:
                case {"repositoryName": str(repository), "imageTag": str(tag)} if tag.endswith(
                    str(source_hash)
                ):
                    yield AssetImage(repository, tag)
