"""The Docker image assets that an app builds and pushes itself."""

from __future__ import annotations

from aws_cdk import Stack, Stage

from pinned_images.cloudformation.interpreter import Interpreter
from pinned_images.cloudformation.left_alone import asset_image
from pinned_images.cloudformation.scope import AssetImages, TemplateScope


def asset_images_below(root: Stage) -> AssetImages:
    """Where the Docker image assets of an App or Stage are pushed to, as their synthesizers say.

    It looks at every construct, which takes long; assets in CDK's own bootstrap repository are
    known by their names, so it is asked only for an app that has a repository of its own for them.
    """
    from aws_cdk.aws_ecr_assets import (  # noqa: PLC0415  seldom needed
        DockerImageAsset,
        TarballImageAsset,
    )

    locations = {
        Interpreter({}, symbolic=True).text(
            Stack.of(construct).resolve(construct.image_uri), TemplateScope()
        )
        for construct in root.node.find_all()
        if isinstance(construct, (DockerImageAsset, TarballImageAsset))
    }
    found = (asset_image(each) for each in locations if isinstance(each, str))
    return frozenset(each for each in found if each is not None)
