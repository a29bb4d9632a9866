"""A file of credentials: docker's ``config.json`` or podman's ``auth.json``.

Docker reads its file as Go does: names of fields in any case, and ``null`` for whatever is left
out. Keys are hosts, and have had several spellings over the years; podman's may name a repository
too (containers-auth.json(5)).
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from pinned_images.errors import AccessDenied
from pinned_images.printable import quoted
from pinned_images.reference import DEFAULT_REGISTRY
from pinned_images.registry.auth.credentials import IDENTITY_TOKEN_USER, Credentials
from pinned_images.registry.auth.helper_program import HelperProgram, member
from pinned_images.registry.host_profiles import profile_of

# RFC 6750, section 2.1: a bearer token has no blanks; a header takes no line feeds.
_BEARER_TOKEN = re.compile(r"[\x21-\x7e]+")

_HOST = re.compile(r"[A-Za-z0-9.:\[\]-]{1,100}")

_Kept = TypeVar("_Kept")


@dataclass(frozen=True)
class ConfigFile:
    """The content of one file.

    Attributes:
        origin: The file, in the words of an error.
        entries: Normalized key (``docker.io``, ``quay.io/team``) to the credentials kept inline,
            under each spelling of the key.
        helpers: Normalized key to the program that keeps the credentials for it, under each
            spelling; None where the file says that no program does.
        store: The program that keeps all others, or None.
    """

    origin: str
    entries: Mapping[str, Mapping[str, Mapping[str, Any]]] = field(repr=False)
    helpers: Mapping[str, Mapping[str, HelperProgram | None]]
    store: HelperProgram | None

    @classmethod
    def parse(cls, text: str, origin: str) -> ConfigFile:
        """Parse the content of a file.

        Raises:
            ResolutionError: The content is broken; the cause names the file and never quotes it.
        """
        content = _decode(text, origin)
        entries = {
            key: _checked_entry(entry, key, origin)
            for key, entry in _object(content, "auths", origin).items()
        }
        helpers = {
            key: HelperProgram.named(name, origin, f"'credHelpers' for {quoted(key)}")
            for key, name in _object(content, "credHelpers", origin).items()
        }
        store = HelperProgram.named(member(content, "credsStore"), origin, "'credsStore'")
        return cls(origin, _by_key(entries), _by_key(helpers), store)

    def credentials_for(
        self,
        registry: str,
        repository: str,
        ask: Callable[[HelperProgram, str], Credentials | None] = HelperProgram.get,
    ) -> Credentials | None:
        """The credentials for a repository: the longest key that fits, helper programs first.

        Of several spellings of a key the one that docker writes goes first; then the others, until
        one holds something.

        Args:
            registry: Host, with a port where one was given.
            repository: The path in the registry.
            ask: Runs a helper program for the credentials of a server.

        Raises:
            ResolutionError: A helper program fails, or the entry cannot be read.
        """
        host = _normalize(registry)
        keys = list(_keys(host, repository))
        for program, server in self._questions(host, keys):
            found = ask(program, server)
            if found is not None:
                return found
        for key in keys:
            for written, entry in self.entries.get(key, {}).items():
                found = _inline(entry, written, self.origin)
                if found is not None:
                    return found
        return None

    def _questions(self, host: str, keys: list[str]) -> Iterator[tuple[HelperProgram, str]]:
        """The helper programs to run, each with the name of the server, in order.

        Credentials under an older spelling of a host are in ``auths`` under that spelling,
        with an empty value.
        """
        store = self.store
        for key in keys:
            for written, program in self.helpers.get(key, {}).items():
                if program is None:
                    # docker/cli `config/configfile/file.go`: such a host is not in the store.
                    store = None
                else:
                    yield from ((program, name) for name in _distinct(_server(key), written))
        if store is not None:
            for name in _distinct(_server(host), *self.entries.get(host, {})):
                yield store, name


def _decode(text: str, origin: str) -> dict[str, Any]:
    # The error of `json` carries the whole text, so it must not become this failure's context.
    try:
        content = json.loads(text) if text.strip() else {}
        content = {} if content is None else content
        reason = None if isinstance(content, dict) else "holds no JSON object"
    except (ValueError, RecursionError) as error:
        line = getattr(error, "lineno", None)
        reason = f"is no JSON (line {line})" if line else "is no JSON"
    if reason is not None:
        raise _broken(origin, reason)
    return dict(content)


def _object(content: Mapping[str, Any], name: str, origin: str) -> dict[str, Any]:
    value = member(content, name)
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise _broken(origin, f"has a {name!r} that is no JSON object")
    return value


def _checked_entry(entry: Any, key: str, origin: str) -> Mapping[str, Any]:
    if entry is None:
        return {}
    if not isinstance(entry, dict):
        raise _broken(origin, f"has an entry for {quoted(key)} that is no JSON object", key)
    return entry


def _by_key(written: Mapping[str, _Kept]) -> dict[str, dict[str, _Kept]]:
    """Entries by normalized key, with the spelling that docker itself writes first."""
    found: dict[str, dict[str, _Kept]] = {}
    for key, kept in written.items():
        normalized = _normalize(key)
        spellings = found.setdefault(normalized, {})
        spellings[key] = kept
        if key == _server(normalized):
            found[normalized] = {key: kept, **spellings}
    return found


def _normalize(key: str) -> str:
    """A key as a host and path, without scheme and API version; Docker Hub under one name."""
    text = key.partition("://")[2] or key
    host, slash, path = text.partition("/")
    if path.strip("/") in ("", "v1", "v2"):
        slash = path = ""
    host = host.lower()
    if host in profile_of(DEFAULT_REGISTRY).aliases:
        host = DEFAULT_REGISTRY
    return f"{host}{slash}{path}".rstrip("/")


def _keys(host: str, repository: str) -> Iterator[str]:
    """The keys that fit a repository, the longest first (containers-auth.json(5), "Format")."""
    parts = repository.split("/")
    for length in range(len(parts), 0, -1):
        yield "/".join([host, *parts[:length]])
    yield host


def _server(key: str) -> str:
    return profile_of(key).credentials_key or key


def _distinct(*names: str) -> dict[str, None]:
    return dict.fromkeys(names)


def _inline(entry: Mapping[str, Any], key: str, origin: str) -> Credentials | None:
    username, password = _text(entry, "username"), _text(entry, "password")
    auth = _text(entry, "auth")
    if auth:
        pair = _decode_pair(auth)
        if pair is None:
            reason = f"has an 'auth' for {quoted(key)} that is no base64 of user:password"
            raise _broken(origin, reason, key)
        username, password = pair
    identity_token = _text(entry, "identitytoken")
    if username == IDENTITY_TOKEN_USER and not identity_token:
        username, identity_token, password = "", password, ""
    registry_token = _text(entry, "registrytoken").strip()
    if not (password or identity_token or registry_token):
        return None
    credentials = Credentials(username, password, identity_token, registry_token, origin)
    sendable = not registry_token or _BEARER_TOKEN.fullmatch(registry_token)
    if not sendable or not credentials.is_text:
        raise _broken(origin, f"has an entry for {quoted(key)} that cannot be sent", key)
    return credentials


def _decode_pair(auth: str) -> tuple[str, str] | None:
    try:
        username, colon, password = base64.b64decode(auth).decode().partition(":")
    except (binascii.Error, ValueError):
        return None
    return (username, password.rstrip("\0")) if colon else None


def _text(entry: Mapping[str, Any], name: str) -> str:
    value = member(entry, name)
    return value if isinstance(value, str) else ""


def _broken(origin: str, reason: str, key: str | None = None) -> AccessDenied:
    host = "" if key is None else _normalize(key).partition("/")[0]
    command = f"docker login {host if _HOST.fullmatch(host) else 'HOST'}"
    return AccessDenied(
        f"{origin}, which holds credentials of registries, {reason}",
        f"correct it, or take that out and log in again ({command})",
    )
