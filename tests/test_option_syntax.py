"""How errors name an option: as an argument to apps, and as commands take it to commands."""

from __future__ import annotations

import ast
import json
import shlex
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pinned_images.cli.configuration import COMMAND_OPTIONS
from pinned_images.option_syntax import ARGUMENTS, OptionSyntax
from pinned_images.options import Options

VALUES: dict[str, Any] = {
    "ecr_roles": {"123456789012": "arn:aws:iam::123456789012:role/reader"},
    "ssm_parameters": {"/shop/image": "nginx:1.27"},
    "use_parameter_defaults": True,
    "verify_digests": False,
    "record_in": "metadata",
    "lock_file": "pinned-images.lock.json",
    "mirror_fallback": True,
}


@pytest.mark.parametrize("name", VALUES)
def test_what_is_advised_is_taken_as_it_is_written(name: str) -> None:
    expected = getattr(Options.of({name: VALUES[name]}), name)

    advice = ARGUMENTS.written(name, VALUES[name])
    [argument] = ast.parse(advice, mode="eval").body.keywords  # type: ignore[attr-defined]
    assert getattr(Options.of({argument.arg: ast.literal_eval(argument.value)}), name) == expected

    advice = OptionSyntax({}).written(name, VALUES[name])
    context = json.loads(f"{{{advice.removesuffix(' in cdk.json')}}}")
    assert getattr(Options().with_settings(context, {}), name) == expected


def test_a_command_has_its_own_options() -> None:
    command = OptionSyntax(COMMAND_OPTIONS)
    advised = [shlex.split(command.written(name, VALUES[name])) for name in VALUES]
    assert ["--ecr-role", "123456789012=arn:aws:iam::123456789012:role/reader"] in advised
    assert ["--mirror-fallback"] in advised
    assert ["--lock-file", "pinned-images.lock.json"] in advised
    assert "in cdk.json" in OptionSyntax({}).written("ecr_roles", VALUES["ecr_roles"])
    assert ARGUMENTS.written("ecr_roles", {"1": ...}) == "PinImages(ecr_roles={'1': ...})"


@given(st.dictionaries(st.text(), st.text() | st.just(...), max_size=2))
def test_foreign_names_are_quoted(values: dict[str, Any]) -> None:
    ast.parse(ARGUMENTS.written("ssm_parameters", values))
    advice = OptionSyntax({}).written("ssm_parameters", values)
    json.loads(f"{{{advice.removesuffix(' in cdk.json')}}}")
