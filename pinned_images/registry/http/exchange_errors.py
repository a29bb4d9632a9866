"""Errors of HTTP exchanges, without headers or queries in their messages."""

from __future__ import annotations

import http.client
import re
import ssl

from urllib3.exceptions import (
    ConnectTimeoutError,
    HTTPError,
    LocationValueError,
    NameResolutionError,
    NewConnectionError,
    ProxyError,
)
from urllib3.exceptions import (
    SSLError as WrappedSSLError,
)
from urllib3.exceptions import (
    TimeoutError as ExchangeTimeout,
)

from pinned_images.errors import RegistryUnavailable, ResolutionError, UntrustedAnswer
from pinned_images.printable import quoted
from pinned_images.registry.http.addresses import host_of, is_loopback
from pinned_images.registry.http.messages import Request, Response
from pinned_images.registry.http.proxies import Proxy

_PROXY_AUTHENTICATION = 407
_BAD_REQUEST = 400

# The answers of Go's net/http and nginx to a plain http request at a port for TLS.
_MEANT_TLS = re.compile(
    rb"HTTP request (?:was sent )?to (?:an? )?HTTPS (?:server|port)", re.IGNORECASE
)
_TLS_RECORD = b"\x15\x03"

# Alerts of a server that wants a certificate of the client (RFC 8446, section 6.2).
_CERTIFICATE_ALERTS = ("CERTIFICATE_REQUIRED", "ALERT_BAD_CERTIFICATE", "ALERT_NO_CERTIFICATE")
# OpenSSL's X509_V_ERR_*: the certificate is not of this time, or of another name.
_CERT_NOT_YET_VALID, _CERT_HAS_EXPIRED = 9, 10
_HOSTNAME_MISMATCH, _IP_ADDRESS_MISMATCH = 62, 64


class TransientError(Exception):
    """An exchange without a complete answer; a retry may succeed.

    Args:
        cause: What happened, as a clause.
        is_unreachable: Whether there was no connection at all.
        is_silent: Whether there was no answer in time, or no connection.
        is_broken_off: Whether the host took the request and ended the connection without an
            answer.
    """

    def __init__(
        self,
        cause: str,
        *,
        is_unreachable: bool = False,
        is_silent: bool = False,
        is_broken_off: bool = False,
    ) -> None:
        super().__init__(cause)
        self.is_unreachable = is_unreachable
        self.is_silent = is_silent or is_unreachable
        self.is_broken_off = is_broken_off


def explain(error: HTTPError, request: Request, proxy: Proxy | None) -> Exception:  # noqa: PLR0911  one for each kind
    """The error for an exception of urllib3.

    Args:
        error: The exception.
        request: The request.
        proxy: The proxy that it went through.
    """
    host, words = request.netloc, request.host_in_words
    if isinstance(error, LocationValueError):
        return RegistryUnavailable(f"{quoted(host)} cannot be an address", "correct it")
    if isinstance(error, ProxyError):
        return _explain_proxy_error(error.original_error, request, proxy)
    if isinstance(error, WrappedSSLError):
        return _explain_tls(error, host)
    if isinstance(error, NameResolutionError):
        return TransientError(
            f"the name {quoted(host_of(host))} cannot be resolved", is_unreachable=True
        )
    if isinstance(error, (NewConnectionError, ConnectTimeoutError)):
        return TransientError(f"no connection to {words} could be made", is_unreachable=True)
    if isinstance(error, ExchangeTimeout):
        return TransientError(f"{words} did not answer in time", is_silent=True)
    return _broken_off(error.args[-1] if error.args else None, request)


def _explain_proxy_error(error: Exception, request: Request, proxy: Proxy | None) -> Exception:
    """The error for a `ProxyError` of urllib3.

    It does so too where a tunnel was open already and the host behind it ended the connection.
    """
    status = re.search(r"Tunnel connection failed: (\d{3})", str(error))
    if status is not None:
        return _refused_by_proxy(request, proxy, status[1])
    if isinstance(error, (NewConnectionError, ConnectTimeoutError)):
        return _refused_by_proxy(request, proxy, None)
    return (
        explain(error, request, proxy)
        if isinstance(error, HTTPError)
        else (_broken_off(error, request))
    )


