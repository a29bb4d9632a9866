"""Sessions: calls to AWS, each as the identity with access to an account.

The order, for what belongs to an account:

- The ambient credentials (the SDK's own chain: environment, profile, SSO, container, instance)
  belong to that account: they are used, and the account's role only where they are refused.
- They belong to another account: the account's role is assumed first, since an answer of a role
  inside the account is complete, and one AssumeRole for an account and region costs less than a
  refusal for each of its repositories. Where the role is not to be had, or is refused, the ambient
  credentials are used after all: a resource policy may grant them access.

The account's role is the one that the user named for it, or else the lookup role of the CDK
bootstrap, which every other lookup of the CDK uses. The account of the ambient credentials is read
once (GetCallerIdentity, which needs no permission).
"""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from functools import partial
from typing import Any

from pinned_images.errors import AccessDenied, RegistryUnavailable
from pinned_images.registry.aws.ambient import (
    EVERY_REGISTRY,
    SettingsFault,
    fault_of_setting,
    require_credentials,
)
from pinned_images.registry.aws.clients import Clients, OutOfTime, invoke
from pinned_images.registry.aws.environments import Environment
from pinned_images.registry.aws.faults import AwsFault, fault_of
from pinned_images.registry.settings import RegistrySettings
from pinned_images.registry.single_flight import SingleFlight

logger = logging.getLogger(__name__)

_SESSION_NAME = "pinned-images"
_RENEW_BEFORE_EXPIRY = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Identity:
    """An identity for calls: the ambient credentials, or a role that they assume.

    Attributes:
        name: Its name in errors.
        role: The ARN of the role; None for the ambient credentials.
    """

    name: str
    role: str | None = None


@dataclass(frozen=True, slots=True)
class _Ambient:
    identity: Identity
    account: str | None


@dataclass(frozen=True, slots=True)
class _Assumed:
    """The credentials of an assumed role."""

    keys: dict[str, str] = field(repr=False)
    expires: datetime


