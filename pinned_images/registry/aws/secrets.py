"""The credentials of workloads in AWS Secrets Manager.

Amazon ECS user guide, "Using non-AWS container images in Amazon ECS": the secret that
`repositoryCredentials.credentialsParameter` names holds a JSON object with `username` and
`password`.
"""

from __future__ import annotations

import json
import re
from functools import partial

from pinned_images.errors import AccessDenied, ResolutionError
from pinned_images.registry.auth import Credentials
from pinned_images.registry.aws.environments import Environment
from pinned_images.registry.aws.faults import AwsFault
from pinned_images.registry.aws.sessions import AwsSessions
from pinned_images.registry.single_flight import SingleFlight

_ARN_PATTERN = re.compile(
    r"arn:aws[a-z-]*:secretsmanager:(?P<region>[a-z0-9-]+):(?P<account>[0-9]{12}):secret:.+"
)
_LOOKUP_ROLE = "the CDK's lookup role may not read secrets"


class WorkloadSecrets:
    """The `repositoryCredentials` of ECS workloads, each fetched once.

    Args:
        sessions: Sessions for calls to AWS.
    """

    def __init__(self, sessions: AwsSessions) -> None:
        self._sessions = sessions
        self._known = SingleFlight[str, Credentials | ResolutionError]()

    def credentials(self, arn: str, deadline: float) -> Credentials | ResolutionError:
        """The credentials in a secret, or the error of reading it."""
        return self._known.get(arn, partial(self._fetch, arn, deadline))

    def _fetch(self, arn: str, deadline: float) -> Credentials | ResolutionError:
        try:
            return fetch_registry_credentials(arn, deadline, self._sessions)
        except ResolutionError as error:
            return error


def fetch_registry_credentials(
    secret_arn: str,
    deadline: float,
    sessions: AwsSessions | None = None,
) -> Credentials:
    """Read the user name and the password in a secret.

    Args:
        secret_arn: The ARN of the secret, with its account and region.
        deadline: When to give up, on the clock of `time.monotonic`.
        sessions: Shared sessions; by default those with default settings.

    Raises:
        AccessDenied: The secret cannot be read, or does not hold a user name and a password.
        RegistryUnavailable: AWS gave no answer.

    Example:
        >>> arn = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:registry-AbCdEf"
        >>> fetch_registry_credentials(arn, time.monotonic() + 60)  # doctest: +SKIP
        Credentials(username='alice')
    """
    try:
        return _fetch(secret_arn, deadline, sessions or AwsSessions())
    except ResolutionError as error:
        raise error.about(
            subject=f"The secret {secret_arn!r}", predicate="could not be read"
        ) from error


def _fetch(secret_arn: str, deadline: float, sessions: AwsSessions) -> Credentials:
    match = _ARN_PATTERN.fullmatch(secret_arn)
    if match is None:
        cause = "it is not named by an ARN of AWS Secrets Manager, so its account is unknown"
        raise AccessDenied(cause, "name it by its whole ARN")
    environment = Environment(match["account"], match["region"])
    try:
        answer = sessions.call(
            "secretsmanager",
            "GetSecretValue",
            environment,
            deadline=deadline,
            SecretId=secret_arn,
        )
    except AwsFault as fault:
        raise _explained(fault, environment) from fault
    credentials = _parse(answer.get("SecretString"))
    if credentials is None:
        cause = "it does not hold a JSON object with the texts 'username' and 'password'"
        raise AccessDenied(cause, "write it as Amazon ECS wants it")
    return credentials


def _explained(fault: AwsFault, environment: Environment) -> ResolutionError:
    if fault.code == "ResourceNotFoundException":
        cause = f"there is no such secret, or no value in it, in {environment}"
        return AccessDenied(cause, "correct the ARN, or put the value")
    if fault.code == "DecryptionFailure":
        cause = "AWS cannot decrypt it with its KMS key"
        return AccessDenied(cause, "allow kms:Decrypt on the key, and see that it works")
    if fault.refused:
        return fault.kind(fault.cause, f"{fault.remedy}: {_LOOKUP_ROLE}")
    return fault.error


def _parse(text: object) -> Credentials | None:
    """The credentials in a secret's value; None where there are none."""
    # Nothing is raised in here: a JSON error keeps the whole text.
    try:
        content = json.loads(text) if isinstance(text, str) else None
    except (ValueError, RecursionError):
        return None
    if not isinstance(content, dict):
        return None
    username, password = content.get("username"), content.get("password")
    if not isinstance(username, str) or not isinstance(password, str) or not password:
        return None
    return Credentials(username, password)
