"""One file of credentials: docker's ``config.json`` or podman's ``auth.json``."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from pinned_images.errors import AccessDenied
from pinned_images.reference import DEFAULT_REGISTRY
from pinned_images.registry.credentials.credentials import IDENTITY_TOKEN_USER, Credentials
from pinned_images.registry.credentials.helper_program import HelperProgram
from pinned_images.registry.failures import Failure

# Docker Hub's names in configuration files, and the one that helper programs know it by.
_HUB_HOSTS = frozenset({"docker.io", "index.docker.io", "registry-1.docker.io"})
_HUB_SERVER = "https://index.docker.io/v1/"


@dataclass(frozen=True)
class ConfigFile:
    """What one file says.

    Attributes:
        origin: The file, in the words of an error.
        entries: Normalized key (``docker.io``, ``quay.io/team``) to the credentials kept inline.
        helpers: Normalized key to the program that keeps the credentials for it.
        store: The program that keeps all others, or None.
    """

    origin: str
    entries: Mapping[str, Mapping[str, Any]] = field(repr=False)
    helpers: Mapping[str, HelperProgram]
    store: HelperProgram | None

    @classmethod
    def parse(cls, text: str, origin: str) -> ConfigFile:
        """Read a file's text.

        Raises:
            Failure: The text is broken; the cause names the file and never quotes it.
        """
        content = _decode(text, origin)
        helpers = _object(content, "credHelpers", origin)
        store = content.get("credsStore") or None
        entries = {
            _normalize(key): _checked_entry(entry, key, origin)
            for key, entry in _object(content, "auths", origin).items()
        }
        return cls(
            origin,
            entries,
            {_normalize(key): HelperProgram.named(name, origin) for key, name in helpers.items()},
            HelperProgram.named(store, origin) if store is not None else None,
        )

    def credentials_for(
        self,
        registry: str,
        repository: str,
        ask: Callable[[HelperProgram, str], Credentials | None] = HelperProgram.get,
    ) -> Credentials | None:
        """The credentials for a repository: the longest key that fits, helper programs first.

        Args:
            registry: Host, with a port where one was given.
            repository: The path in the registry.
            ask: Asks a helper program for the credentials of a server.

        Raises:
            Failure: A helper program fails, or the entry cannot be read.
        """
        host = _normalize(registry)
        keys = list(_keys(host, repository))
        for key in keys:
            if key in self.helpers:
                found = ask(self.helpers[key], _server(key))
                if found is not None:
                    return found
        if self.store is not None:
            found = ask(self.store, _server(host))
            if found is not None:
                return found
        for key in keys:
            if key in self.entries:
                found = _inline(self.entries[key], key, self.origin)
                if found is not None:
                    return found
        return None


def _decode(text: str, origin: str) -> dict[str, Any]:
    # The error of `json` carries the whole text, so it must not become this failure's context.
    try:
        content = json.loads(text) if text.strip() else {}
        reason = None if isinstance(content, dict) else "holds no JSON object"
    except (ValueError, RecursionError) as error:
        line = getattr(error, "lineno", None)
        reason = f"is no JSON (line {line})" if line else "is no JSON"
    if reason is not None:
        raise _broken(origin, reason)
    return dict(content)


def _object(content: Mapping[str, Any], name: str, origin: str) -> dict[str, Any]:
    value = content.get(name)
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise _broken(origin, f"has a {name!r} that is no JSON object")
    return value


def _checked_entry(entry: Any, key: str, origin: str) -> Mapping[str, Any]:
    if not isinstance(entry, dict):
        raise _broken(origin, f"has an entry for {key!r} that is no JSON object")
    return entry


def _normalize(key: str) -> str:
    """A key without what docker's history put around the host; Docker Hub under one name."""
    text = key.partition("://")[2] or key
    host, slash, path = text.partition("/")
    if path.strip("/") in ("", "v1", "v2"):
        slash = path = ""
    host = host.lower()
    if host in _HUB_HOSTS:
        host = DEFAULT_REGISTRY
    return f"{host}{slash}{path}".rstrip("/")


def _keys(host: str, repository: str) -> Iterator[str]:
    """The keys that fit a repository, the longest first (containers-auth.json(5), "Format")."""
    parts = repository.split("/")
    for length in range(len(parts), 0, -1):
        yield "/".join([host, *parts[:length]])
    yield host


def _server(key: str) -> str:
    return _HUB_SERVER if key == DEFAULT_REGISTRY else key


def _inline(entry: Mapping[str, Any], key: str, origin: str) -> Credentials | None:
    username, password = _text(entry, "username"), _text(entry, "password")
    auth = _text(entry, "auth")
    if auth:
        pair = _decode_pair(auth)
        if pair is None:
            raise _broken(origin, f"has an 'auth' for {key!r} that is no base64 of user:password")
        username, password = pair
    identity_token = _text(entry, "identitytoken")
    if username == IDENTITY_TOKEN_USER and not identity_token:
        username, identity_token, password = "", password, ""
    registry_token = _text(entry, "registrytoken")
    if not (password or identity_token or registry_token):
        return None
    return Credentials(username, password, identity_token, registry_token, origin)


def _decode_pair(auth: str) -> tuple[str, str] | None:
    try:
        username, colon, password = base64.b64decode(auth).decode().partition(":")
    except (binascii.Error, ValueError):
        return None
    return (username, password.rstrip("\0")) if colon else None


def _text(entry: Mapping[str, Any], name: str) -> str:
    value = entry.get(name)
    return value if isinstance(value, str) else ""


def _broken(origin: str, reason: str) -> Failure:
    return Failure(
        AccessDenied,
        f"{origin}, which holds credentials of registries, {reason}",
        "correct it, or log in again",
    )