def _broken_off(cause: object, request: Request) -> Exception:
    words = request.host_in_words
    ended = (http.client.RemoteDisconnected, http.client.IncompleteRead)
    if isinstance(cause, http.client.HTTPException) and not isinstance(cause, ended):
        if isinstance(cause, http.client.BadStatusLine) and _TLS_RECORD in _line_of(cause):
            return _speaks_tls(request.netloc)
        return TransientError(
            f"{words} answered with something that is not HTTP", is_broken_off=True
        )
    return TransientError(f"{words} broke off the connection", is_broken_off=True)


def require_direct(response: Response, proxy: Proxy | None) -> None:
    """Refuse an answer from a proxy that wants a login, or from a port for TLS.

    Args:
        response: The answer.
        proxy: The proxy that it came through.

    Raises:
        ResolutionError: The proxy wants a password, or TLS is spoken at this port.
    """
    request = response.request
    if response.status == _PROXY_AUTHENTICATION and proxy is not None:
        raise _refused_by_proxy(request, proxy, "407")
    meant_tls = response.status == _BAD_REQUEST and _MEANT_TLS.search(response.body)
    if meant_tls and request.url.startswith("http:"):
        raise _speaks_tls(request.netloc)


def _refused_by_proxy(request: Request, proxy: Proxy | None, status: str | None) -> ResolutionError:
    address, variable = ("", "HTTPS_PROXY") if proxy is None else proxy
    named = f"the proxy through which {request.netloc} is asked, {address},"
    if status == str(_PROXY_AUTHENTICATION):
        return RegistryUnavailable(
            f"{named} wants a user name and a password (407)",
            f"write them into {variable} as http://user:password@host:port",
        )
    if status is None:
        return RegistryUnavailable(
            f"{named} cannot be reached", f"correct {variable}, or name the host in NO_PROXY"
        )
    return RegistryUnavailable(
        f"{named} does not let us pass ({status})",
        f"allow the host there, correct {variable}, or name the host in NO_PROXY",
    )


def _explain_tls(error: WrappedSSLError, host: str) -> Exception:
    cause = error.args[0] if error.args else None
    if isinstance(cause, ssl.SSLCertVerificationError):
        return UntrustedAnswer(
            f"the certificate of {host} cannot be verified ({cause.verify_message.rstrip('.')})",
            _remedy_for_certificate(cause.verify_code, host),
        )
    reason = getattr(cause, "reason", None) or ""
    if any(reason.endswith(alert) for alert in _CERTIFICATE_ALERTS):
        return RegistryUnavailable(
            f"{host} wants a client certificate, and none that it takes was at hand",
            _client_certificate_at(host),
        )
    if reason.endswith("ALERT_HANDSHAKE_FAILURE"):
        # OpenSSL's answer in TLS 1.2 to a client without a certificate, and to one without a
        # cipher in common.
        return RegistryUnavailable(
            f"{host} refuses the TLS handshake, perhaps since it wants a client certificate",
            _client_certificate_at(host),
        )
    if reason in ("WRONG_VERSION_NUMBER", "HTTP_REQUEST", "RECORD_LAYER_FAILURE"):
        return RegistryUnavailable(
            f"{host} does not speak TLS",
            f'if plain http is meant, name it in insecure_registries=["{host}"], or write http:// '
            "in the URL of the mirror",
        )
    return TransientError(f"{host} broke off the TLS handshake")


def _client_certificate_at(host: str) -> str:
    return f"put it into ~/.docker/certs.d/{host}/client.cert, and its key into client.key there"


def _remedy_for_certificate(code: int, host: str) -> str:
    if code == _CERT_HAS_EXPIRED:
        return "have it renewed by those who run the registry, and check the clock of this machine"
    if code == _CERT_NOT_YET_VALID:
        return "check the clock of this machine"
    if code in (_HOSTNAME_MISMATCH, _IP_ADDRESS_MISMATCH):
        return f"use a name that the certificate has, or have {host} added to it"
    return "name the CA's bundle in SSL_CERT_FILE or REQUESTS_CA_BUNDLE"


def _speaks_tls(host: str) -> RegistryUnavailable:
    if is_loopback(host_of(host)):
        remedy = f'name it as its own mirror: mirrors={{"{host}": "https://{host}"}}'
    else:
        remedy = "do not name it among the insecure registries"
    return RegistryUnavailable(f"{host} speaks TLS, and was asked over plain http", remedy)


def _line_of(error: http.client.BadStatusLine) -> bytes:
    return str(error).encode("iso-8859-1", errors="replace").replace(b"\\x15\\x03", _TLS_RECORD)
