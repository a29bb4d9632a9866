"""A crash at each change of a file: the CDK CLI refuses what is left, or a rerun repairs it."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pinned_images.assembly import pin_assembly
from pinned_images.options import Options
from pinned_images.report import SynthReport
from pinned_images.testing import FixedResolver
from tests.cloud_assembly.assemblies import Assembly, Stack, Template
from tests.cloud_assembly.consistency import assert_consistent, names

#: The second image is in no registry: its error is in `validation-report.json`.
RESOLVER = FixedResolver({"nginx:1.27": f"sha256:{'c' * 64}"})
OPTIONS = Options.of({"resolver": RESOLVER, "verify_digests": False})
INNER = Template(("nginx:1.27",))
STACK = Stack(Template(("nginx:1.27", "ghcr.io/org/app:1"), (INNER,)), "default")
ASSEMBLY = Assembly((STACK,), (Assembly((STACK, Stack(INNER, "legacy"))),))


class Crash(BaseException):
    """The end of the process."""


def contents(folder: Path) -> dict[str, bytes]:
    return {name: (folder / name).read_bytes() for name in names(folder)}


class Crashing:
    """Counts what changes files, and crashes at one of these calls."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, calls: int | None) -> None:
        self.calls = 0
        self._last = calls
        for owner, name in ((os, "open"), (Path, "replace"), (Path, "unlink"), (Path, "chmod")):
            monkeypatch.setattr(owner, name, self._counted(getattr(owner, name)))

    def _counted(self, function: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any, **options: Any) -> Any:
            if self.calls == self._last:
                raise Crash
            self.calls += 1
            return function(*arguments, **options)

        return call


def test_a_crash_leaves_nothing_half_pinned(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain, wanted, root = (tmp_path / name for name in ("plain", "wanted", "cdk.out"))
    ASSEMBLY.write(plain)
    shutil.copytree(plain, wanted)
    with monkeypatch.context() as patched:
        crashing = Crashing(patched, None)
        outcome = pin_assembly(wanted, OPTIONS)
    assert outcome.has_errors
    assert_consistent(plain, wanted)
    before, after = contents(plain), contents(wanted)
    assert {"pinned-images.json", "validation-report.json"} <= after.keys() - before.keys()
    assert crashing.calls > 40
    for calls in range(crashing.calls):
        shutil.rmtree(root, ignore_errors=True)
        shutil.copytree(plain, root)
        with monkeypatch.context() as patched:
            Crashing(patched, calls)
            with pytest.raises(Crash):
                pin_assembly(root, OPTIONS)
        left = {name: each for name, each in contents(root).items() if "/." not in f"/{name}"}
        if "manifest.json" in left:
            assert left in (before, after), calls
        pin_assembly(root, OPTIONS)
        assert contents(root) == after, calls


def test_an_image_is_recorded_by_what_pinned_it_first(tmp_path: Path) -> None:
    ASSEMBLY.write(tmp_path)
    first = pin_assembly(tmp_path, OPTIONS).report
    assert {record.resolved_by for record in first.records} == {"fixed", "failed"}
    written = contents(tmp_path)
    assert pin_assembly(tmp_path, OPTIONS).report == first
    assert contents(tmp_path) == written


def test_the_record_of_an_earlier_synth_tells_nothing(tmp_path: Path) -> None:
    """The app writes now what was pinned then: it is pinned already, and by the app."""
    image = f"nginx:1.27@sha256:{'c' * 64}"
    Assembly((Stack(INNER, "default"),)).write(tmp_path)
    pin_assembly(tmp_path, OPTIONS)
    manifest = tmp_path / "manifest.json"
    earlier = (tmp_path / "pinned-images.json").stat().st_mtime_ns
    Assembly((Stack(Template((image,)), "default"),)).write(tmp_path)
    os.utime(manifest, ns=(earlier + 1, earlier + 1))
    [record] = pin_assembly(tmp_path, OPTIONS).report.records
    assert (record.reference, record.resolved_by) == (image, "already-pinned")
    assert SynthReport.read(tmp_path).records == (record,)
