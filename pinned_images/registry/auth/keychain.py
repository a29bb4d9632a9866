"""The keychain: the files of credentials, in a fixed order."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Protocol

from pinned_images.errors import AccessDenied, RegistryUnavailable, ResolutionError
from pinned_images.registry.auth.config_file import ConfigFile
from pinned_images.registry.auth.credentials import Credentials
from pinned_images.registry.auth.helper_program import HelperProgram, KeychainUnreachable
from pinned_images.registry.single_flight import SingleFlight


class Keychain(Protocol):
    """A source of credentials by registry and repository."""

    def credentials_for(
        self, registry: str, repository: str, deadline: float | None = None
    ) -> Credentials | None:
        """The credentials for a repository, or None where there are none.

        Args:
            registry: Host, with a port where one was given; ``docker.io`` for Docker Hub.
            repository: The path in the registry.
            deadline: When to give up, on the clock of `time.monotonic`.

        Raises:
            ResolutionError: A file or program of credentials is broken.
        """
        ...

    def note_for(self, registry: str) -> str | None:
        """A possible reason for missing credentials of a registry, as a sentence."""
        ...


class ConfiguredKeychain:
    """The keychain of Docker's configuration, then podman's: the first with a registry wins.

    Args:
        files: The files, in their order.

    Example:
        >>> import os
        >>> keychain = ConfiguredKeychain.read(os.environ)  # doctest: +SKIP
    """

    def __init__(self, files: Sequence[ConfigFile]) -> None:
        self._files = files
        self._answers = SingleFlight[tuple[HelperProgram, str], _Answer]()
        self._notes: dict[str, str] = {}

    @classmethod
    def read(cls, environ: Mapping[str, str]) -> ConfiguredKeychain:
        """Read all files; no program is run yet.

        Raises:
            ResolutionError: A file cannot be read or parsed.
        """
        files = []
        inline = environ.get("DOCKER_AUTH_CONFIG")
        if inline:
            files.append(ConfigFile.parse(inline, "the variable DOCKER_AUTH_CONFIG"))
        for path, required in _places(environ):
            text = _read(path, required=required)
            if text is not None:
                files.append(ConfigFile.parse(text, f"the file {path}"))
        return cls(files)

    def credentials_for(
        self, registry: str, repository: str, deadline: float | None = None
    ) -> Credentials | None:
        """See `Keychain`."""
        ask = partial(self._ask, registry=registry, deadline=deadline)
        for file in self._files:
            found = file.credentials_for(registry, repository, ask)
            if found is not None:
                return found
        return None

    def note_for(self, registry: str) -> str | None:
        """See `Keychain`."""
        return self._notes.get(registry)

    def _ask(
        self, helper: HelperProgram, server: str, *, registry: str, deadline: float | None
    ) -> Credentials | None:
        """The credentials of a helper program for a server; it runs once, and a failure is kept.

        Programs run concurrently, since one may hang or wait for its user; the same program for
        the same server runs once, and other threads wait for it.
        """
        run = partial(_run, helper, server, deadline)
        answer = self._answers.get((helper, server), run)
        if isinstance(answer, KeychainUnreachable):
            self._notes[registry] = str(answer)
            return None
        if isinstance(answer, ResolutionError):
            raise answer
        return answer


_Answer = Credentials | ResolutionError | KeychainUnreachable | None


def _run(helper: HelperProgram, server: str, deadline: float | None) -> _Answer:
    try:
        return helper.get(server, deadline)
    except RegistryUnavailable:
        # Too little time is no failure of the program: with more time it runs again.
        raise
    except (ResolutionError, KeychainUnreachable) as failure:
        return failure


def _places(environ: Mapping[str, str]) -> Iterator[tuple[Path, bool]]:
    """The files that may hold credentials, and whether the environment names each."""
    home = Path(environ.get("HOME") or environ.get("USERPROFILE") or "~").expanduser()
    directory = environ.get("DOCKER_CONFIG")
    yield (Path(directory) if directory else home / ".docker") / "config.json", False
    named = environ.get("REGISTRY_AUTH_FILE")
    if named:
        yield Path(named), True
        return
    runtime = environ.get("XDG_RUNTIME_DIR")
    if runtime:
        yield Path(runtime) / "containers" / "auth.json", False
    configuration = environ.get("XDG_CONFIG_HOME")
    base = Path(configuration) if configuration else home / ".config"
    yield base / "containers" / "auth.json", False


def _read(path: Path, *, required: bool) -> str | None:
    try:
        return path.read_text(encoding="utf-8-sig")
    except (FileNotFoundError, NotADirectoryError):
        reason = "does not exist"
    except OSError as error:
        reason = f"cannot be read ({error.strerror})"
        required = True
    except UnicodeDecodeError:
        reason = "is no UTF-8 text"
        required = True
    if required:
        raise AccessDenied(
            f"the file {path}, which holds credentials of registries, {reason}",
            "correct the file or the variable that names it",
        )
    return None
