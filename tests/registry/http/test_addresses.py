"""Kinds of addresses in host names."""

from __future__ import annotations

import pytest

from pinned_images.registry.http.addresses import (
    host_of,
    is_loopback,
    is_private_literal,
)


@pytest.mark.parametrize(
    ("netloc", "host"),
    [
        ("ghcr.io", "ghcr.io"),
        ("GHCR.io.:443", "ghcr.io"),
        ("[::1]:5000", "::1"),
        ("[::1]", "::1"),
        ("127.0.0.1:5000", "127.0.0.1"),
    ],
)
def test_the_host_is_told_from_its_port(netloc: str, host: str) -> None:
    assert host_of(netloc) == host


PRIVATE = [
    "127.0.0.1",
    "127.1",
    "2130706433",
    "0x7f000001",
    "0177.0.0.1",
    "::1",
    "::ffff:127.0.0.1",
    "10.0.0.1",
    "172.16.0.1",
    "192.168.1.1",
    "100.64.0.1",
    "169.254.169.254",
    "0xa9fea9fe",
    "fe80::1%eth0",
    "fd00:ec2::254",
    "0.0.0.0",
    "::",
    "224.0.0.1",
    "localhost",
    "registry.localhost",
    "192.0.0.9",
    "64:ff9b::10.0.0.1",
    "64:ff9b::a9fe:a9fe",
    "64:ff9b:1::7f00:1",
    "2002:a00:1::",
    "2002:7f00:1::5",
    "::10.0.0.1",
    "::a9fe:a9fe",
    "2001:db8::1",
]
PUBLIC = [
    "8.8.8.8",
    "64:ff9b::8.8.8.8",
    "2002:808:808::1",
    "2606:4700::1111",
    "ghcr.io",
    "10.example",
    "localhost.example",
    "0x",
    "",
]


@pytest.mark.parametrize("host", PRIVATE)
def test_private_addresses_are_known_however_they_are_spelled(host: str) -> None:
    assert is_private_literal(host)


@pytest.mark.parametrize("host", PUBLIC)
def test_names_and_public_addresses_are_not_private(host: str) -> None:
    assert not is_private_literal(host)


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("127.0.0.1", True),
        ("127.9", True),
        ("::1", True),
        ("::ffff:127.0.0.1", True),
        ("localhost", True),
        ("10.0.0.1", False),
        ("169.254.169.254", False),
        ("127.0.0.1.example", False),
    ],
)
def test_loopback_is_this_machine_only(host: str, expected: bool) -> None:  # noqa: FBT001  a table
    assert is_loopback(host) is expected
