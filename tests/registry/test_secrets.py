"""Nothing secret leaves: every log, error and repr of a run is searched for known secrets."""

from __future__ import annotations

import base64
import json
import logging
import traceback
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from pinned_images.errors import ResolutionError
from pinned_images.reference import ImageReference, Platform
from pinned_images.registry import RegistryResolver, RegistrySettings
from pinned_images.registry.client import RegistryClient
from pinned_images.registry.distribution_resolver import DistributionResolver
from pinned_images.resolution import Outcome, ResolutionRequest
from tests.registry.images import make_image
from tests.registry.internet import Internet
from tests.registry.loopback import Received, Reply
from tests.registry.scripted import ScriptedRegistry, TokenService
from tests.registry.user import SETTINGS, Home, Programs, encode_pair

PASSWORD = "pAssw0rd-of-the-user"
IDENTITY = "idEntity-token-of-the-user"
HELPED = "hElper-secret"
SIGNATURE = "sIgnature-of-a-redirect"
PROXY = "pRoxy-password"
TOKEN = "token-"

SECRETS = [
    *(PASSWORD, IDENTITY, HELPED, SIGNATURE, PROXY),
    *(
        encode_pair(name, secret)
        for name in ("user", "<token>", "")
        for secret in (PASSWORD, IDENTITY, HELPED, PROXY)
    ),
    base64.b64encode(PASSWORD.encode()).decode(),
]


