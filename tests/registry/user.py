"""A user's home, the programs on their PATH, and how they ask for an image."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

from pinned_images.reference import ImageReference
from pinned_images.registry.client import RegistryClient
from pinned_images.registry.distribution_resolver import DistributionResolver
from pinned_images.registry.http.retries import RetryPolicy
from pinned_images.registry.resolver import RegistryResolver
from pinned_images.registry.settings import RegistrySettings
from pinned_images.resolution import Outcome, Resolution, ResolutionRequest


class Home:
    """A user's home folder with the files that registries' tools keep there."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def docker_config(self, content: Mapping[str, Any] | str) -> Path:
        return self._write(".docker/config.json", content)

    def podman_config(self, content: Mapping[str, Any] | str) -> Path:
        return self._write(".config/containers/auth.json", content)

    def log_in(self, host: str, username: str, password: str) -> None:
        self.docker_config({"auths": {host: {"auth": encode_pair(username, password)}}})

    def _write(self, name: str, content: Mapping[str, Any] | str) -> Path:
        path = self.path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content if isinstance(content, str) else json.dumps(content))
        return path


def encode_pair(username: str, password: str) -> str:
    return base64.b64encode(f"{username}:{password}".encode()).decode()


class Programs:
    """A folder on PATH for programs that a test writes."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def add(self, name: str, script: str) -> Path:
        program = self.path / name
        program.write_text(f"#!/bin/sh\n{script}\n")
        program.chmod(0o755)
        return program


class Ask(Protocol):
    """Asks for one image, with settings that differ from the defaults."""

    def __call__(self, reference: ImageReference, **options: Any) -> Outcome: ...


SETTINGS: dict[str, Any] = {
    "deadline": 20.0,
    "request_timeout": 10.0,
    "retry": RetryPolicy(attempts=3, first_wait=0.01, longest_wait=0.05),
}


def ask_registry(reference: ImageReference, **options: Any) -> Outcome:
    """The outcome of one image; the options are a request's, or settings."""
    of_request = {
        name: options.pop(name)
        for name in ("platform", "select", "credentials_parameter")
        if name in options
    }
    request = ResolutionRequest(reference, **of_request)
    client = DistributionResolver(RegistryClient(RegistrySettings(**{**SETTINGS, **options})))
    deadline = time.monotonic() + options.get("deadline", SETTINGS["deadline"])
    return client.resolve_all([request], deadline=deadline)[request]


def require_resolution(outcome: Outcome) -> Resolution:
    if not isinstance(outcome, Resolution):
        raise outcome
    return outcome


def resolve_together(*requests: ResolutionRequest, **options: object) -> list[Outcome]:
    """The outcomes in the order of the requests."""
    settings = RegistrySettings(**{**SETTINGS, **options})
    outcomes = RegistryResolver(settings).resolve(requests)
    assert set(outcomes) == set(requests)
    return [outcomes[request] for request in requests]
