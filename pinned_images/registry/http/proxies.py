"""Proxies from the environment."""

from __future__ import annotations

from collections.abc import Mapping
from ipaddress import ip_address, ip_network
from typing import NamedTuple
from urllib.parse import urlsplit

from pinned_images.registry.http.addresses import host_of, is_loopback

_DEFAULT_PORTS = {"https": "443", "http": "80"}


class Proxy(NamedTuple):
    """A proxy for display.

    Attributes:
        address: Its host and port.
        variable: The environment variable that names it.
    """

    address: str
    variable: str


class Proxies:
    """The settings ``HTTPS_PROXY``, ``HTTP_PROXY``, ``ALL_PROXY`` and ``NO_PROXY``, in either case.

    Args:
        environ: Environment variables.

    Example:
        >>> proxies = Proxies({"HTTPS_PROXY": "http://proxy:3128", "NO_PROXY": "10.0.0.0/8,.corp"})
        >>> proxies.of("https://ghcr.io/v2/"), proxies.of("https://10.1.2.3/v2/")
        ('http://proxy:3128', None)
    """

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ

    def of(self, url: str) -> str | None:
        """The proxy for an address; None for a direct connection, as for loopback."""
        parts = urlsplit(url)
        host = host_of(parts.netloc)
        if is_loopback(host) or self._passed_by(parts.scheme, parts.netloc, host):
            return None
        return self._variable(f"{parts.scheme}_proxy") or self._variable("all_proxy") or None

    def shown(self, url: str) -> Proxy | None:
        """The proxy for an address, without its credentials."""
        proxy = self.of(url)
        if proxy is None:
            return None
        address = proxy.rpartition("://")[2].rpartition("@")[2].rstrip("/")
        return Proxy(address, self.variable_of(url))

    def variable_of(self, url: str) -> str:
        """The environment variable that names the proxy for an address."""
        scheme = urlsplit(url).scheme
        names = (f"{scheme}_proxy", f"{scheme}_PROXY".upper(), "all_proxy", "ALL_PROXY")
        return next((name for name in names if self._environ.get(name)), "HTTPS_PROXY")

    def _passed_by(self, scheme: str, netloc: str, host: str) -> bool:
        port = netloc.rpartition("]")[2].partition(":")[2] or _DEFAULT_PORTS.get(scheme, "")
        entries = map(str.strip, self._variable("no_proxy").split(","))
        return any(_covers(entry.lower(), host, port) for entry in entries if entry)

    def _variable(self, name: str) -> str:
        return self._environ.get(name) or self._environ.get(name.upper()) or ""


def _covers(entry: str, host: str, port: str) -> bool:
    """Whether an item of ``NO_PROXY`` matches a host.

    There is no standard; this is what curl, Go and Python understand between them: ``*``, a name
    (with its subdomains, also behind a dot or ``*.``), an address, a range of addresses, each with
    a port or without. Names are not looked up, as no other program does.
    """
    if entry == "*":
        return True
    if _in_range(entry, host):
        return True
    name, _, wanted_port = entry.rpartition(":")
    if not name or not wanted_port.isdecimal():
        name, wanted_port = entry, ""
    if wanted_port not in ("", port):
        return False
    if _in_range(name, host):
        return True
    name = name.removeprefix("*").strip(".")
    return bool(name) and (host == name or host.endswith(f".{name}"))


def _in_range(entry: str, host: str) -> bool:
    try:
        return ip_address(host) in ip_network(entry.strip("[]"), strict=False)
    except ValueError:
        return False
