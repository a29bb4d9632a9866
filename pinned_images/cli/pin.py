"""``pinned-images pin``: digests for the images in files."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from pinned_images.cli.list_images import (
    JSON_VERSION,
    paths_argument,
    plain_location,
    scanned_files,
    tell_skipped,
)
from pinned_images.cli.output import echo, show, write
from pinned_images.cli.shared_options import LOCK_FILE_VARIABLE, json_option, registry_options
from pinned_images.cli.writing import finish
from pinned_images.wording import counted

if TYPE_CHECKING:
    from pinned_images.cli.shared_options import Network
    from pinned_images.exemptions import ExemptionPatterns
    from pinned_images.files.pinning import Unpinned
    from pinned_images.files.scanning import ScannedFile
    from pinned_images.resolution import Resolver


@click.command()
@paths_argument
@click.option("--check", is_flag=True, help="Write nothing; show what has no digest, exit with 1.")
@click.option("--dry-run", is_flag=True, help="Write nothing; print the changes as a diff.")
@click.option(
    "--lock-file",
    type=click.Path(dir_okay=False, path_type=Path),
    envvar=LOCK_FILE_VARIABLE,
    show_envvar=True,
    help="Take digests from this lock file, and add new ones to it.",
)
@click.option("--frozen", is_flag=True, help="Take digests from the lock file alone.")
@click.option(
    "--exempt",
    "exemptions",
    multiple=True,
    metavar="PATTERN=REASON",
    help="Leave images as they are: docker.io/library/*:*='Mirrored.'",
)
@json_option
@registry_options
def pin(  # noqa: PLR0917 - click gives them by name
    paths: tuple[str, ...],
    check: bool,  # noqa: FBT001 - a flag
    dry_run: bool,  # noqa: FBT001 - a flag
    lock_file: Path | None,
    frozen: bool,  # noqa: FBT001 - a flag
    exemptions: tuple[str, ...],
    as_json: bool,  # noqa: FBT001 - a flag
    network: Network,
) -> None:
    """Add the digest to every image reference that has none; PATH is a file or a folder.

    Tags stay, and what has a digest stays as it is. Exits with 1 where an image could not be
    resolved; the others are written all the same.
    """
    if frozen and lock_file is None:
        raise click.UsageError("--frozen takes digests from a lock file: add --lock-file.")
    if as_json and not check:
        raise click.UsageError("--json shows what --check finds: add --check.")
    exempt = _exempt(exemptions)
    besides = () if lock_file is None else (str(lock_file),)
    scanned = list(scanned_files(paths, besides=besides))
    from datetime import datetime, timezone  # noqa: PLC0415 - for --help

    today = datetime.now(timezone.utc).date()
    if check:
        from pinned_images.files.pinning import unpinned  # noqa: PLC0415 - for --help

        missing = unpinned(scanned, exempt, today)
        _show_unpinned(scanned, missing, as_json=as_json)
        raise SystemExit(1 if missing else 0)
    from pinned_images.files.pinning import pin as planned  # noqa: PLC0415 - for --help

    resolver = _resolver(network, lock_file, frozen=frozen)
    changes = planned(scanned, resolver, exempt, today)
    finish(changes, dry_run=dry_run)


def _exempt(given: Sequence[str]) -> ExemptionPatterns:
    from pinned_images.exemptions import ExemptionPatterns  # noqa: PLC0415 - for --help

    pairs = [text.partition("=") for text in given]
    for pattern, _, reason in pairs:
        if not pattern.strip() or not reason.strip():
            raise click.BadParameter(
                f"{pattern!r} has no reason: write --exempt 'PATTERN=REASON'.",
                param_hint="--exempt",
            )
    return ExemptionPatterns.of({pattern: reason for pattern, _, reason in pairs})


def _resolver(network: Network, lock_file: Path | None, *, frozen: bool) -> Resolver:
    if lock_file is None:
        return network.registries
    from pinned_images.lockfile import LockedResolver  # noqa: PLC0415 - for --help

    return LockedResolver(
        lambda: network.registries,
        lock_file,
        "never" if frozen else "missing",
        mend=f"pinned-images pin --lock-file {lock_file}",
    )


def _show_unpinned(
    scanned: Sequence[ScannedFile], missing: Sequence[Unpinned], *, as_json: bool
) -> None:
    if as_json:
        rows = [
            {**plain_location(each.file, each.place), "reference": str(each.place.reference)}
            for each in missing
        ]
        write(json.dumps({"version": JSON_VERSION, "unpinned": rows}, indent=2) + "\n")
        return
    tell_skipped(scanned)
    if missing:
        from pinned_images.cli.file_tables import unpinned_table  # noqa: PLC0415 - needs rich

        show(unpinned_table(missing))
        echo(
            f"{counted(len(missing), 'image reference')} without digest: "
            "run `pinned-images pin` to add them."
        )
