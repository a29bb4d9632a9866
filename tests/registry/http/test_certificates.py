"""A corporate CA is believed where the environment or docker names it."""

from __future__ import annotations

import shutil
import ssl
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest

from pinned_images.errors import RegistryUnavailable, UntrustedAnswer
from pinned_images.reference import ImageReference
from tests.registry.images import make_image
from tests.registry.internet import Internet
from tests.registry.loopback import Reply
from tests.registry.scripted import ScriptedRegistry
from tests.registry.user import Ask, Home, require_resolution

APP = ImageReference.parse("registry.example/team/app:v1")


@pytest.mark.parametrize("variable", ["SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "AWS_CA_BUNDLE"])
def test_a_bundle_is_named_by_the_environment(
    internet: Internet,
    public: ScriptedRegistry,
    monkeypatch: pytest.MonkeyPatch,
    ask: Ask,
    variable: str,
) -> None:
    monkeypatch.delenv("SSL_CERT_FILE")
    monkeypatch.setenv(variable, str(internet.bundle))
    image = public.images["team/app", "v1"]
    assert require_resolution(ask(APP)).digest == image.top


@pytest.mark.usefixtures("public")
def test_an_unknown_authority_is_an_error_that_says_what_to_name(
    monkeypatch: pytest.MonkeyPatch, ask: Ask
) -> None:
    monkeypatch.delenv("SSL_CERT_FILE")
    error = ask(APP)
    assert isinstance(error, UntrustedAnswer)
    assert "certificate of registry.example cannot be verified" in str(error)
    assert "SSL_CERT_FILE" in str(error)


@pytest.mark.usefixtures("public")
@pytest.mark.parametrize("variable", ["SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "AWS_CA_BUNDLE"])
@pytest.mark.parametrize("content", [None, "no certificate"], ids=["missing", "broken"])
def test_a_bundle_that_cannot_be_read_is_named(
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    ask: Ask,
    variable: str,
    content: str | None,
) -> None:
    bundle = tmp_path / "bundle.pem"
    if content is not None:
        bundle.write_text(content)
    monkeypatch.setenv(variable, str(bundle))
    error = ask(APP)
    assert isinstance(error, RegistryUnavailable)
    assert str(bundle) in str(error)
    assert variable in str(error)


@pytest.mark.parametrize("place", [".docker", ".config/docker", ".config/containers"])
def test_docker_s_and_podman_s_own_certificates_are_believed_for_their_host(
    internet: Internet,
    public: ScriptedRegistry,
    home: Home,
    monkeypatch: pytest.MonkeyPatch,
    *,
    ask: Ask,
    place: str,
) -> None:
    other = internet.registry("other.example")
    other.add("team/app", "v1", make_image())
    monkeypatch.delenv("SSL_CERT_FILE")
    folder = home.path / place / "certs.d" / "registry.example"
    folder.mkdir(parents=True)
    shutil.copy(internet.bundle, folder / "ca.crt")
    image = public.images["team/app", "v1"]
    assert require_resolution(ask(APP)).digest == image.top
    error = ask(ImageReference.parse("other.example/team/app:v1"))
    assert isinstance(error, UntrustedAnswer)


@pytest.mark.parametrize("name", ["ca.crt", "client.cert"])
def test_a_broken_certificate_of_a_host_is_named(home: Home, ask: Ask, name: str) -> None:
    folder = home.path / ".docker" / "certs.d" / "registry.example"
    folder.mkdir(parents=True)
    (folder / name).write_text("no certificate")
    (folder / "client.key").write_text("no key")
    error = ask(APP)
    assert isinstance(error, RegistryUnavailable)
    assert str(folder / name) in str(error)


@pytest.mark.parametrize("shown", [True, False])
def test_a_registry_may_want_a_certificate_of_ours(
    internet: Internet, home: Home, ask: Ask, *, shown: bool
) -> None:
    registry = internet.registry("registry.example", client_certificates=True)
    image = registry.add("team/app", "v1", make_image())
    folder = home.path / ".docker" / "certs.d" / "registry.example"
    folder.mkdir(parents=True)
    if shown:
        own = internet.authority.issue_cert("client.example")
        own.private_key_pem.write_to_path(str(folder / "client.key"))
        own.cert_chain_pems[0].write_to_path(str(folder / "client.cert"))
    outcome = ask(APP)
    if shown:
        assert require_resolution(outcome).digest == image.top
    else:
        assert isinstance(outcome, RegistryUnavailable)
        assert "registry.example wants a client certificate" in str(outcome)
        assert "~/.docker/certs.d/registry.example/client.cert" in str(outcome)


@pytest.mark.parametrize(
    ("version", "is_asked"),
    [(ssl.TLSVersion.TLSv1_2, False), (ssl.TLSVersion.TLSv1_3, False)],
    ids=["TLS 1.2", "TLS 1.3"],
)
def test_a_certificate_that_is_wanted_is_named_in_each_version(
    internet: Internet, ask: Ask, version: ssl.TLSVersion, *, is_asked: bool
) -> None:
    registry = internet.registry("registry.example", client_certificates=True, version=version)
    error = ask(APP)
    assert isinstance(error, RegistryUnavailable)
    assert "wants a client certificate" in str(error)
    assert bool(registry.server.requests) is is_asked
    assert internet.visited == ["registry.example"]


@pytest.mark.parametrize(
    ("certificate", "words"),
    [
        pytest.param(
            {"not_after": datetime(2020, 1, 1, tzinfo=timezone.utc)},
            ("certificate has expired", "have it renewed", "clock of this machine"),
            id="expired",
        ),
        pytest.param(
            {"not_before": datetime(2099, 1, 1, tzinfo=timezone.utc)},
            ("not yet valid", "check the clock of this machine"),
            id="not yet valid",
        ),
        pytest.param(
            {"name": "other.example"},
            ("'registry.example'", "use a name that the certificate has"),
            id="another name",
        ),
    ],
)
def test_what_is_wrong_with_a_certificate_is_named_with_its_remedy(
    internet: Internet, ask: Ask, certificate: dict[str, Any], words: tuple[str, ...]
) -> None:
    internet.registry("registry.example", certificate=certificate)
    error = ask(APP)
    assert isinstance(error, UntrustedAnswer)
    for part in words:
        assert part in str(error)
    assert "SSL_CERT_FILE" not in str(error)


@pytest.mark.parametrize(
    "reply",
    [
        Reply(400, {}, b"Client sent an HTTP request to an HTTPS server.\n"),
        Reply(
            400,
            {"Content-Type": "text/html"},
            b"<center>The plain HTTP request was sent to HTTPS port</center>",
        ),
        Reply(raw=b"\x15\x03\x01\x00\x02\x02\x46"),
    ],
    ids=["Go", "nginx", "an alert"],
)
def test_tls_that_is_asked_over_plain_http_is_named_with_its_remedy(
    registry: ScriptedRegistry, ask: Ask, reply: Reply
) -> None:
    registry.protection = lambda _: reply
    netloc = registry.server.netloc
    error = ask(registry.reference())
    assert isinstance(error, RegistryUnavailable)
    assert f"{netloc} speaks TLS, and was asked over plain http" in str(error)
    assert f'mirrors={{"{netloc}": "https://{netloc}"}}' in str(error)
    # The words are in the body, which no answer to HEAD has.
    assert [each.method for each in registry.server.requests] in (["HEAD"], ["HEAD", "GET"])


def test_a_server_without_tls_is_named(registry: ScriptedRegistry, ask: Ask) -> None:
    mirrors = {"docker.io": f"https://{registry.server.netloc}"}
    error = ask(ImageReference.parse("nginx"), mirrors=mirrors)
    assert isinstance(error, RegistryUnavailable)
    assert "does not speak TLS" in str(error)
