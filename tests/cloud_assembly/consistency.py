"""What must hold between a cloud assembly and the same one with pinned images."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from pinned_images.report.synth_report import FILE_NAME

DIGEST = re.compile(r"@sha256:[0-9a-f]{64}")
ADDED = {FILE_NAME, "validation-report.json"}


def assert_consistent(before: Path, after: Path) -> None:
    """Only images and keys differ, every key exactly if its body does, and all of them agree."""
    assert names(after) - ADDED == names(before) - ADDED
    new_keys: dict[str, set[str]] = {}
    for name in sorted(names(before)):
        if name.endswith(".assets.json"):
            _assert_keys_follow_bodies(before, after, name, new_keys)
    for name in sorted(names(before) - ADDED):
        old, new = (before / name).read_bytes(), (after / name).read_bytes()
        if name.endswith("manifest.json"):
            _assert_manifest_agrees(before, after, name)
        elif name.endswith(".template.json"):
            for old_key, replacements in new_keys.items():
                if _holds(old, old_key):
                    assert not _holds(new, old_key) or old_key in replacements
                    assert any(_holds(new, key) for key in replacements)
            without = _with_old_keys(new.decode(), new_keys)
            assert _unpinned(json.loads(without)) == _unpinned(json.loads(old))
        elif name.endswith(".metadata.json"):
            folder = Path(name).parent
            metadata = {"metadata": json.loads(old)}, {"metadata": json.loads(new)}
            _assert_legacy_hashes_follow_bodies(before / folder, after / folder, *metadata)
            assert metadata[0] == metadata[1]
        elif not name.endswith(".assets.json"):
            assert old == new


def names(folder: Path) -> set[str]:
    """The files below a folder."""
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


def contents(folder: Path) -> dict[str, bytes]:
    """The files below a folder with what they hold, but for what is said of a run."""
    return {name: (folder / name).read_bytes() for name in names(folder) - ADDED}


def _holds(template: bytes, key: str) -> bool:
    """Whether a template names a key; one key may be the end of another."""
    return re.search(rf"(?<![\w.-]){re.escape(key)}", template.decode()) is not None


def _assert_keys_follow_bodies(
    before: Path, after: Path, name: str, new_keys: dict[str, set[str]]
) -> None:
    old, new = _read(before / name), _read(after / name)
    assert old["files"].keys() == new["files"].keys()
    for identifier, asset in old["files"].items():
        replaced = new["files"][identifier]
        folder = Path(name).parent
        file = folder / asset["source"]["path"]
        same = not (before / file).is_file() or (
            (before / file).read_bytes() == (after / file).read_bytes()
        )
        assert asset["destinations"].keys() == replaced["destinations"].keys()
        for destination, place in asset["destinations"].items():
            other = replaced["destinations"][destination]
            assert (place["objectKey"] == other["objectKey"]) is same
            new_keys.setdefault(place["objectKey"], set()).add(other["objectKey"])
            assert {**place, "objectKey": ""} == {**other, "objectKey": ""}
        assert {**asset, "destinations": {}} == {**replaced, "destinations": {}}
    assert {**old, "files": {}} == {**new, "files": {}}


def _assert_manifest_agrees(before: Path, after: Path, name: str) -> None:
    old, new = _read(before / name), _read(after / name)
    folder = Path(name).parent
    for identifier, artifact in new["artifacts"].items():
        if artifact["type"] != "aws:cloudformation:stack":
            continue
        properties, earlier = artifact["properties"], old["artifacts"][identifier]["properties"]
        url = properties.get("stackTemplateAssetObjectUrl")
        template = folder / properties["templateFile"]
        same = (before / template).read_bytes() == (after / template).read_bytes()
        if url is not None:
            assert (url == earlier["stackTemplateAssetObjectUrl"]) is same
            keys = [
                place["objectKey"]
                for manifest in (after / folder).glob("*.assets.json")
                for asset in _read(manifest)["files"].values()
                if asset["source"]["path"] == properties["templateFile"]
                for place in asset["destinations"].values()
            ]
            assert any(url.endswith(f"/{key}") for key in keys)
        properties["stackTemplateAssetObjectUrl"] = earlier.get("stackTemplateAssetObjectUrl")
        earlier.setdefault("stackTemplateAssetObjectUrl", None)
        _assert_legacy_hashes_follow_bodies(
            before / folder, after / folder, old["artifacts"][identifier], artifact
        )
    assert old == new


def _assert_legacy_hashes_follow_bodies(
    before: Path, after: Path, old: dict[str, Any], new: dict[str, Any]
) -> None:
    for path, entries in (new.get("metadata") or {}).items():
        for entry, earlier in zip(entries, old["metadata"][path], strict=True):
            if entry["type"] == "aws:cdk:asset" and entry["data"]["packaging"] == "file":
                name = entry["data"]["path"]
                same = (before / name).read_bytes() == (after / name).read_bytes()
                assert (entry["data"]["sourceHash"] == earlier["data"]["sourceHash"]) is same
                entry["data"]["sourceHash"] = earlier["data"]["sourceHash"]


def _with_old_keys(text: str, new_keys: dict[str, set[str]]) -> str:
    pairs = [(new, old) for old, replacements in new_keys.items() for new in replacements]
    for new, old in sorted(pairs, key=lambda pair: -len(pair[0])):  # one may end with another
        text = text.replace(new, old)
    return text


def _unpinned(value: Any) -> Any:
    """A value without digests, with strings joined where they stand side by side."""
    if isinstance(value, str):
        return DIGEST.sub("", value)
    if isinstance(value, list):
        return [_unpinned(each) for each in value]
    if isinstance(value, dict):
        if value.keys() == {"Fn::Join"} and value["Fn::Join"][0] == "":
            parts = [part for part in map(_unpinned, value["Fn::Join"][1]) if part != ""]
            return parts[0] if len(parts) == 1 else {"Fn::Join": ["", parts]}
        return {name: _unpinned(each) for name, each in value.items()}
    return value


def _read(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))