class AwsSessions:
    """Calls to AWS, each as the identity with access; credentials and clients are kept.

    It can be shared by threads.

    Args:
        settings: The qualifier of the CDK bootstrap, the roles that the user named, and how long
            one HTTP answer may take; the defaults if left out.
        profile: The AWS profile; that of the environment if left out.

    Example:
        >>> AwsSessions(RegistrySettings(bootstrap_qualifier="myteam")).close()
    """

    def __init__(
        self, settings: RegistrySettings | None = None, profile: str | None = None
    ) -> None:
        self._settings = settings or RegistrySettings()
        self._clients = Clients(self._settings.request_timeout, profile)
        self._ambient = SingleFlight[None, _Ambient | AwsFault]()
        self._assumed = SingleFlight[str, _Assumed | AwsFault]()
        self._is_loading = False

    def close(self) -> None:
        """Close the connections; a later call opens new ones."""
        self._clients.close()

    def late(self, what: str) -> RegistryUnavailable:
        """The error of a call without an answer in time, or that was never made.

        Args:
            what: The service without an answer, if the credentials were there: ``ECR``.
        """
        # A credential process is run without a time-out by the SDK, and so is a sign-in.
        if self._is_loading:
            return RegistryUnavailable(
                "the AWS credentials were not there in the time that all images have",
                "run `aws sts get-caller-identity` to see what the credential_process or the "
                "sign-in of the AWS profile waits for",
                place=EVERY_REGISTRY,
            )
        cause = f"{what} gave no answer in the time there was"
        return RegistryUnavailable(cause, "allow more time")

    def setting(self, name: str) -> Any:
        """A setting of the SDK, by the name it has there: ``ca_bundle``."""
        return self._clients.session.get_config_variable(name)

    def call(
        self,
        service: str,
        operation: str,
        environment: Environment,
        *,
        deadline: float,
        **parameters: object,
    ) -> dict[str, Any]:
        """Call AWS as each identity in turn, until one has access.

        Args:
            service: The SDK's name of the service: ``ecr``.
            operation: The operation as the API names it: ``BatchGetImage``.
            environment: Where.
            deadline: When to give up, on the clock of `time.monotonic`.
            **parameters: The operation's parameters.

        Returns:
            The answer.

        Raises:
            AwsFault: No identity has access, or the call failed.
        """
        refusals: list[AwsFault] = []
        for identity in self.identities(environment, deadline=deadline):
            try:
                return self.call_as(
                    identity, service, operation, environment, deadline=deadline, **parameters
                )
            except AwsFault as fault:  # noqa: PERF203 - a handful of identities
                if not fault.refused:
                    raise
                logger.debug("refused %s:%s in %s: %s", service, operation, environment, fault)
                refusals.append(fault)
        raise self.refusal_of_all(f"{service}:{operation}", environment, refusals)

    def identities(self, environment: Environment, *, deadline: float) -> Iterator[Identity]:
        """The identities to try for an account, in order.

        Raises:
            AwsFault: There are no ambient credentials, or they cannot be used.
        """
        ambient = self._know_ambient(environment, deadline)
        if environment.account is None:
            yield ambient.identity
            return
        arn = self._role_in(environment)
        role = Identity(f"the role {arn}", arn)
        if ambient.account in (None, environment.account):
            yield from (ambient.identity, role)
        else:
            yield from (role, ambient.identity)

    def call_as(
        self,
        identity: Identity,
        service: str,
        operation: str,
        environment: Environment,
        *,
        deadline: float,
        **parameters: object,
    ) -> dict[str, Any]:
        """Call AWS as one identity.

        Raises:
            AwsFault: The call failed, or the role cannot be assumed.
        """
        from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415 - loads late
        from botocore.parsers import ResponseParserError  # noqa: PLC0415 - loads late

        keys = self._keys_of(identity.role, environment, deadline) if identity.role else {}
        try:
            client = self._clients.get(service, environment, identity.role or "", keys)
            answer = invoke(client, operation, parameters, deadline)
        except ValueError as error:
            raise fault_of_setting(error) from error
        except (BotoCoreError, ClientError, ResponseParserError, OutOfTime) as error:
            raise fault_of(
                error,
                action=f"{service}:{operation}",
                environment=environment,
                identity=identity.name,
            ) from error
        logger.debug("answered %s:%s in %s to %s", service, operation, environment, identity.name)
        return answer

    def _role_in(self, environment: Environment) -> str:
        """The user's role for an account, or the lookup role of the CDK's bootstrap template."""
        account, region = environment.account, environment.region
        return self._settings.ecr_roles.get(account or "") or (
            f"arn:{environment.partition}:iam::{account}:role/"
            f"cdk-{self._settings.bootstrap_qualifier}-lookup-role-{account}-{region}"
        )

    def _know_ambient(self, environment: Environment, deadline: float) -> _Ambient:
        known = self._ambient.get(None, partial(self._ambient_or_fault, environment, deadline))
        if isinstance(known, AwsFault):
            raise known
        return known

    def _ambient_or_fault(self, environment: Environment, deadline: float) -> _Ambient | AwsFault:
        try:
            return self._ask_ambient(environment, deadline)
        except AwsFault as fault:
            return fault

    def _ask_ambient(self, environment: Environment, deadline: float) -> _Ambient:
        self._is_loading = True
        try:
            require_credentials(self._clients.session)
        except AwsFault as fault:
            fault.error.place = EVERY_REGISTRY
            raise
        finally:
            self._is_loading = False
        # The home region of the credentials: those of one partition mean nothing in another.
        region = self.setting("region") or os.environ.get("AWS_REGION") or environment.region
        identity = Identity("the ambient credentials")
        home = Environment(None, region)
        try:
            answer = self.call_as(identity, "sts", "GetCallerIdentity", home, deadline=deadline)
        except SettingsFault:
            raise
        except AwsFault as fault:
            if fault.refused:
                raise
            # STS may be out of reach (a VPC endpoint for ECR alone); the account stays unknown.
            logger.debug("the account of the ambient credentials is unknown: %s", fault)
            return _Ambient(identity, None)
        return _Ambient(Identity(answer["Arn"]), answer["Account"])

    def _keys_of(self, role: str, environment: Environment, deadline: float) -> dict[str, str]:
        """The keys of a role, assumed when needed; a refusal is remembered."""
        assume = partial(self._assume, role, environment, deadline)
        assumed = self._assumed.get(role, assume, _is_usable)
        if isinstance(assumed, AwsFault):
            raise assumed
        return assumed.keys

    def _assume(self, role: str, environment: Environment, deadline: float) -> _Assumed | AwsFault:
        """The credentials of a role, or the fault of assuming it."""
        try:
            answer = self.call_as(
                self._know_ambient(environment, deadline).identity,
                "sts",
                "AssumeRole",
                Environment(None, environment.region),
                deadline=deadline,
                RoleArn=role,
                RoleSessionName=_SESSION_NAME,
            )
        except AwsFault as fault:
            if issubclass(fault.kind, RegistryUnavailable):
                raise
            # A role that cannot be assumed is no reason to stop: another identity may have access.
            cause = f"the role {role} cannot be assumed, since {fault.cause}"
            refusal = AwsFault(AccessDenied, cause, fault.remedy, code=fault.code, refused=True)
            refusal.__cause__ = fault
            return refusal
        keys = answer["Credentials"]
        self._clients.forget(role)
        return _Assumed(
            {
                "aws_access_key_id": keys["AccessKeyId"],
                "aws_secret_access_key": keys["SecretAccessKey"],
                "aws_session_token": keys["SessionToken"],
            },
            keys["Expiration"],
        )

    def refusal_of_all(
        self, action: str, environment: Environment, refusals: list[AwsFault]
    ) -> AwsFault:
        """The fault that lists all refused identities, with the remedies."""
        allow = f"allow {action}"
        others = dict.fromkeys(each.remedy for each in refusals if each.remedy != allow)
        remedy = "; or ".join((*others, f"{allow} to one of them"))
        if environment.account is not None:
            example = self._settings.option_syntax.written(
                "ecr_roles", {environment.account: "arn:..."}
            )
            remedy += f", or name a role that may with {example}"
        return AwsFault(
            AccessDenied,
            ", and ".join(refusal.cause for refusal in refusals),
            remedy,
            code=refusals[-1].code,
            refused=True,
        )


def _is_usable(assumed: _Assumed | AwsFault) -> bool:
    if isinstance(assumed, AwsFault):
        return True
    return assumed.expires - _RENEW_BEFORE_EXPIRY > datetime.now(timezone.utc)
