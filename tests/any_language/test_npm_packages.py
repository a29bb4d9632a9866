"""Packages from npm for the tests (tools/npm_packages.py), with a program in npm's place."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tools import npm_packages

PACKAGES = {"package.json": '{"private": true}'}


def npm(folder: Path, script: str) -> None:
    """Put a program in npm's place that notes each call of it."""
    program = folder / "npm"
    program.write_text(f"#!/bin/sh\necho $1 >> {folder}/calls\n{script}\n", encoding="utf-8")
    program.chmod(0o755)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(npm_packages, "INSTALLED", tmp_path / "installed")
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    return tmp_path


def test_an_interrupted_installation_counts_as_none(folder: Path) -> None:
    npm(folder, "mkdir -p node_modules/half; exit 1")
    with pytest.raises(subprocess.CalledProcessError):
        npm_packages.install("some", PACKAGES)
    assert list((folder / "installed").iterdir()) == []

    npm(folder, "mkdir -p node_modules/whole")
    node_modules = npm_packages.install("some", PACKAGES)
    assert [each.name for each in node_modules.iterdir()] == ["whole"]


def test_packages_are_installed_once_for_each_list_of_them(folder: Path) -> None:
    npm(folder, "mkdir node_modules")
    first = npm_packages.install("some", PACKAGES)
    assert npm_packages.install("some", PACKAGES) == first
    locked = npm_packages.install("some", {**PACKAGES, "package-lock.json": "{}"})
    assert locked != first
    assert (folder / "calls").read_text(encoding="utf-8").split() == ["install", "ci"]


def test_of_two_installations_at_a_time_one_remains(folder: Path) -> None:
    faster = '../../$(basename "$PWD")/node_modules/faster'
    npm(folder, f'mkdir node_modules; cp -r "$PWD" ../..; touch "{faster}"')
    node_modules = npm_packages.install("some", PACKAGES)
    assert [each.name for each in node_modules.iterdir()] == ["faster"]
