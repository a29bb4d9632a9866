"""The secrets that workloads name for their own pulls, each fetched once."""

from __future__ import annotations

import threading

from pinned_images.errors import ResolutionError
from pinned_images.registry.credentials.credentials import Credentials
from pinned_images.registry.settings import RegistrySettings


class WorkloadSecrets:
    """Fetches ECS `repositoryCredentials` from AWS Secrets Manager.

    Nothing of AWS is imported before a secret is asked for.

    Args:
        settings: The roles to assume in other accounts.
    """

    def __init__(self, settings: RegistrySettings) -> None:
        self._settings = settings
        self._lock = threading.Lock()
        self._known: dict[str, Credentials | ResolutionError] = {}

    def credentials(self, arn: str, deadline: float) -> Credentials | ResolutionError:
        """What a secret holds, or the error that stands in its way."""
        with self._lock:
            if arn not in self._known:
                self._known[arn] = _fetch(arn, deadline, self._settings)
            return self._known[arn]


def _fetch(arn: str, deadline: float, settings: RegistrySettings) -> Credentials | ResolutionError:
    from pinned_images.registry.aws.secrets import (  # noqa: PLC0415  # loads boto3
        fetch_registry_credentials,
    )

    try:
        return fetch_registry_credentials(arn, deadline, settings)
    except ResolutionError as error:
        return error
