"""What a user decides in several places at once, and which of them counts."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

import pytest

from pinned_images.errors import ConfigurationError
from pinned_images.exemptions import Exemption
from pinned_images.options import Options, check_context_keys

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


SECRET = "https://user:secret@mirror.example"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        pytest.param({"mirrors": [SECRET]}, "mirrors cannot be of the type list", id="list"),
        pytest.param({"mirrors": {3: SECRET}}, "mirrors", id="no-host"),
        pytest.param({"mirrors": {"docker.io": [SECRET]}}, "mirrors['docker.io']", id="no-url"),
        pytest.param({"insecure_registries": SECRET}, "insecure_registries", id="one-host"),
        pytest.param({"resource_types": "AWS::ECS::TaskDefinition"}, "a list", id="one-type"),
        pytest.param({"resource_types": [3]}, "resource_types", id="no-type"),
        pytest.param({"properties": ["Custom::Thing"]}, "properties", id="no-paths"),
        pytest.param({"ecr_roles": {"1": None}}, "ecr_roles['1']", id="no-role"),
        pytest.param({"ssm_parameters": {"/x": 3}}, "ssm_parameters['/x']", id="no-value"),
        pytest.param({"exempt": ["nginx:*"]}, "exempt", id="no-reasons"),
        pytest.param({"exempt": {"nginx:*": 3}}, "reason", id="no-reason"),
        pytest.param({"lock_file": 3}, "lock_file", id="no-file"),
        pytest.param({"deadline": "10"}, "deadline", id="no-number"),
        pytest.param({"deadline": 0}, "deadline is 0", id="no-time"),
        pytest.param({"resolver": {"nginx:1": SECRET}}, "FixedResolver", id="dict-as-resolver"),
    ],
)
def test_an_argument_of_a_wrong_type_is_named_at_once_and_not_shown(
    arguments: dict[str, Any], words: str
) -> None:
    with pytest.raises(ConfigurationError) as caught:
        Options(**arguments).check()
    assert words in str(caught.value)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("last", ["2027-03-31", datetime(2027, 3, 31)], ids=["text", "datetime"])  # noqa: DTZ001 - as users write it
def test_the_last_day_of_an_exemption_is_a_day(last: Any) -> None:
    Exemption("why", expires=date(2027, 3, 31))
    with pytest.raises(ConfigurationError, match=r"date\(2027, 3, 31\)"):
        Exemption("why", expires=last)


@pytest.mark.parametrize("key", ["pinned-images:lockfile", "pinned-images:Update"])
def test_a_mistyped_context_key_is_refused(key: str) -> None:
    known = ["pinned-images:lock-file", "pinned-images:update", "pinned-images:mirrors"]
    check_context_keys([*known, "pinned-images-of-mine", "@aws-cdk/core:x"])
    with pytest.raises(ConfigurationError) as caught:
        check_context_keys([*known, key])
    assert key in str(caught.value)
    assert all(each in str(caught.value) for each in known)
