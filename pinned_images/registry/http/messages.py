"""Requests and responses of HTTP, as plain values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from urllib3 import HTTPHeaderDict


@dataclass(frozen=True, slots=True)
class Request:
    """A request. The headers may hold secrets and stay out of the `repr`.

    Attributes:
        method: The method.
        url: The address.
        headers: Names to values.
        body: The body.
        public_only: Whether a private address is refused, since a public registry has named it.
        host_name: The name of the host in errors, if not host and port.
    """

    method: str
    url: str
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    body: bytes | None = field(default=None, repr=False)
    public_only: bool = False
    host_name: str = ""

    @property
    def host_in_words(self) -> str:
        """The name of the host in errors."""
        return self.host_name or self.netloc

    @property
    def netloc(self) -> str:
        """Host and port."""
        return urlsplit(self.url).netloc.lower()

    @property
    def origin(self) -> str:
        """Scheme, host and port, to which credentials are bound (RFC 9110, section 4.3.1)."""
        parts = urlsplit(self.url)
        port = parts.port or (443 if parts.scheme == "https" else 80)
        return f"{parts.scheme}://{parts.hostname}:{port}"


@dataclass(frozen=True, slots=True)
class Response:
    """A complete response.

    Attributes:
        status: The status code.
        headers: Names in any case to values.
        body: The bytes, with any content coding undone; of an error only the beginning.
        request: The answered request, after redirects.
        peer: The address that answered; None through a proxy.
    """

    status: int
    headers: HTTPHeaderDict = field(repr=False)
    body: bytes = field(repr=False)
    request: Request
    peer: str | None = None
