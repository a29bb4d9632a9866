"""The files and the stacks of a finished assembly."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import msgspec

from pinned_images.cloud_assembly import Artifacts, AssemblyStack
from pinned_images.cloud_assembly.assembly_files import AssemblyFiles
from pinned_images.errors import ConfigurationError
from pinned_images.printable import quoted

_UNKNOWN = ("unknown-account", "unknown-region")


def read_files(root: Path) -> AssemblyFiles:
    """The files of the assembly in a folder, whose templates are read.

    Raises:
        ConfigurationError: The folder is no cloud assembly, or a template cannot be read.
    """
    if not (root / "manifest.json").is_file():
        raise ConfigurationError(
            f"There is no cloud assembly in {str(root)!r}: name the folder that a synth wrote."
        )
    files = AssemblyFiles(root)
    for template in files.templates:
        files.document(template)
    return files


def read_stacks(files: AssemblyFiles, artifacts: Artifacts | None = None) -> list[AssemblyStack]:
    """The top-level stacks of an assembly and of those nested in it.

    Args:
        files: The files of the assembly.
        artifacts: The files that were read for an earlier look at the same assembly.
    """
    try:
        return list(_stacks(files, artifacts or Artifacts(files.documents)))
    except (msgspec.MsgspecError, OSError, ValueError) as error:
        raise ConfigurationError(
            f"The construct metadata of the cloud assembly in {quoted(files.root)} cannot be read: "
            "synthesize the app again."
        ) from error


def _stacks(files: AssemblyFiles, artifacts: Artifacts) -> Iterator[AssemblyStack]:
    for folder in files.folders:
        for name, artifact in files.artifacts(folder, "aws:cloudformation:stack").items():
            yield AssemblyStack.read(
                str(artifact.get("displayName", name)).partition(" (")[0],
                files.named_file(folder, artifact, "templateFile"),
                *_environment(str(artifact.get("environment", ""))),
                artifacts=artifacts,
            )


def _environment(text: str) -> tuple[str | None, str | None]:
    """Account and region of ``aws://123456789012/eu-west-1``; those of the CDK CLI by default."""
    account, _, region = text.removeprefix("aws://").partition("/")
    return (
        account.removeprefix(_UNKNOWN[0]) or os.environ.get("CDK_DEFAULT_ACCOUNT") or None,
        region.removeprefix(_UNKNOWN[1]) or os.environ.get("CDK_DEFAULT_REGION") or None,
    )