@pytest.fixture
def log(caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    caplog.set_level(logging.DEBUG)
    for name in ("pinned_images", "urllib3", "botocore", "boto3"):
        caplog.set_level(logging.DEBUG, logger=name)
    return caplog


def spoken(log: pytest.LogCaptureFixture, outcomes: list[Outcome], *others: object) -> str:
    """Everything that a run has said, with the whole chain of every error."""
    parts = [log.text]
    for record in log.records:
        parts += [record.getMessage(), repr(record.args), repr(record.__dict__)]
    for outcome in outcomes:
        parts += [str(outcome), repr(outcome)]
        seen: BaseException | None = outcome if isinstance(outcome, ResolutionError) else None
        while seen is not None:
            parts += [repr(seen), repr(seen.args), repr(vars(seen))]
            parts += traceback.format_exception(seen)
            seen = seen.__cause__ or seen.__context__
    parts += [repr(other) for other in others]
    return "\n".join(parts)


def assert_nothing_secret(text: str, *more: str) -> None:
    found = [secret for secret in (*SECRETS, *more) if secret in text]
    assert not found


def run(*references: ImageReference, **options: object) -> list[Outcome]:
    settings = RegistrySettings(**{**SETTINGS, **options})
    requests = [
        ResolutionRequest(reference, platform)
        for reference in references
        for platform in (None, Platform("linux", "amd64"))
    ]
    return list(RegistryResolver(settings).resolve(requests).values())


@pytest.mark.parametrize(
    "login",
    [
        pytest.param((scheme, password), id=f"{scheme} {word}")
        for scheme in ("basic", "token", "identity")
        for password, word in ((PASSWORD, "accepted"), ("another", "refused"))
    ],
)
def test_a_login_is_told_to_nobody(
    registry: ScriptedRegistry,
    make_token_service: Callable[..., TokenService],
    home: Home,
    log: pytest.LogCaptureFixture,
    login: tuple[str, str],
) -> None:
    scheme, password = login
    entry = {"auth": encode_pair("user", PASSWORD)}
    if scheme == "basic":
        registry.require_basic("user", password)
    else:
        service = make_token_service(registry, password=password, identity_token=IDENTITY)
        if password != PASSWORD:
            service.identity_token = "another"
    if scheme == "identity":
        entry = {"auth": encode_pair("<token>", IDENTITY)}
    home.docker_config({"auths": {registry.server.netloc: entry}})
    outcomes = run(registry.reference(), registry.reference(tag="v9"))
    assert registry.server.requests
    issued = [] if scheme == "basic" else list(service.issued)
    assert_nothing_secret(spoken(log, outcomes), *issued)


@pytest.mark.parametrize(
    "script",
    [
        f"echo {HELPED}; exit 1",
        f"echo {HELPED} >&2; exit 1",
        f"echo {HELPED}",
        f'echo \'{{"Username": "user", "Secret": "{HELPED}"}}\'',
        f'echo \'{{"Username": "user", "Secret": ["{HELPED}"]}}\'',
    ],
)
def test_what_a_helper_program_prints_is_told_to_nobody(
    registry: ScriptedRegistry,
    home: Home,
    programs: Programs,
    log: pytest.LogCaptureFixture,
    script: str,
) -> None:
    registry.require_basic("user", "another")
    programs.add("docker-credential-vault", script)
    home.docker_config({"credsStore": "vault"})
    outcomes = run(registry.reference())
    assert all(isinstance(outcome, ResolutionError) for outcome in outcomes)
    assert_nothing_secret(spoken(log, outcomes))


@pytest.mark.parametrize(
    "content",
    [
        f'{{"auths": {{"x.io": {{"password": "{PASSWORD}"}}}}',
        json.dumps([PASSWORD]),
        json.dumps({"auths": {"x.io": PASSWORD}}),
        json.dumps({"auths": {"HOST": {"auth": f"!{PASSWORD}"}}}),
        json.dumps({"credsStore": f"{PASSWORD}/{PASSWORD}"}),
        f"\udcff{PASSWORD}",
    ],
    ids=["half", "list", "entry", "auth", "store", "bytes"],
)
def test_a_broken_file_is_quoted_to_nobody(
    registry: ScriptedRegistry, home: Home, log: pytest.LogCaptureFixture, content: str
) -> None:
    registry.require_basic("user", PASSWORD)
    text = content.replace("HOST", registry.server.netloc)
    home.docker_config("").write_bytes(text.encode(errors="surrogateescape"))
    outcomes = run(registry.reference())
    assert all(isinstance(outcome, ResolutionError) for outcome in outcomes)
    assert_nothing_secret(spoken(log, outcomes))


def _same(reply: Reply, _: Received) -> Reply:
    return reply


def test_the_query_of_a_redirect_is_told_to_nobody(
    internet: Internet, home: Home, log: pytest.LogCaptureFixture
) -> None:
    registry = internet.registry("registry.example")
    registry.add("team/app", "v1", make_image())
    registry.protection = lambda received: (
        Reply(307, {"Location": f"https://storage.example{received.path}?X-Signature={SIGNATURE}"})
        if "/blobs/" in received.path
        else None
    )
    storage = internet.server("storage.example", registry.honest)
    reference = ImageReference.parse("registry.example/team/app:v1")
    outcomes = run(reference)
    assert SIGNATURE in storage.requests[0].target
    for fault in (Reply(403), Reply(500), Reply(reset=True)):
        storage.respond = partial(_same, fault)
        outcomes += run(reference)
    assert_nothing_secret(spoken(log, outcomes))


@pytest.mark.parametrize("known", [True, False], ids=["accepted", "refused"])
def test_the_password_of_a_proxy_is_told_to_nobody(
    internet: Internet,
    monkeypatch: pytest.MonkeyPatch,
    log: pytest.LogCaptureFixture,
    known: bool,  # noqa: FBT001  a table
) -> None:
    internet.registry("registry.example").add("team/app", "v1", make_image())
    internet.account = ("user", PROXY if known else "another")
    monkeypatch.setenv("HTTPS_PROXY", f"http://user:{PROXY}@{internet.proxy}")
    outcomes = run(ImageReference.parse("registry.example/team/app:v1"))
    assert "registry.example" in internet.visited
    assert_nothing_secret(spoken(log, outcomes))


@pytest.mark.parametrize("proxy", [f"socks5://user:{PROXY}@127.0.0.1:1", f"http://user:{PROXY}@"])
def test_a_proxy_that_cannot_be_used_is_quoted_to_nobody(
    monkeypatch: pytest.MonkeyPatch, log: pytest.LogCaptureFixture, proxy: str
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", proxy)
    outcomes = run(ImageReference.parse("registry.example/team/app:v1"))
    assert_nothing_secret(spoken(log, outcomes))


def test_objects_show_no_secret_and_no_file_is_written(
    registry: ScriptedRegistry,
    make_token_service: Callable[..., TokenService],
    home: Home,
    tmp_path: Path,
) -> None:
    service = make_token_service(registry, password=PASSWORD)
    home.log_in(registry.server.netloc, "user", PASSWORD)
    before = set(tmp_path.rglob("*"))
    client = RegistryClient(RegistrySettings(**SETTINGS))
    request = ResolutionRequest(registry.reference())
    DistributionResolver(client).resolve_all([request], deadline=1e12)
    authenticator = vars(client)["_authenticator"]
    tokens = vars(vars(authenticator)["_tokens"])["_tokens"]
    shown = repr([vars(client), vars(vars(authenticator)["_keychain"]), vars(tokens)])
    assert service.issued
    assert_nothing_secret(shown, *service.issued)
    assert set(tmp_path.rglob("*")) == before
