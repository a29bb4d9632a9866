"""The secrets that workloads name for their own pulls, each fetched once."""

from __future__ import annotations

import threading

from pinned_images.errors import ResolutionError
from pinned_images.registry.credentials.credentials import Credentials


class WorkloadSecrets:
    """Fetches ECS `repositoryCredentials` from AWS Secrets Manager.

    Nothing of AWS is imported before a secret is asked for.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._known: dict[str, Credentials | ResolutionError] = {}

    def credentials(self, arn: str, deadline: float) -> Credentials | ResolutionError:
        """What a secret holds, or the error that stands in its way."""
        with self._lock:
            if arn not in self._known:
                self._known[arn] = _fetch(arn, deadline)
            return self._known[arn]


def _fetch(arn: str, deadline: float) -> Credentials | ResolutionError:
    from pinned_images.registry.aws.secrets import (  # noqa: PLC0415  # loads boto3
        fetch_registry_credentials,
    )

    try:
        return fetch_registry_credentials(arn, deadline)
    except ResolutionError as error:
        return error
