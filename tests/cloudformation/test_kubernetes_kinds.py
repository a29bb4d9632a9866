"""What is known of kinds of Kubernetes objects."""

from __future__ import annotations

import json
import re
from importlib.resources import files
from typing import Any

import pytest

from pinned_images.cloudformation.kubernetes_kinds import KindPath, KubernetesKinds, kind_of
from pinned_images.cloudformation.property_paths import is_written_path

DATA: dict[str, Any] = json.loads(
    files("pinned_images.cloudformation").joinpath("kubernetes_kinds.json").read_text("utf-8")
)
ENTRIES = [
    pytest.param(section, entry, id=f"{section} {entry['kinds'][0]}")
    for section, entries in DATA.items()
    if section != "form"
    for entry in entries
]
KIND = re.compile(r"[a-z0-9.-]+/(?:[A-Za-z0-9]+|\*)")


@pytest.mark.parametrize(("section", "entry"), ENTRIES)
def test_an_entry_has_kinds_and_a_source(section: str, entry: dict[str, Any]) -> None:
    assert all(KIND.fullmatch(kind) for kind in entry["kinds"])
    assert re.fullmatch(r"https://\S+", entry["source"])
    if section in ("places", "by_tag", "workloads"):
        assert entry["paths"]
        assert all(is_written_path(path) for path in entry["paths"])
        assert not any("*" in kind for kind in entry["kinds"])
    else:
        assert entry["what"]


def test_no_kind_is_there_twice() -> None:
    for section in (("places", "by_tag"), ("templates", "configurations", "schemas", "values")):
        kinds = [kind for name in section for entry in DATA[name] for kind in entry["kinds"]]
        assert len(kinds) == len(set(kinds))


def test_no_workload_is_known_to_be_something_else() -> None:
    known = KubernetesKinds.known()
    kinds = {kind for entry in DATA["places"] for kind in entry["kinds"]}
    assert {known.description(kind).content for kind in kinds} == {"images"}


@pytest.mark.parametrize(
    ("api_version", "kind", "content"),
    [
        ("kyverno.io/v1", "ClusterPolicy", "template"),
        ("constraints.gatekeeper.sh/v1beta1", "K8sAllowedRepos", "template"),
        ("notgatekeeper.sh/v1", "Thing", "images"),
        ("kro.run/v1alpha1", "ResourceGraphDefinition", "template"),
        ("kro.run/v1alpha1", "WebApp", "images"),
        ("apiextensions.k8s.io/v1", "CustomResourceDefinition", "schema"),
        ("skaffold/v4beta11", "Config", "nothing"),
        ("apps/v1", "Deployment", "images"),
        ("v1", "Pod", "images"),
        ("", "", "images"),
    ],
)
def test_a_group_means_the_groups_below_it_too(api_version: str, kind: str, content: str) -> None:
    description = KubernetesKinds.known().description(kind_of(api_version, kind))
    assert description.content == content


def test_own_paths_are_put_to_those_that_are_known() -> None:
    own = KindPath("ceph.rook.io/CephCluster", "spec.more{}.image")
    routes = KubernetesKinds.known((own,)).routes("ceph.rook.io/CephCluster")
    assert routes == (("spec", "cephVersion", "image"), ("spec", "more", "{}", "image"))
    assert KubernetesKinds.known().routes("ceph.rook.io/CephCluster") == routes[:1]
