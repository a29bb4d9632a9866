"""``pinned-images lock --check``: whether a lock file has all that the last synth used."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from click.exceptions import Exit

from pinned_images.cli.exit_codes import ExitCode, worst
from pinned_images.cli.output import echo, error, write, write_document
from pinned_images.lockfile import LockFile, ParameterKey
from pinned_images.lockfile.entries import parse_platform
from pinned_images.lockfile.update_modes import synth_with_lookups
from pinned_images.printable import printable
from pinned_images.report import SiteRecord, SynthReport
from pinned_images.wording import counted


def check_lock(lock: LockFile, folders: tuple[Path, ...], *, as_json: bool) -> None:
    """List the images of apps that a lock file lacks, without resolving anything."""
    records = [each for folder in folders for each in SynthReport.read_complete(folder).records]
    images = {
        key
        for record in records
        if record.resolved_by != "already-pinned" and (key := record.lock_key) is not None
    }
    # Others were read, or given as options, which keeps them out of the file.
    parameters = {
        name
        for record in records
        if record.resolved_by == "failed"
        for name in record.parameters
        if _can_be_locked(name)
    }
    lacking = {
        "image": sorted(str(key) for key in images if lock.answering(key) is None),
        "parameter": sorted(parameters - set(map(str, lock.parameters))),
    }
    without_platforms = sorted(_without_platforms(lock, records))
    lacking["image"] = sorted([*lacking["image"], *without_platforms])
    unknown = [record for record in records if _is_unknown(record)]
    is_complete = not any(lacking.values())
    if as_json:
        _write_check(lacking, unknown)
    else:
        for name in (*lacking["image"], *lacking["parameter"]):
            write(f"{name}\n")
    for name in without_platforms:
        echo(f"The file does not say on which platforms {name} runs, which the app has verified.")
    for record in unknown:
        error(f"{record.construct_path}: {record.reason or 'its image is not known'}")
    counts = {"image": len(images), "parameter": len(parameters)}
    told = [
        f"{counts[noun] - len(names)} of {counted(counts[noun], noun)}"
        for noun, names in lacking.items()
        if counts[noun] or noun == "image"
    ]
    end = "." if is_complete else f": run `{synth_with_lookups()}` and commit the file."
    if unknown and is_complete:
        end = f", and {counted(len(unknown), 'image')} of which the name is not known."
    echo(f"{', '.join(told)} locked{end}")
    codes = [ExitCode.UNKNOWN if unknown else ExitCode.FINE]
    raise Exit(worst([*codes, ExitCode.FINE if is_complete else ExitCode.FINDING]))


def _write_check(lacking: Mapping[str, list[str]], unknown: Sequence[SiteRecord]) -> None:
    from pinned_images.cli.documents.command_documents import (  # noqa: PLC0415 - for --help
        LockCheck,
        LockedName,
        Problem,
    )

    lacks = [
        *(LockedName(image=name) for name in lacking["image"]),
        *(LockedName(parameter=name) for name in lacking["parameter"]),
    ]
    unknowns = [
        Problem(
            image=printable(record.reference), kind="other", reason=printable(record.reason or "")
        )
        for record in unknown
    ]
    complete = not lacks and not unknowns
    write_document(LockCheck(complete=complete, lacking=lacks, unknown=unknowns))


def _without_platforms(lock: LockFile, records: Iterable[SiteRecord]) -> set[str]:
    """The images whose platforms a frozen synth verifies, and that have none in the file."""
    found = set()
    for record in records:
        key = record.lock_key
        answer = None if key is None or record.selected else lock.answering(key)
        if answer is not None and record.platform and record.resolved_by != "already-pinned":
            platform = parse_platform(record.platform)
            if lock.entries[answer].runs_on(platform) is None:
                found.add(str(answer))
    return found


def _is_unknown(record: SiteRecord) -> bool:
    """Whether an image could not be pinned, and not even its name in a lock file is known."""
    is_locked = any(map(_can_be_locked, record.parameters))
    return record.resolved_by == "failed" and record.lock_key is None and not is_locked


def _can_be_locked(parameter: str) -> bool:
    """Whether the account and region of a parameter are known."""
    try:
        ParameterKey.parse(parameter)
    except ValueError:
        return False
    return True
