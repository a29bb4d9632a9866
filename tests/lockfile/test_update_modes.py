"""The command that an error names for a synth that may ask, on the level where it was frozen."""

from __future__ import annotations

import sys

import pytest

from pinned_images.lockfile.update_modes import synth_with_lookups


@pytest.mark.parametrize(
    ("environment", "platform", "command"),
    [
        ({}, "linux", "cdk synth -c pinned-images:update=missing"),
        ({}, "win32", "cdk synth -c pinned-images:update=missing"),
        ({"PINNED_IMAGES_UPDATE": "never"}, "linux", "PINNED_IMAGES_UPDATE=missing cdk synth"),
        ({"CDK_LOOKUPS": "false"}, "darwin", "PINNED_IMAGES_UPDATE=missing cdk synth"),
        (
            {"CDK_LOOKUPS": "false"},
            "win32",
            "$env:PINNED_IMAGES_UPDATE = 'missing'; cdk synth",
        ),
    ],
)
def test_a_freeze_is_undone_where_it_counts(
    monkeypatch: pytest.MonkeyPatch, environment: dict[str, str], platform: str, command: str
) -> None:
    for name in ("PINNED_IMAGES_UPDATE", "CDK_LOOKUPS"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(sys, "platform", platform)
    assert synth_with_lookups() == command
