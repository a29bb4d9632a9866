"""The secrets that workloads name for their own pulls, each fetched once."""

from __future__ import annotations

from functools import partial

from pinned_images.errors import ResolutionError
from pinned_images.registry.auth import Credentials
from pinned_images.registry.aws.secrets import fetch_registry_credentials
from pinned_images.registry.aws.sessions import AwsSessions
from pinned_images.registry.single_flight import SingleFlight


class WorkloadSecrets:
    """Fetches ECS `repositoryCredentials` from AWS Secrets Manager.

    Args:
        sessions: Calls to AWS.
    """

    def __init__(self, sessions: AwsSessions) -> None:
        self._sessions = sessions
        self._known = SingleFlight[str, Credentials | ResolutionError]()

    def credentials(self, arn: str, deadline: float) -> Credentials | ResolutionError:
        """What a secret holds, or the error that stands in its way."""
        return self._known.get(arn, partial(self._fetch, arn, deadline))

    def _fetch(self, arn: str, deadline: float) -> Credentials | ResolutionError:
        try:
            return fetch_registry_credentials(arn, deadline, self._sessions)
        except ResolutionError as error:
            return error
