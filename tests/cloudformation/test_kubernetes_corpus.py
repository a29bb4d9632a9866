"""Manifests written after public ones, with the outcome of every reference in them.

A comment behind a value says what becomes of it: ``pinned``, ``left by RULE``, ``warned`` or
``untouched``; where the reference is only a part of the value, the comment names it.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from pathlib import Path

import pytest
import yaml

from pinned_images.cloudformation.outcomes import ExemptByRule, Known, Several
from pinned_images.cloudformation.rewriting import Rewritten, pin_site
from pinned_images.cloudformation.scope import TemplateScope
from pinned_images.cloudformation.sites import evaluate_site, find_sites
from pinned_images.reference import Digest, ImageReference
from tests.rules.assemblies import coverage, examined, said, write_stack

RESOURCE = "Custom::AWSCDK-EKS-KubernetesResource"
CORPUS = sorted(Path(__file__).with_name("kubernetes_corpus").glob("*.yaml"))
DIGEST = Digest("sha256:" + "d" * 64)
EXPECTATION = re.compile(
    r"(?P<value>.*?)\s*# (?P<outcome>pinned|warned|untouched|left by (?P<rule>[a-z-]+))"
    r"(?:: (?P<named>\S+))?"
)


def expectations(text: str) -> Counter[tuple[str, str]]:
    """Each reference with its outcome, as many times as it is there."""
    found: Counter[tuple[str, str]] = Counter()
    for line in text.splitlines():
        match = EXPECTATION.fullmatch(line)
        if match is not None:
            value = (
                match["named"] or match["value"].partition(": ")[2] or match["value"].strip(" -")
            )
            reference = yaml.safe_load(value) if match["named"] is None else value
            found[match["rule"] or match["outcome"], reference] += 1
    return found


def only(wanted: str, found: Counter[tuple[str, str]]) -> Counter[str]:
    return Counter(
        {reference: count for (outcome, reference), count in found.items() if outcome == wanted}
    )


def outcomes(manifest: str) -> Counter[tuple[str, str]]:
    """What is pinned, and what is left by which rule."""
    (site,) = find_sites(RESOURCE, {"Manifest": manifest})
    evaluation = evaluate_site(site, TemplateScope())
    assert isinstance(evaluation, Several), evaluation
    found: Counter[tuple[str, str]] = Counter()
    for image in evaluation.images:
        match image.evaluation:
            case Known(text):
                pinned = ImageReference.parse(text).digest is None
                found["pinned" if pinned else "untouched", text] += 1
            case ExemptByRule(text, rule):
                found[rule, text] += 1
            case other:
                pytest.fail(f"{image.place}: {other}")
    return found


def warnings(directory: Path, manifest: str, exempt: set[str]) -> list[str]:
    resource = {"Type": RESOURCE, "Properties": {"Manifest": manifest}}
    patterns = {ImageReference.parse(each).normalized: "Looked at already." for each in exempt}
    found = said(examined(write_stack(directory, {"Manifest": resource}), coverage(patterns)))
    return [description for rule, _, description in found if rule == "unlisted-image"]


@pytest.mark.parametrize("path", CORPUS, ids=lambda path: path.stem)
def test_every_reference_has_its_outcome(path: Path, tmp_path: Path) -> None:
    text = path.read_text("utf-8")
    expected = expectations(text)
    manifest = json.dumps(yaml.safe_load(text), indent=1)
    found = outcomes(manifest)
    done = {key: count for key, count in expected.items() if key[0] not in ("warned", "untouched")}
    assert {key: count for key, count in found.items() if key[0] != "untouched"} == done
    expected_warnings = set(only("warned", expected))
    for image in expected_warnings:
        [warning] = warnings(tmp_path, manifest, expected_warnings - {image})
        assert f"The image {image} at Manifest " in warning
    assert warnings(tmp_path, manifest, expected_warnings) == []


@pytest.mark.parametrize("path", CORPUS, ids=lambda path: path.stem)
@pytest.mark.parametrize("indent", [None, 2], ids=["compact", "indented"])
def test_no_byte_changes_but_pinned_images(path: Path, indent: int | None) -> None:
    text = path.read_text("utf-8")
    manifest = json.dumps(yaml.safe_load(text), indent=indent)
    (site,) = find_sites(RESOURCE, {"Manifest": manifest})
    rewritten = pin_site(site, TemplateScope(), lambda _: DIGEST)
    assert isinstance(rewritten, Rewritten), rewritten
    expected = manifest
    for image in only("pinned", expectations(text)):
        tag = "" if ImageReference.parse(image).tag else ":latest"
        expected = expected.replace(f'"{image}"', f'"{image}{tag}@{DIGEST}"')
    assert rewritten.value == expected
