"""The project's own fixtures come from its pytest plugin, as they do for its users."""

from __future__ import annotations

import pytest

from pinned_images.testing import plugin

pytest_plugins = ["pytester"]


def pytest_configure(config: pytest.Config) -> None:
    """Register the plugin where the project runs from its folder without being installed."""
    if not config.pluginmanager.has_plugin("pinned_images"):
        config.pluginmanager.register(plugin, "pinned_images")
