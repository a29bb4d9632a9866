"""``pinned-images pin``: digests for the images in files."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import click
from click.exceptions import Exit

from pinned_images.cli.assembly_commands import is_assembly, print_summary, show_outcome
from pinned_images.cli.configuration import lock_file_of, options_of
from pinned_images.cli.exit_codes import ExitCode
from pinned_images.cli.git_repository import change, repository_options, working_tree
from pinned_images.cli.output import echo, show, write_document
from pinned_images.cli.scanned import (
    exempt_today,
    options_for_files,
    paths_argument,
    plain_location,
    print_skipped,
    scanned_files,
    verbose_option,
)
from pinned_images.cli.shared_options import (
    exempt_option,
    exemptions_of,
    json_option,
    optional_lock_file_option,
    registry_options,
)
from pinned_images.errors import ConfigurationError
from pinned_images.wording import counted

if TYPE_CHECKING:
    from pinned_images.cli.documents.command_documents import Document, Problem
    from pinned_images.cli.git_repository import Repository
    from pinned_images.cli.shared_options import Network
    from pinned_images.files.pinned_files import Changes, Unpinned
    from pinned_images.files.scanning import ScannedFile
    from pinned_images.lockfile import UpdateMode
    from pinned_images.options import Options
    from pinned_images.reference import ImageReference
    from pinned_images.resolution import Outcome, ResolutionRequest, Resolver


@click.command()
@paths_argument
@click.option(
    "--check",
    is_flag=True,
    help="Write nothing; show what has no digest, and exit with 1 where something has none.",
)
@click.option("--dry-run", is_flag=True, help="Write nothing; print the changes as a diff.")
@optional_lock_file_option
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
    lock_file: str | None,
    frozen: bool,  # noqa: FBT001 - a flag
    exemptions: tuple[str, ...],
    as_json: bool,  # noqa: FBT001 - a flag
    verbose: bool,  # noqa: FBT001 - a flag
    repository: Repository | None,
    network: Network,
) -> None:
    """Add the digest to every image reference that has none.

    PATH is a file or a folder; the working folder if left out. The folder that a synth of a CDK app
    wrote (cdk.out) is pinned as `run` pins it.

    Tags stay, and what has a digest stays as it is. Where an image cannot be resolved, the others
    are written all the same.
    """
    typed = {
        "lock_file": lock_file,
        "update": "never" if frozen else None,
        "exempt": exemptions_of(exemptions) or None,
    }
    if repository is None and any(is_assembly(Path(path)) for path in paths):
        if len(paths) != 1 or dry_run:
            raise click.UsageError(
                "A cloud assembly is pinned as a whole: name it alone"
                f"{', without --dry-run; --check changes nothing' if dry_run else ''}."
            )
        options = options_of({**({} if check else network.typed), **typed})
        if frozen or (options.update == "never" and not check):
            _require(options.lock_file or None)
        _pin_assembly(Path(paths[0]), options, check=check, as_json=as_json)
    if check and repository is not None and repository.commit is not None:
        raise click.UsageError("--check changes nothing: leave --commit out.")
    options = _checked_options(typed, repository, is_frozen=frozen, is_check=check)
    locked_in = options.lock_file or None
    is_exempt = exempt_today(options)
    if check:
        with working_tree(repository, _unchecked if as_json else None) as base:
            scanned = list(scanned_files(paths, base, besides=_in(base, locked_in)))
        _check_files(scanned, is_exempt, as_json=as_json)

    def plan(base: Path | None) -> Changes:
        from pinned_images.files.pinned_files import pin as planned  # noqa: PLC0415 - for --help

        locked = _in(base, locked_in)
        if options.update == "never" and locked:
            _require(Path(locked[0]), locked_in)
        scanned = list(scanned_files(paths, base, besides=locked))
        mode = options.update or "missing"
        # What lies in the working directory is the app's, and nothing is added to it unasked.
        is_read = dry_run or (base is None and lock_file_of(lock_file, with_default=False) is None)
        resolver = _Digests(network, locked[0] if locked else None, mode, is_read)
        return planned(scanned, resolver, is_exempt)

    change(
        repository,
        plan,
        dry_run=dry_run,
        verbose=verbose,
        as_json=as_json,
        besides=_in(None, locked_in),
    )


def _checked_options(
    typed: Mapping[str, object], repository: Repository | None, *, is_frozen: bool, is_check: bool
) -> Options:
    """The options for plain files, with a lock file that can be used."""
    options = options_for_files(typed, in_repository=repository is not None)
    lock_file = options.lock_file or None
    if (is_frozen or (options.update == "never" and not is_check)) and (
        repository is None or lock_file is None
    ):
        _require(lock_file)
    if repository is not None and lock_file is not None and not _is_below(lock_file):
        raise click.UsageError("The lock file is one of the repository: give a path in it.")
    return options


def _pin_assembly(folder: Path, options: Options, *, check: bool, as_json: bool) -> NoReturn:
    """Pin the templates of a cloud assembly, or look at them; exits."""
    from pinned_images.assembly import check_assembly, pin_assembly  # noqa: PLC0415 - for --help

    outcome = (check_assembly if check else pin_assembly)(folder, options)
    if not outcome.is_complete:
        raise click.UsageError(
            "The assembly lacks context that the CDK CLI looks up: run `cdk synth` first."
        )
    if not check and options.summary is not False:
        print_summary(outcome, options)
    show_outcome(outcome, as_json=as_json)


def _require(lock_file: Path | None, shown: Path | None = None) -> None:
    """Refuse a lock file that is not there, where it is all that is asked."""
    if lock_file is None:
        raise click.UsageError(
            "Where nothing may be asked (--frozen, or update=never), digests come from a lock "
            "file: add --lock-file."
        )
    if not lock_file.exists():
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


@dataclass(frozen=True)
class _Digests:
    """A resolver: the registries, and the lock file where there is one.

    Attributes:
        network: The registries.
        lock_file: The lock file.
        mode: What is resolved besides the lock file.
        is_read: Leave the lock file as it is.
    """

    network: Network
    lock_file: str | None
    mode: UpdateMode
    is_read: bool

    def resolve(self, requests: Sequence[ResolutionRequest]) -> Mapping[ResolutionRequest, Outcome]:
        """See `Resolver.resolve`."""
        if self.lock_file is None:
            return self.network.registries.resolve(requests)
        if self.mode == "never" or not self.is_read:
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
            self.mode,
            fix_command=f"pinned-images pin --lock-file {self.lock_file}",
        )


def _unchecked(unknown: list[Problem]) -> Document:
    from pinned_images.cli.documents.command_documents import PinCheck  # noqa: PLC0415 - for --help

    return PinCheck(unpinned=[], unknown=unknown)


def _check_files(
    scanned: Sequence[ScannedFile], is_exempt: Callable[[ImageReference], bool], *, as_json: bool
) -> NoReturn:
    """Show the references without a digest; exits."""
    from pinned_images.files.pinned_files import unpinned  # noqa: PLC0415 - for --help

    missing = unpinned(scanned, is_exempt)
    _show_unpinned(scanned, missing, as_json=as_json)
    raise Exit(ExitCode.FINDING if missing else ExitCode.FINE)


def _show_unpinned(
    scanned: Sequence[ScannedFile], missing: Sequence[Unpinned], *, as_json: bool
) -> None:
    from pinned_images.files.pinned_files import skipped_in  # noqa: PLC0415 - for --help

    if as_json:
        from pinned_images.cli.documents.command_documents import PinCheck, UnpinnedReference  # noqa: PLC0415

        rows = [
            UnpinnedReference(
                **plain_location(each.file, each.place), reference=str(each.place.reference)
            )
            for each in missing
        ]
        write_document(PinCheck(unpinned=rows))
    print_skipped(skipped_in(scanned))
    if as_json:
        return
    if missing:
        from pinned_images.cli.tables import unpinned_table  # noqa: PLC0415 - needs rich

        show(unpinned_table(missing))
    advice = ": run `pinned-images pin` to add them." if missing else "."
    echo(f"{counted(len(missing), 'image reference')} without digest{advice}")
