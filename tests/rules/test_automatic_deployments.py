"""App Runner services that follow a tag."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.rules.assemblies import DIGEST, examined, said, write_stack

OWN = "123456789012.dkr.ecr.eu-west-1.amazonaws.com/app"
OTHER = "210987654321.dkr.ecr.eu-west-1.amazonaws.com/app"
PUBLIC = "public.ecr.aws/acme/app"


@pytest.mark.parametrize(
    ("image", "enabled", "is_told"),
    [
        (f"{OWN}@{DIGEST}", True, True),
        (f"{OWN}@{DIGEST}", "true", True),
        (f"{OWN}@{DIGEST}", None, True),
        (f"{OWN}@{DIGEST}", {"Ref": "AWS::NoValue"}, True),
        (f"{OWN}@{DIGEST}", False, False),
        (f"{OTHER}@{DIGEST}", None, False),
        (f"{OTHER}@{DIGEST}", True, True),
        (f"{PUBLIC}@{DIGEST}", None, False),
    ],
)
def test_automatic_deployments_beside_a_digest_are_told(
    tmp_path: Path, image: str, enabled: Any, *, is_told: bool
) -> None:
    source = {"ImageRepository": {"ImageIdentifier": image}}
    source |= {} if enabled is None else {"AutoDeploymentsEnabled": enabled}
    service = {"Type": "AWS::AppRunner::Service", "Properties": {"SourceConfiguration": source}}
    found = said(examined(write_stack(tmp_path, {"Service": service})))
    assert [rule for rule, *_ in found] == ["automatic-deployments"] * is_told
