"""One HTTP exchange: connections, proxies, certificates and bounds; no retry and no redirect."""

from __future__ import annotations

import http.client
import logging
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import urllib3
from urllib3.exceptions import HTTPError

from pinned_images.errors import RegistryUnavailable, UntrustedAnswer
from pinned_images.printable import quoted
from pinned_images.registry.http.addresses import host_of
from pinned_images.registry.http.bodies import read_body
from pinned_images.registry.http.connections import (
    LONGEST_CONNECT,
    Pool,
    PrivateAddressError,
    SecurePool,
    exchanging,
)
from pinned_images.registry.http.exchange_errors import TransientError, explain, require_direct
from pinned_images.registry.http.messages import Request, Response
from pinned_images.registry.http.proxies import Proxies
from pinned_images.registry.http.tls import certificate_folder, tls_context


@dataclass(frozen=True, slots=True)
class _Route:
    """The route to a host, which is the key of connection pools.

    Attributes:
        secure: Whether TLS is spoken, be it with a proxy.
        proxy: The proxy.
        certificates: The folder with the host's own certificates.
    """

    secure: bool
    proxy: str | None
    certificates: Path | None


class Transport:
    """A transport with pooled connections.

    Args:
        environ: Where ``HTTPS_PROXY``, ``NO_PROXY`` and the CA bundles are named.
        connections: How many connections are kept for each host.
    """

    def __init__(self, environ: Mapping[str, str], connections: int) -> None:
        self._environ = environ
        self._proxies = Proxies(environ)
        self._connections = connections
        self._lock = threading.Lock()
        self._managers: dict[_Route, urllib3.PoolManager] = {}
        self._folders: dict[str, Path | None] = {}

    def send(
        self, request: Request, timeout: float, connect_timeout: float = LONGEST_CONNECT
    ) -> Response:
        """Make one exchange, with no retry and no redirect.

        Args:
            request: The request.
            timeout: Seconds after which the exchange is given up.
            connect_timeout: Seconds that a new connection may take.

        Raises:
            TransientError: There is no complete answer.
            ResolutionError: The answer must not be used, or none can be had by trying again.
        """
        end = time.monotonic() + timeout
        limits = urllib3.Timeout(connect=min(timeout, connect_timeout), read=timeout)
        manager = self._manager_for(request.url)
        with exchanging(public_only=request.public_only) as exchange:
            try:
                with _queries_kept_out_of_logs():
                    response = manager.request(
                        request.method,
                        request.url,
                        body=request.body,
                        headers={**request.headers, "Accept-Encoding": "identity"},
                        timeout=limits,
                        redirect=False,
                        retries=False,
                        preload_content=False,
                        decode_content=False,
                    )
                body = read_body(response, end)
            except PrivateAddressError:
                raise UntrustedAnswer(
                    f"the host {quoted(host_of(request.netloc))}, which it names, leads to a "
                    "private address",
                    "check with those who run the registry, for this may be an attack",
                ) from None
            except HTTPError as error:
                raise explain(error, request, self._proxies.shown(request.url)) from None
            except (OSError, http.client.HTTPException, ValueError):
                raise TransientError("its answer cannot be read as HTTP") from None
        answer = Response(response.status, response.headers, body, request, exchange.peer)
        require_direct(answer, self._proxies.shown(request.url))
        return answer

    def is_proxied(self, url: str) -> bool:
        """Whether a request goes through a proxy, which then looks up the name."""
        return self._proxies.of(url) is not None

    def _manager_for(self, url: str) -> urllib3.PoolManager:
        parts = urlsplit(url)
        proxy = self._proxies.of(url)
        # Reading the CA bundles takes a while, and plain http on loopback does not need them.
        secure = parts.scheme == "https" or proxy is not None
        with self._lock:
            route = _Route(secure, proxy, self._certificates_for(parts.netloc) if secure else None)
            if route not in self._managers:
                variable = self._proxies.variable_of(url)
                self._managers[route] = self._open_manager(route, variable)
            return self._managers[route]

    def _certificates_for(self, netloc: str) -> Path | None:
        """The folder with a host's own certificates, looked up once."""
        if netloc not in self._folders:
            self._folders[netloc] = certificate_folder(netloc, self._environ)
        return self._folders[netloc]

    def _open_manager(self, route: _Route, variable: str) -> urllib3.PoolManager:
        options: dict[str, Any] = {"num_pools": 64, "maxsize": self._connections}
        if route.secure:
            options["ssl_context"] = tls_context(self._environ, route.certificates)
        if route.proxy is None:
            manager = urllib3.PoolManager(**options)
        else:
            manager = _proxy_manager(route.proxy, variable, options)
        manager.pool_classes_by_scheme = {"http": Pool, "https": SecurePool}
        return manager


def _proxy_manager(proxy: str, variable: str, options: dict[str, Any]) -> urllib3.PoolManager:
    try:
        parts = urlsplit(proxy if "://" in proxy else f"http://{proxy}")
        _, _, netloc = parts.netloc.rpartition("@")
        usable = parts.scheme in ("http", "https") and bool(netloc) and parts.port != 0
    except ValueError:
        usable = False
    if not usable:
        raise RegistryUnavailable(
            "the proxy that the environment names is no http or https URL", f"correct {variable}"
        )
    headers = None
    if parts.username is not None:
        account = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
        headers = urllib3.make_headers(proxy_basic_auth=account)
    return urllib3.ProxyManager(f"{parts.scheme}://{netloc}", proxy_headers=headers, **options)


_sending = threading.local()


@contextmanager
def _queries_kept_out_of_logs() -> Iterator[None]:
    _sending.now = True
    try:
        yield
    finally:
        _sending.now = False


class _QueryFilter(logging.Filter):
    """A log filter that removes queries from urllib3's messages: they may hold a signature."""

    def filter(self, record: logging.LogRecord) -> bool:
        if getattr(_sending, "now", False) and isinstance(record.args, tuple):
            record.args = tuple(
                argument.partition("?")[0] if isinstance(argument, str) else argument
                for argument in record.args
            )
        return True


logging.getLogger("urllib3.connectionpool").addFilter(_QueryFilter())
