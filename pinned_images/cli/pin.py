"""``pinned-images pin``: digests for the images in files."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import click
from click.exceptions import Exit

from pinned_images.cli.assembly_commands import is_assembly, show_outcome
from pinned_images.cli.configuration import options_of
from pinned_images.cli.exit_codes import ExitCode
from pinned_images.cli.git_repository import change, repository_options, working_tree
from pinned_images.cli.output import echo, show, write
from pinned_images.cli.scanned import (
    JSON_VERSION,
    paths_argument,
    plain_location,
    print_skipped,
    scanned_files,
    verbose_option,
)
from pinned_images.cli.shared_options import (
    LOCK_FILE_VARIABLE,
    exempt_option,
    exemptions_of,
    json_option,
    registry_options,
    typed_settings,
)
from pinned_images.errors import ConfigurationError
from pinned_images.wording import counted

if TYPE_CHECKING:
    from pinned_images.cli.git_repository import Repository
    from pinned_images.cli.shared_options import Network
    from pinned_images.exemptions import ExemptionPatterns
    from pinned_images.files.pinned_files import Changes, Unpinned
    from pinned_images.files.scanning import ScannedFile
    from pinned_images.resolution import Outcome, ResolutionRequest, Resolver


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
@exempt_option
@json_option
@verbose_option
@repository_options
@registry_options
def pin(  # noqa: PLR0917 - click gives them by name
    paths: tuple[str, ...],
    check: bool,  # noqa: FBT001 - a flag
    dry_run: bool,  # noqa: FBT001 - a flag
    lock_file: Path | None,
    frozen: bool,  # noqa: FBT001 - a flag
    exemptions: tuple[str, ...],
    as_json: bool,  # noqa: FBT001 - a flag
    verbose: bool,  # noqa: FBT001 - a flag
    repository: Repository | None,
    network: Network,
) -> None:
    """Add the digest to every image reference that has none; PATH is a file or a folder.

    The folder that a synth of a CDK app wrote (cdk.out) is pinned as `run` pins it.

    Tags stay, and what has a digest stays as it is. Where an image cannot be resolved, the others
    are written all the same.
    """
    _refuse_contradictions(lock_file, repository, check=check, frozen=frozen, as_json=as_json)
    exempt = _exemption_patterns(exemptions_of(exemptions))
    if repository is None and any(is_assembly(Path(path)) for path in paths):
        if len(paths) != 1 or dry_run:
            raise click.UsageError(
                "A cloud assembly is pinned as a whole: name it alone"
                f"{', without --dry-run; --check changes nothing' if dry_run else ''}."
            )
        _pin_assembly(Path(paths[0]), network, lock_file, exemptions, frozen, check, as_json)
    today = datetime.now(timezone.utc).date()
    if check:
        from pinned_images.files.pinned_files import unpinned  # noqa: PLC0415 - for --help

        with working_tree(repository) as base:
            scanned = list(scanned_files(paths, base, besides=_in(base, lock_file)))
        missing = unpinned(scanned, exempt, today)
        _show_unpinned(scanned, missing, as_json=as_json)
        raise Exit(ExitCode.FINDING if missing else ExitCode.FINE)

    def plan(base: Path | None) -> Changes:
        from pinned_images.files.pinned_files import pin as planned  # noqa: PLC0415 - for --help

        locked = _in(base, lock_file)
        if frozen and locked:
            _require(Path(locked[0]), lock_file)
        scanned = list(scanned_files(paths, base, besides=locked))
        resolver = _Digests(network, locked[0] if locked else None, frozen, dry_run)
        return planned(scanned, resolver, exempt, today)

    change(repository, plan, dry_run=dry_run, verbose=verbose, besides=_in(None, lock_file))


def _refuse_contradictions(
    lock_file: Path | None,
    repository: Repository | None,
    *,
    check: bool,
    frozen: bool,
    as_json: bool,
) -> None:
    if frozen and lock_file is None:
        raise click.UsageError("--frozen takes digests from a lock file: add --lock-file.")
    if frozen and repository is None:
        _require(lock_file)
    if as_json and not check:
        raise click.UsageError("--json shows what --check finds: add --check.")
    if check and repository is not None and repository.commit is not None:
        raise click.UsageError("--check changes nothing: leave --commit out.")
    if repository is not None and lock_file is not None and not _is_below(lock_file):
        raise click.UsageError("The lock file is one of the repository: give a path in it.")


def _pin_assembly(  # noqa: PLR0917 - the options of the command
    folder: Path,
    network: Network,
    lock_file: Path | None,
    exemptions: tuple[str, ...],
    frozen: bool,  # noqa: FBT001 - a flag
    check: bool,  # noqa: FBT001 - a flag
    as_json: bool,  # noqa: FBT001 - a flag
) -> NoReturn:
    """Pin the templates of a cloud assembly, or look at them; exits."""
    from pinned_images.assembly import check_assembly, pin_assembly  # noqa: PLC0415 - for --help

    given = {
        **{name: value for name, value in typed_settings(network).items() if not check},
        "lock_file": lock_file,
        "update": "never" if frozen else None,
        "exempt": exemptions_of(exemptions) or None,
    }
    options = options_of(given)
    outcome = (check_assembly if check else pin_assembly)(folder, options)
    if not outcome.is_complete:
        raise click.UsageError(
            "The assembly lacks context that the CDK CLI looks up: run `cdk synth` first."
        )
    show_outcome(outcome, as_json=as_json)


def _require(lock_file: Path | None, shown: Path | None = None) -> None:
    """Refuse a lock file that is not there, where it is all that is asked."""
    if lock_file is not None and not lock_file.exists():
        shown = shown or lock_file
        raise ConfigurationError(
            f"There is no lock file {str(shown)!r}: run `pinned-images pin --lock-file {shown}`, "
            "or name another one."
        )


def _is_below(path: Path) -> bool:
    return not path.is_absolute() and ".." not in path.parts


def _in(base: Path | None, lock_file: Path | None) -> tuple[str, ...]:
    """The lock file, if there is one, in a repository or the working folder."""
    if lock_file is None:
        return ()
    if base is None:
        return (str(lock_file),)
    path = base / lock_file
    if not path.resolve().is_relative_to(base.resolve()):  # a link
        raise click.UsageError(f"The lock file {str(lock_file)!r} is out of the repository.")
    return (str(path),)


def _exemption_patterns(given: Mapping[str, str]) -> ExemptionPatterns:
    from pinned_images.exemptions import ExemptionPatterns  # noqa: PLC0415 - for --help

    return ExemptionPatterns.of(given)


@dataclass(frozen=True)
class _Digests:
    """A resolver: the registries, and the lock file where there is one.

    Attributes:
        network: The registries.
        lock_file: The lock file.
        is_frozen: Resolve nothing that the lock file lacks.
        is_dry: Leave the lock file as it is.
    """

    network: Network
    lock_file: str | None
    is_frozen: bool
    is_dry: bool

    def resolve(self, requests: Sequence[ResolutionRequest]) -> Mapping[ResolutionRequest, Outcome]:
        """See `Resolver.resolve`."""
        if self.lock_file is None:
            return self.network.registries.resolve(requests)
        if self.is_frozen or not self.is_dry:
            return self._locked(self.lock_file).resolve(requests)
        from tempfile import TemporaryDirectory  # noqa: PLC0415 - for --help

        with TemporaryDirectory() as folder:
            copy = Path(folder, Path(self.lock_file).name)
            if Path(self.lock_file).exists():
                copy.write_bytes(Path(self.lock_file).read_bytes())
            return self._locked(str(copy)).resolve(requests)

    def _locked(self, path: str) -> Resolver:
        from pinned_images.lockfile import LockedResolver  # noqa: PLC0415 - for --help

        return LockedResolver(
            lambda: self.network.registries,
            path,
            "never" if self.is_frozen else "missing",
            fix_command=f"pinned-images pin --lock-file {self.lock_file}",
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
    from pinned_images.files.pinned_files import skipped_in  # noqa: PLC0415 - for --help

    print_skipped(skipped_in(scanned))
    if missing:
        from pinned_images.cli.tables import unpinned_table  # noqa: PLC0415 - needs rich

        show(unpinned_table(missing))
        echo(
            f"{counted(len(missing), 'image reference')} without digest: "
            "run `pinned-images pin` to add them."
        )
