"""Through which proxy an address is asked, as the environment has it."""

from __future__ import annotations

import urllib.request
from collections.abc import Mapping
from ipaddress import ip_address, ip_network
from urllib.parse import urlsplit

from pinned_images.registry.http.addresses import host_of, is_loopback


class Proxies:
    """What ``HTTPS_PROXY``, ``HTTP_PROXY``, ``ALL_PROXY`` and ``NO_PROXY`` say, in either case.

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
        """The proxy for an address; None to ask it directly, as loopback always is."""
        parts = urlsplit(url)
        host = host_of(parts.netloc)
        if is_loopback(host) or self._passed_by(parts.netloc, host):
            return None
        return self._variable(f"{parts.scheme}_proxy") or self._variable("all_proxy") or None

    def _passed_by(self, netloc: str, host: str) -> bool:
        entries = self._variable("no_proxy")
        by_name = {"no": entries}
        if urllib.request.proxy_bypass_environment(netloc, by_name):  # type: ignore[attr-defined]  # typeshed lacks it
            return True
        return any(_covers(entry.strip(), host) for entry in entries.split(","))

    def _variable(self, name: str) -> str:
        return self._environ.get(name) or self._environ.get(name.upper()) or ""


def _covers(entry: str, host: str) -> bool:
    """Whether an entry is a range of addresses (or one of them) with the host in it.

    Names are not looked up for that, as no other program does.
    """
    try:
        return ip_address(host) in ip_network(entry.strip("[]"), strict=False)
    except ValueError:
        return False
