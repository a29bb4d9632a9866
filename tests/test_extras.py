"""The package without the AWS CDK, and with one that is too old."""

from __future__ import annotations

import subprocess
import sys

import pytest

ABSENT = """
import sys
class Absent:
    def find_spec(self, name, *_):
        if name.partition(".")[0] in ("aws_cdk", "constructs", "jsii"):
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
sys.meta_path.insert(0, Absent())
"""
OLD = """
import sys, types
cdk, assembly = types.ModuleType("aws_cdk"), types.ModuleType("aws_cdk._jsii")
assembly.__jsii_assembly__ = types.SimpleNamespace(version="2.80.0")
sys.modules.update({"aws_cdk": cdk, "aws_cdk._jsii": assembly})
"""


def python(code: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)


@pytest.mark.parametrize("name", ["PinImages", "PinnedImagesGate", "ImmutableTags"])
@pytest.mark.parametrize(
    ("world", "parts"),
    [
        pytest.param(ABSENT, ["not installed", "pip install 'pinned-images[cdk]'"], id="absent"),
        pytest.param(OLD, ["2.271 or newer", "2.80.0 is installed", "run --"], id="too old"),
    ],
)
def test_what_needs_the_cdk_says_so_in_a_sentence(world: str, parts: list[str], name: str) -> None:
    result = python(f"{world}\nfrom pinned_images import {name}")
    last = result.stderr.splitlines()[-1]
    assert last.startswith(f"ImportError: {name} needs aws-cdk-lib")
    for part in parts:
        assert part in last


def test_everything_else_works_without_the_cdk() -> None:
    others = "from pinned_images import ImageReference, PinImagesOptions, Resolver, UpdateMode"
    command = "from pinned_images.cli.application import application; application(['--help'])"
    result = python(f"{ABSENT}\n{others}\nimport pinned_images.assembly\n{command}")
    assert result.returncode == 0, result.stderr
    assert "run" in result.stdout
