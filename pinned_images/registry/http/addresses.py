"""Kinds of network addresses in host names: loopback, private, public."""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Set as AbstractSet

_Address = ipaddress.IPv4Address | ipaddress.IPv6Address

_PROTOCOL_ASSIGNMENTS = ipaddress.IPv4Network("192.0.0.0/24")
# IPv6 addresses that lead to an IPv4 address, and how far to the right of the whole it is: NAT64
# (RFC 6052, RFC 8215), 6to4 (RFC 3056) and IPv4-compatible ones (RFC 4291, section 2.5.5.1).
_EMBEDDING = (
    (ipaddress.IPv6Network("64:ff9b::/96"), 0),
    (ipaddress.IPv6Network("64:ff9b:1::/48"), 0),
    (ipaddress.IPv6Network("2002::/16"), 80),
    (ipaddress.IPv6Network("::/96"), 0),
)


def host_of(netloc: str) -> str:
    """The host of ``host[:port]``, in lower case, without brackets or a trailing dot.

    Example:
        >>> host_of("[::1]:5000"), host_of("Localhost.:5000")
        ('::1', 'localhost')
    """
    bracketed = netloc.startswith("[")
    host = netloc[1:].partition("]")[0] if bracketed else netloc.partition(":")[0]
    return host.lower().rstrip(".")


def is_loopback(host: str) -> bool:
    """Whether a host (without a port) is loopback."""
    address = _literal_address(host)
    if address is None:
        return host == "localhost" or host.endswith(".localhost")
    return address.is_loopback


def may_be_plain(netloc: str, insecure: AbstractSet[str]) -> bool:
    """Whether plain http is allowed for a host: loopback, or named by the user."""
    host = host_of(netloc)
    return is_loopback(host) or netloc in insecure or host in insecure


def is_private_literal(host: str) -> bool:
    """Whether a host is a literal address that is not reachable from the whole internet.

    Loopback, RFC 1918, link-local (the metadata services of clouds among them), carrier-grade
    NAT and all else that IANA's registries keep apart; also inside an IPv6 address that carries an
    IPv4 address. Names are not looked up.
    """
    address = _literal_address(host)
    if address is None:
        return is_loopback(host)
    if isinstance(address, ipaddress.IPv6Address):
        address = _embedded_address(address) or address
    # Python counts some of 192.0.0.0/24 (RFC 6890, "IETF Protocol Assignments") among the global.
    return not address.is_global or address.is_multicast or address in _PROTOCOL_ASSIGNMENTS


def _literal_address(host: str) -> _Address | None:
    try:
        address: _Address = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return _abbreviated_address(host)
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
        return address.ipv4_mapped
    return address


def _embedded_address(address: ipaddress.IPv6Address) -> ipaddress.IPv4Address | None:
    for network, shift in _EMBEDDING:
        # "::" and "::1" are addresses of their own.
        if address in network and int(address) > 1:
            return ipaddress.IPv4Address(int(address) >> shift & 0xFFFFFFFF)
    return None


def _abbreviated_address(host: str) -> _Address | None:
    """The address of ``127.1`` or ``0x7f000001``, which C libraries accept."""
    if not host[:1].isdigit() or " " in host:
        return None
    try:
        return ipaddress.IPv4Address(socket.inet_aton(host))
    except (OSError, ValueError):  # ValueError: a NUL character, or half of a surrogate pair
        return None
