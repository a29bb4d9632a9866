"""Pull-through caches of ECR: a pull by tag through the cache's address imports an image.

The API knows only what a cache holds already. The first pull by tag through the cache's address
imports an image; a first pull by digest fails. So an image that the API lacks is requested at the
registry endpoint, which answers its digest and warms the cache for the workload.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any, Protocol

from pinned_images.errors import AccessDenied, ImageNotFound, ResolutionError
from pinned_images.registry.auth import Credentials
from pinned_images.registry.aws.ecr_images import error_about
from pinned_images.registry.aws.environments import Environment
from pinned_images.registry.aws.faults import AwsFault
from pinned_images.registry.aws.sessions import AwsSessions, Identity
from pinned_images.registry.single_flight import SingleFlight
from pinned_images.resolution import Outcome, Resolution, ResolutionRequest

# ECR user guide, "Customizing repository prefixes for ECR to ECR pull through cache".
_ROOT = "ROOT"
_PERMISSIONS = (
    "a first import takes ecr:BatchImportUpstreamImage, and ecr:CreateRepository where the "
    "repository is new, which the CDK's lookup role does not have."
)


class AskEndpoint(Protocol):
    """A function that resolves an image at a registry endpoint: `DistributionResolver.resolve`."""

    def __call__(
        self, request: ResolutionRequest, *, credentials: Credentials | None, deadline: float
    ) -> Resolution:
        """Resolve the image, or raise a `ResolutionError`.

        Without credentials those are used that docker's configuration has for the registry.
        """
        ...


@dataclass(frozen=True, slots=True)
class _Rules:
    """The prefixes of an account's rules, or the fault of reading them."""

    prefixes: tuple[str, ...] = ()
    unknown: AwsFault | None = None

    def covering(self, repository: str) -> str | None:
        """The rule that covers a repository: the longest prefix, the root last."""
        covering = [
            prefix
            for prefix in self.prefixes
            if prefix == _ROOT or repository.startswith(f"{prefix}/")
        ]
        return max(covering, key=lambda prefix: (prefix != _ROOT, len(prefix)), default=None)


class PullThroughCaches:
    """The pull-through caches of private registries.

    Args:
        sessions: Sessions for calls to AWS.
        ask_endpoint: Resolves at a registry endpoint.
    """

    def __init__(self, sessions: AwsSessions, ask_endpoint: AskEndpoint) -> None:
        self._sessions = sessions
        self._ask_endpoint = ask_endpoint
        self._rules = SingleFlight[Environment, _Rules]()
        self._credentials = SingleFlight[tuple[Identity, Environment], Credentials]()

    def resolve(
        self,
        request: ResolutionRequest,
        environment: Environment,
        missing: ResolutionError,
        deadline: float,
    ) -> Outcome:
        """Resolve an image that the API does not know, through the cache.

        Where the rules may not be read, the endpoint is asked all the same: a principal that pulls
        across accounts may often pull and not read the rules.

        Args:
            request: The request.
            environment: The account and region of the registry.
            missing: The error if no cache has the image.
            deadline: When to give up, on the clock of `time.monotonic`.
        """
        # No cache imports by digest.
        if request.reference.digest is not None:
            return missing
        rules = self._rules.get(environment, partial(self._read_rules, environment, deadline))
        prefix = rules.covering(request.reference.repository)
        if prefix is not None or (rules.unknown is not None and rules.unknown.refused):
            outcome = self._ask(request, environment, deadline)
            if isinstance(outcome, Resolution):
                return outcome
            if prefix is not None:
                note = f"The pull-through cache rule {prefix!r} covers it: {_PERMISSIONS}"
                return outcome.noted(note)
        if rules.unknown is None:
            return missing
        return missing.noted(
            f"Whether a pull-through cache would import it is unknown: {rules.unknown.cause}."
        )

    def _read_rules(self, environment: Environment, deadline: float) -> _Rules:
        try:
            return _Rules(tuple(self._prefixes(environment, deadline)))
        except AwsFault as fault:
            return _Rules(unknown=fault)

    def _prefixes(self, environment: Environment, deadline: float) -> Iterator[str]:
        page: dict[str, Any] = {}
        while True:
            answer = self._sessions.call(
                "ecr",
                "DescribePullThroughCacheRules",
                environment,
                deadline=deadline,
                registryId=environment.account,
                **page,
            )
            for rule in answer.get("pullThroughCacheRules") or ():
                yield rule["ecrRepositoryPrefix"]
            if not answer.get("nextToken"):
                return
            page = {"nextToken": answer["nextToken"]}

    def _ask(
        self, request: ResolutionRequest, environment: Environment, deadline: float
    ) -> Outcome:
        """Try each identity in turn: without the permission to import, the answer is 404."""
        refusals: list[AwsFault] = []
        outcome: Outcome | None = None
        try:
            for identity in self._sessions.identities(environment, deadline=deadline):
                answer = self._ask_as(identity, request, environment, deadline)
                if isinstance(answer, AwsFault):
                    refusals.append(answer)
                    continue
                outcome = answer
                if not isinstance(outcome, (AccessDenied, ImageNotFound)):
                    break
        except AwsFault as fault:
            return error_about(request, fault.error)
        if outcome is None:
            refusal = self._sessions.refusal_of_all(
                "ecr:GetAuthorizationToken", environment, refusals
            )
            return error_about(request, refusal.error)
        return outcome

    def _ask_as(
        self,
        identity: Identity,
        request: ResolutionRequest,
        environment: Environment,
        deadline: float,
    ) -> Outcome | AwsFault:
        try:
            credentials = self._credentials.get(
                (identity, environment), partial(self._log_in, identity, environment, deadline)
            )
            return self._ask_endpoint(request, credentials=credentials, deadline=deadline)
        except ResolutionError as error:
            return error
        except AwsFault as fault:
            if fault.refused:
                return fault
            raise

    def _log_in(self, identity: Identity, environment: Environment, deadline: float) -> Credentials:
        """The user name and password of the registry endpoint; they last twelve hours."""
        answer = self._sessions.call_as(
            identity, "ecr", "GetAuthorizationToken", environment, deadline=deadline
        )
        try:
            token = answer["authorizationData"][0]["authorizationToken"]
            username, _, password = base64.b64decode(token).decode().partition(":")
        except (LookupError, TypeError, binascii.Error, UnicodeDecodeError):
            cause = f"the answer to ecr:GetAuthorizationToken in {environment} holds no token"
            raise AwsFault(ResolutionError, cause, "look at the proxies on the way") from None
        return Credentials(username, password)
