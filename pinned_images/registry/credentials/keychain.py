"""Where people keep their credentials, asked in a fixed order."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Protocol

from pinned_images.errors import AccessDenied
from pinned_images.registry.credentials.config_file import ConfigFile
from pinned_images.registry.credentials.credentials import Credentials
from pinned_images.registry.credentials.helper_program import HelperProgram
from pinned_images.registry.failures import Failure


class Keychain(Protocol):
    """Knows who one is at a registry."""

    def credentials_for(self, registry: str, repository: str) -> Credentials | None:
        """The credentials for a repository, or None where one is nobody.

        Args:
            registry: Host, with a port where one was given; ``docker.io`` for Docker Hub.
            repository: The path in the registry.

        Raises:
            Failure: What should hold the credentials is broken.
        """
        ...


class ConfiguredKeychain:
    """Docker's configuration, then podman's: the first that knows a registry is believed.

    Args:
        files: The files, in their order.

    Example:
        >>> import os
        >>> keychain = ConfiguredKeychain.read(os.environ)  # doctest: +SKIP
    """

    def __init__(self, files: Sequence[ConfigFile]) -> None:
        self._files = files
        self._lock = threading.Lock()
        self._answers: dict[tuple[HelperProgram, str], Credentials | Failure | None] = {}

    @classmethod
    def read(cls, environ: Mapping[str, str]) -> ConfiguredKeychain:
        """Read every file that there is; no program is run yet.

        Raises:
            Failure: A file cannot be read, or does not hold what it should.
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

    def credentials_for(self, registry: str, repository: str) -> Credentials | None:
        """See `Keychain`."""
        for file in self._files:
            found = file.credentials_for(registry, repository, self._ask)
            if found is not None:
                return found
        return None

    def _ask(self, helper: HelperProgram, server: str) -> Credentials | None:
        """What a helper program says of a server; it is run once, whatever comes of it."""
        # One at a time: helper programs may ask the user something, or lock their own stores.
        with self._lock:
            if (helper, server) not in self._answers:
                self._answers[helper, server] = _run(helper, server)
            answer = self._answers[helper, server]
        if isinstance(answer, Failure):
            raise answer
        return answer


def _run(helper: HelperProgram, server: str) -> Credentials | Failure | None:
    try:
        return helper.get(server)
    except Failure as failure:
        return failure


def _places(environ: Mapping[str, str]) -> Iterator[tuple[Path, bool]]:
    """The files that may hold credentials, and whether each was named on purpose."""
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
        raise Failure(
            AccessDenied,
            f"the file {path}, which holds credentials of registries, {reason}",
            "correct the file or the variable that names it",
        )
    return None
