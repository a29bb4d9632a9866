"""The SDK's clients: made once, shared by threads, and stopped at a deadline.

The SDK is used as the user configured it: profile, endpoints, proxies, certificates and the number
of attempts come from the environment and from ~/.aws/config. Only the retry mode (adaptive, which
slows down for a service that throttles) and the time-outs are set here.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

from pinned_images.registry.aws.environments import Environment
from pinned_images.registry.aws.log_redaction import redacted_log

if TYPE_CHECKING:
    from botocore.config import Config
    from botocore.session import Session

_CONNECT_TIMEOUT = 5.0
_DEFAULT_ATTEMPTS = 6
_ATTEMPTS_TO_CONNECT = 3
_CONNECTIONS = 16

_deadline: ContextVar[float] = ContextVar("deadline of the call under way")


class OutOfTime(Exception):
    """The deadline of a call has passed."""


class Clients:
    """A cache of clients by service, environment and identity.

    Args:
        read_timeout: Seconds that one HTTP answer may take.
        profile: The AWS profile; that of the environment if left out.
    """

    def __init__(self, read_timeout: float, profile: str | None = None) -> None:
        self._profile = profile
        self._read_timeout = read_timeout
        self._lock = threading.RLock()
        self._session: Session | None = None
        self._clients: dict[tuple[str, str, Environment], Any] = {}

    @property
    def session(self) -> Session:
        """The SDK's session, with the ambient credentials."""
        with self._lock:
            if self._session is None:
                import botocore.session  # noqa: PLC0415 - takes long to load

                self._session = botocore.session.get_session()
                if self._profile is not None:
                    self._session.set_config_variable("profile", self._profile)
            return self._session

    def get(
        self, service: str, environment: Environment, owner: str, keys: Mapping[str, str]
    ) -> Any:
        """A client that signs with some keys.

        Args:
            service: The SDK's name of the service.
            environment: The account and region.
            owner: The identity of the keys.
            keys: The keys as `create_client` takes them; none for the ambient credentials.
        """
        key = (owner, service, environment)
        # A session is not to be shared by threads; its clients are.
        with self._lock:
            client = self._clients.get(key)
            if client is None:
                client = self._clients[key] = self._create(service, environment, keys)
        return client

    def forget(self, owner: str) -> None:
        """Make new clients next time, since the owner has new keys."""
        with self._lock:
            for key in [key for key in self._clients if key[0] == owner]:
                del self._clients[key]

    def close(self) -> None:
        """Close all connections."""
        with self._lock:
            clients, self._clients = self._clients, {}
        for client in clients.values():
            client.close()

    def _create(self, service: str, environment: Environment, keys: Mapping[str, str]) -> Any:
        # The service and the keys are only known at run time: no overload fits.
        create: Any = self.session.create_client
        options = {"region_name": environment.region, **keys}
        config = self._config()
        client = create(service, config=config, **options)
        if environment.fips or environment.dual_stack:
            standard = create(service, config=_standard_endpoints(), **options)
            # The SDK refuses to combine variants with an endpoint that the user chose.
            if standard.meta.endpoint_url == client.meta.endpoint_url:
                client.close()
                client = create(service, config=config.merge(_variant(environment)), **options)
            standard.close()
        client.meta.events.register_first("before-send", _stop_when_out_of_time)
        client.meta.events.register_first("needs-retry", _stop_retrying)
        return client

    def _config(self) -> Config:
        from botocore.config import Config  # noqa: PLC0415 - loads late

        attempts = self.session.get_config_variable("max_attempts") or _DEFAULT_ATTEMPTS
        return Config(
            retries={"mode": "adaptive", "total_max_attempts": attempts},
            connect_timeout=_CONNECT_TIMEOUT,
            read_timeout=self._read_timeout,
            max_pool_connections=_CONNECTIONS,
            user_agent_extra="pinned-images",
        )


def invoke(
    client: Any, operation: str, parameters: Mapping[str, object], deadline: float
) -> dict[str, Any]:
    """Call an operation, with no further attempt after the deadline.

    Raises:
        OutOfTime: The deadline has passed.
        BotoCoreError, ClientError, ResponseParserError: The exceptions of the SDK.
    """
    from botocore import xform_name  # noqa: PLC0415 - loads late

    token = _deadline.set(deadline)
    try:
        with redacted_log():
            answer: dict[str, Any] = getattr(client, xform_name(operation))(**parameters)
    finally:
        _deadline.reset(token)
    return answer


def _standard_endpoints() -> Config:
    from botocore.config import Config  # noqa: PLC0415 - loads late

    return Config(ignore_configured_endpoint_urls=True)  # type: ignore[call-arg]  # the stubs lack it


def _variant(environment: Environment) -> Config:
    from botocore.config import Config  # noqa: PLC0415 - loads late

    # None leaves the choice to the user's configuration.
    return Config(
        use_fips_endpoint=environment.fips or None,
        use_dualstack_endpoint=environment.dual_stack or None,
    )


def _stop_when_out_of_time(**_: object) -> None:
    if time.monotonic() >= _deadline.get(float("inf")):
        raise OutOfTime


def _stop_retrying(attempts: int, caught_exception: Exception | None, **_: object) -> None:
    from botocore.exceptions import ConnectTimeoutError, EndpointConnectionError  # noqa: PLC0415

    if isinstance(caught_exception, OutOfTime):
        raise caught_exception
    # A name that does not resolve or a closed port is the same after a wait.
    unreachable = (EndpointConnectionError, ConnectTimeoutError)
    if isinstance(caught_exception, unreachable) and attempts >= _ATTEMPTS_TO_CONNECT:
        raise caught_exception
