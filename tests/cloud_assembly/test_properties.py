"""What holds for every cloud assembly that is pinned, whatever has written it."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pinned_images.assembly import check_assembly, pin_assembly
from pinned_images.errors import ConfigurationError
from pinned_images.options import Options
from pinned_images.testing import FixedResolver
from tests.cloud_assembly.assemblies import (
    IMAGES,
    SYNTHESIZERS,
    Assembly,
    Stack,
    Template,
    assemblies,
)
from tests.cloud_assembly.consistency import assert_consistent, contents

OPTIONS = Options.of({"resolver": FixedResolver.derived(), "verify_digests": False})


@settings(max_examples=40)
@given(assemblies)
def test_keys_manifests_and_parents_agree_after_pinning(assembly: Assembly) -> None:
    with tempfile.TemporaryDirectory() as folder:
        before, after = Path(folder, "before"), Path(folder, "after")
        assembly.write(before)
        shutil.copytree(before, after)
        outcome = pin_assembly(after, OPTIONS)
        assert not outcome.has_errors
        assert_consistent(before, after)
        assert not check_assembly(after, OPTIONS).has_errors
        for template in after.rglob("*.template.json"):
            for image in IMAGES[:-1]:
                assert f'"{image}"' not in template.read_text("utf-8")
        first = contents(after)
        assert pin_assembly(after, OPTIONS).report == outcome.report
        assert contents(after) == first


@pytest.mark.parametrize("synthesizer", sorted(SYNTHESIZERS))
def test_identical_nested_templates_in_several_stacks(synthesizer: str, tmp_path: Path) -> None:
    inner = Template(("nginx:1.27",))
    stack = Stack(Template((), (inner, inner)), synthesizer)
    stages = (Assembly((stack,)), Assembly((Stack(inner, synthesizer),)))
    Assembly((stack, stack), stages).write(tmp_path / "before")
    shutil.copytree(tmp_path / "before", tmp_path / "after")
    pin_assembly(tmp_path / "after", OPTIONS)
    assert_consistent(tmp_path / "before", tmp_path / "after")


def test_a_key_that_ends_as_another_one_does_is_left(tmp_path: Path) -> None:
    """Such as that of a file of the app's own, which is uploaded as it is."""
    inner = Template(("nginx:1.27",))
    Assembly((Stack(Template((), (inner,)), "own name"),)).write(tmp_path)
    file = tmp_path / "Stack0.template.json"
    template = json.loads(file.read_text("utf-8"))
    others = ["s3://b/Data-Stack00-v1.json", "s3://b/Stack00-v1.jsonl", "s3://b/Stack00-v1.json"]
    template["Outputs"] = {f"Data{n}": {"Value": value} for n, value in enumerate(others)}
    file.write_text(json.dumps(template), "utf-8")
    pin_assembly(tmp_path, OPTIONS)
    after = json.loads(file.read_text("utf-8"))["Outputs"]
    assert [after[f"Data{n}"]["Value"] == value for n, value in enumerate(others)] == [
        True,
        True,
        False,
    ]


def _set(document: Any, path: tuple[Any, ...], value: Any) -> None:
    for key in path[:-1]:
        document = document[key]
    document[path[-1]] = value


STACK = ("artifacts", "Stack0", "properties")
ASSETS = ("artifacts", "Stack0.assets", "properties")
STAGE = ("artifacts", "assembly-Stage0", "properties")
OUTSIDE = [
    "../outside.template.json",
    "{outside}",
    "link.template.json",
    "",
    None,
    7,
    "\0",
    "a/" * 9,
]


@pytest.mark.parametrize("name", OUTSIDE, ids=repr)
@pytest.mark.parametrize(
    "path", [(*STACK, "templateFile"), (*ASSETS, "file"), (*STAGE, "directoryName")], ids=str
)
def test_a_path_out_of_the_assembly_is_one_sentence(
    path: tuple[str, ...], name: Any, tmp_path: Path
) -> None:
    outside = tmp_path / "outside.template.json"
    outside.write_text('{"Resources": {}}', "utf-8")
    root = tmp_path / "cdk.out"
    simple = Stack(Template(("nginx:1.27",)), "default")
    Assembly((simple,), (Assembly((simple,)),)).write(root)
    (root / "link.template.json").symlink_to(outside)
    manifest = json.loads((root / "manifest.json").read_text("utf-8"))
    _set(manifest, path, name.format(outside=outside) if isinstance(name, str) else name)
    (root / "manifest.json").write_text(json.dumps(manifest), "utf-8")
    before = {**contents(root), "outside": outside.read_bytes()}
    for look in (pin_assembly, check_assembly):
        with pytest.raises(ConfigurationError) as raised:
            look(root, OPTIONS)
        assert str(raised.value).isprintable()
        assert len(str(raised.value)) < 600
    assert {**contents(root), "outside": outside.read_bytes()} == before


@pytest.mark.parametrize("name", ["..", ".", "loop"])
def test_stages_that_lead_round_are_one_sentence(name: str, tmp_path: Path) -> None:
    root = tmp_path / "cdk.out"
    Assembly((), (Assembly(()),)).write(root)
    (root / "assembly-Stage0" / "loop").symlink_to("..")
    file = root / "assembly-Stage0" / "manifest.json"
    artifact = {"type": "cdk:cloud-assembly", "properties": {"directoryName": name}}
    file.write_text(json.dumps({"version": "36.0.0", "artifacts": {"x": artifact}}), "utf-8")
    with pytest.raises(ConfigurationError, match="synthesize the app again"):
        pin_assembly(root, OPTIONS)


