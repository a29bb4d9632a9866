"""What a user decides in several places at once, and which of them counts."""

from __future__ import annotations

from typing import Any

import pytest

from pinned_images.errors import ConfigurationError
from pinned_images.options import Options

LOCKED = Options(lock_file="pinned-images.lock.json", update="always")


def surrounded(
    options: Options, context: dict[str, Any] | None = None, **environment: str
) -> Options:
    return options.with_surroundings((context or {}).get, environment)


@pytest.mark.parametrize(
    ("context", "environment", "mode"),
    [
        pytest.param(None, {}, "always", id="argument"),
        pytest.param("missing", {}, "missing", id="context-before-argument"),
        pytest.param(
            "missing", {"PINNED_IMAGES_UPDATE": "never"}, "never", id="variable-before-context"
        ),
        pytest.param("missing", {"PINNED_IMAGES_UPDATE": ""}, "missing", id="empty-variable"),
        pytest.param("missing", {"CDK_LOOKUPS": "false"}, "never", id="no-lookups"),
        pytest.param("missing", {"CDK_LOOKUPS": "0"}, "never", id="no-lookups-as-a-number"),
        pytest.param("missing", {"CDK_LOOKUPS": "true"}, "missing", id="lookups"),
        pytest.param(
            None,
            {"CDK_LOOKUPS": "false", "PINNED_IMAGES_UPDATE": "always"},
            "always",
            id="own-variable-before-the-CLI-s",
        ),
    ],
)
def test_how_to_update_is_said_by_the_environment_then_context_then_the_argument(
    context: str | None, environment: dict[str, str], mode: str
) -> None:
    found = surrounded(LOCKED, {"pinned-images:update": context}, **environment)
    assert found.update == mode


def test_without_a_lock_file_images_are_resolved_although_cdk_makes_no_lookups() -> None:
    assert surrounded(Options(), CDK_LOOKUPS="false").update is None


def test_a_lock_file_of_the_context_is_frozen_too() -> None:
    context = {"pinned-images:lock-file": "other.json"}
    found = surrounded(Options(), context, CDK_LOOKUPS="false")
    assert (found.lock_file, found.update) == ("other.json", "never")


@pytest.mark.parametrize(
    ("context", "environment"),
    [
        pytest.param({"pinned-images:update": "sometimes"}, {}, id="context"),
        pytest.param({"pinned-images:update": True}, {}, id="no-text"),
        pytest.param({}, {"PINNED_IMAGES_UPDATE": "sometimes"}, id="variable"),
    ],
)
def test_a_mode_that_is_none_is_refused(
    context: dict[str, Any], environment: dict[str, str]
) -> None:
    with pytest.raises(ConfigurationError):
        surrounded(LOCKED, context, **environment)
