"""The pytest plugin: fixtures for the tests of apps that pin their images.

It is loaded in every test run of an environment that has `pinned_images`: what a fixture needs is
imported when the fixture is used.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pinned_images.testing.registry import RegistryServer
    from pinned_images.testing.resolver import FixedResolver


@pytest.fixture
def registry() -> Iterator[RegistryServer]:
    """An empty container registry on loopback; see `RegistryServer`."""
    from pinned_images.testing.registry import RegistryServer  # noqa: PLC0415 (see above)

    with RegistryServer() as server:
        yield server


@pytest.fixture(scope="session")
def fixed_resolver() -> FixedResolver:
    """A resolver that knows every image without network: `FixedResolver.derived()`."""
    from pinned_images.testing.resolver import FixedResolver  # noqa: PLC0415 (see above)

    return FixedResolver.derived()