def test_files_out_of_the_assembly_that_assets_name_are_left(tmp_path: Path) -> None:
    """An app may upload a file of its own from anywhere; it is no template of a stack."""
    root = tmp_path / "cdk.out"
    Assembly((Stack(Template(("nginx:1.27",), (Template(("nginx:1.27",)),)), "default"),)).write(
        root
    )
    outside = tmp_path / "mine.template.json"
    outside.write_text('{"Resources": {}}', "utf-8")
    (root / "link.template.json").symlink_to(outside)
    file = root / "Stack0.assets.json"
    manifest = json.loads(file.read_text("utf-8"))
    for path in ("../mine.template.json", str(outside), "link.template.json", "not-there.json"):
        manifest["files"][path] = {
            "source": {"path": path, "packaging": "file"},
            "destinations": {"here": {"bucketName": "b", "objectKey": f"key of {path}"}},
        }
    file.write_text(json.dumps(manifest), "utf-8")
    assert not pin_assembly(root, OPTIONS).has_errors
    assert outside.read_text("utf-8") == '{"Resources": {}}'
    after = json.loads(file.read_text("utf-8"))["files"]
    assert after[str(outside)] == manifest["files"][str(outside)]


JUNK: st.SearchStrategy[Any] = st.sampled_from(
    [None, 7, "x", [], {}, [[]], {"a": []}, True, "\x1b]0;x", [None], 1.5, "\ud800"]
)


@settings(max_examples=60)
@given(st.data())
def test_a_malformed_file_is_one_sentence_or_none(data: st.DataObject) -> None:
    """Any value of any file may be another one: nothing but our own errors comes out."""
    inner = Template(("nginx:1.27",))
    synthesizer = data.draw(st.sampled_from(["default", "legacy"]))
    assembly = Assembly(
        (Stack(Template(("nginx:1.27",), (inner,)), synthesizer),),
        (Assembly((Stack(inner, "default"),)),),
    )
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder, "cdk.out")
        assembly.write(root)
        file = data.draw(st.sampled_from(sorted(root.rglob("*.json"))))
        document = json.loads(file.read_text("utf-8"))
        path = data.draw(st.sampled_from(sorted(_paths(document), key=str)))
        if path:
            _set(document, path, data.draw(JUNK))
        else:
            document = data.draw(JUNK)
        file.write_text(json.dumps(document), "utf-8")
        for look in (check_assembly, pin_assembly):
            assert _sentence_of(look, root).isprintable()


@pytest.mark.parametrize("look", [check_assembly, pin_assembly])
@pytest.mark.parametrize(
    ("name", "text", "replaced"),
    [
        pytest.param("Web.assets.json", '"files":', '"files": null, "_":', id="no assets"),
        pytest.param("Web.assets.json", '"source":', '"source": null, "_":', id="no source"),
        pytest.param("Web.metadata.json", '"data":', '"_":', id="metadata without data"),
        pytest.param("Web.metadata.json", '"data":', '"data": 7, "_":', id="data of another type"),
        pytest.param("manifest.json", "{", '{"\\ud800": {"type": "x"},', id="half a pair"),
        pytest.param("WebFirst6A9EF000.nested.template.json", "}", "", id="a nested template"),
    ],
)
def test_files_of_a_real_assembly_that_are_spoilt_are_one_sentence_or_none(
    look: Callable[[Path, Options], object], name: str, text: str, replaced: str, tmp_path: Path
) -> None:
    root = tmp_path / "cdk.out"
    shutil.copytree(Path(__file__).parent / "versions" / "2.275.0", root)
    # A nested template that is no asset is read where it is needed.
    assets = json.loads((root / "Web.assets.json").read_text("utf-8"))
    if name.endswith(".nested.template.json"):
        assets["files"] = {
            key: each for key, each in assets["files"].items() if each["source"]["path"] != name
        }
        (root / "Web.assets.json").write_text(json.dumps(assets), "utf-8")
    before = (root / name).read_text("utf-8")
    assert text in before
    (root / name).write_text(before.replace(text, replaced), "utf-8")
    assert _sentence_of(look, root).isprintable()


def _sentence_of(look: Callable[[Path, Options], object], root: Path) -> str:
    try:
        look(root, OPTIONS)
    except ConfigurationError as error:
        return str(error)
    return ""


def _paths(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    inner: Any = ()
    if isinstance(value, dict):
        inner = value.items()
    elif isinstance(value, list):
        inner = enumerate(value)
    return [path, *(each for key, below in inner for each in _paths(below, (*path, key)))]


@pytest.mark.parametrize(
    "content", [b"", b"{", b"\xff", b"[]", b"null", b"[" * 100_000, b'{"artifacts": []}'], ids=repr
)
@pytest.mark.parametrize("name", ["manifest.json", "Stack0.assets.json", "Stack0.template.json"])
def test_a_broken_file_is_one_sentence(name: str, content: bytes, tmp_path: Path) -> None:
    Assembly((Stack(Template(("nginx:1.27",)), "default"),)).write(tmp_path)
    (tmp_path / name).write_bytes(content)
    if content == b'{"artifacts": []}' and name != "manifest.json":
        return  # a template or an asset manifest may have any other key
    for look in (pin_assembly, check_assembly):
        with pytest.raises(ConfigurationError, match="synthesize the app again"):
            look(tmp_path, OPTIONS)
