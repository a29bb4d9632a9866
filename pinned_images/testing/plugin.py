"""The pytest plugin: fixtures for the tests of apps that pin their images.

It is loaded in every test run of an environment that has `pinned_images`: what a fixture needs is
imported when the fixture is used.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from syrupy.assertion import SnapshotAssertion

    from pinned_images.testing.fixed_resolver import FixedResolver
    from pinned_images.testing.registry_server import RegistryServer
    from pinned_images.testing.synthesized import SynthesizedApp

#: Set for synths, as PINNED_IMAGES_UPDATE=never is for those of a build machine, they count before
#: the test's own settings.
_OF_SYNTHS = ("PINNED_IMAGES_", "CDK_LOOKUPS")


@pytest.fixture
def registry() -> Iterator[RegistryServer]:
    """An empty container registry on loopback; see `RegistryServer`."""
    from pinned_images.testing.registry_server import (  # noqa: PLC0415 (late by design)
        RegistryServer,
    )

    with RegistryServer() as server:
        yield server


@pytest.fixture(scope="session")
def fixed_resolver() -> FixedResolver:
    """A resolver that knows every image without network: `FixedResolver.derived()`."""
    from pinned_images.testing.fixed_resolver import FixedResolver  # noqa: PLC0415 (late by design)

    return FixedResolver.derived()


@pytest.fixture(scope="session")
def synthesize() -> Iterator[Callable[..., SynthesizedApp]]:
    """A function that synthesizes an app: ``synthesize(app).template("Web")``.

    With ``check=False`` errors of the synth are in the result's `errors` and raise nothing. From
    its first use on, the variables that configure how synths resolve images are unset; a test may
    set them.
    """
    from pinned_images.testing.synthesized import synthesize  # noqa: PLC0415 (late by design)

    with pytest.MonkeyPatch.context() as environment:
        for variable in list(os.environ):
            if variable.startswith(_OF_SYNTHS):
                environment.delenv(variable)
        yield synthesize


@pytest.fixture
def template_snapshot(snapshot: SnapshotAssertion) -> SnapshotAssertion:
    """Syrupy's `snapshot`, for templates: one YAML file each; see `TemplateSnapshotExtension`."""
    from pinned_images.testing.snapshots import (  # noqa: PLC0415 (late by design)
        TemplateSnapshotExtension,
    )

    return snapshot.use_extension(TemplateSnapshotExtension)
