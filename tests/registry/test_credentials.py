"""Where people keep their credentials, and what can be wrong with it."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from pinned_images.errors import AccessDenied
from pinned_images.registry.credentials import ConfiguredKeychain, Credentials
from pinned_images.registry.credentials.helper_program import HelperProgram
from pinned_images.registry.failures import Failure
from tests.registry.scripted import ScriptedRegistry
from tests.registry.user import Ask, Home, Programs, encode_pair, require_resolution

ALICE = Credentials("alice", "wonder:land")
HUB_KEY = "https://index.docker.io/v1/"


def entry(name: str) -> dict[str, str]:
    return {"auth": encode_pair(name, "hush-hush")}


def look_up(registry: str, repository: str = "team/app") -> Credentials | None:
    return ConfiguredKeychain.read(os.environ).credentials_for(registry, repository)


@pytest.mark.parametrize(
    "content",
    [
        {"auth": encode_pair("alice", "wonder:land")},
        {"auth": encode_pair("alice", "wonder:land\0\0")},
        {"username": "alice", "password": "wonder:land"},
    ],
    ids=["auth", "padded auth", "plain"],
)
def test_an_entry_of_docker_is_read(home: Home, content: Mapping[str, str]) -> None:
    home.docker_config({"auths": {"ghcr.io": content}})
    assert look_up("ghcr.io") == ALICE


@pytest.mark.parametrize(
    "key",
    [
        "registry.example:5000",
        "https://registry.example:5000",
        "http://registry.example:5000/",
        "https://registry.example:5000/v1/",
        "https://registry.example:5000/v2",
        "Registry.Example:5000",
    ],
)
def test_a_host_is_found_however_docker_wrote_it(home: Home, key: str) -> None:
    home.docker_config({"auths": {key: entry("alice")}})
    assert look_up("registry.example:5000") is not None
    assert look_up("registry.example") is None


@pytest.mark.parametrize("key", [HUB_KEY, "docker.io", "index.docker.io", "registry-1.docker.io"])
@pytest.mark.parametrize("host", ["docker.io", "registry-1.docker.io"])
def test_docker_hub_is_found_under_all_its_names(home: Home, key: str, host: str) -> None:
    home.docker_config({"auths": {key: entry("alice")}})
    assert look_up(host, "library/nginx") is not None


def test_a_key_for_a_repository_goes_before_a_key_for_its_host(home: Home) -> None:
    keys = ["quay.io", "quay.io/team", "quay.io/team/app", "quay.io/te"]
    home.podman_config({"auths": {key: entry(key) for key in keys}})
    names = {
        repository: (look_up("quay.io", repository) or Credentials()).username
        for repository in ("team/app", "team/other", "teams/app", "team/app/sub")
    }
    assert names == {
        "team/app": "quay.io/team/app",
        "team/other": "quay.io/team",
        "teams/app": "quay.io",
        "team/app/sub": "quay.io/team/app",
    }


@pytest.mark.parametrize("content", [{}, {"auths": {}}, {"auths": {"ghcr.io": {}}}, ""])
def test_where_nothing_is_kept_one_is_nobody(home: Home, content: Any) -> None:
    home.docker_config(content)
    assert look_up("ghcr.io") is None


def test_without_any_file_one_is_nobody() -> None:
    assert look_up("ghcr.io") is None


class TestPlaces:
    """The files that may hold credentials."""

    def test_docker_goes_before_podman(self, home: Home) -> None:
        home.docker_config({"auths": {"ghcr.io": entry("docker")}})
        home.podman_config({"auths": {"ghcr.io": entry("podman"), "quay.io": entry("podman")}})
        assert (look_up("ghcr.io") or Credentials()).username == "docker"
        assert (look_up("quay.io") or Credentials()).username == "podman"

    @pytest.mark.parametrize(
        ("variable", "name"),
        [
            ("DOCKER_CONFIG", "config.json"),
            ("XDG_RUNTIME_DIR", "containers/auth.json"),
            ("XDG_CONFIG_HOME", "containers/auth.json"),
        ],
    )
    def test_a_variable_names_the_folder(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, variable: str, name: str
    ) -> None:
        path = tmp_path / "elsewhere" / name
        path.parent.mkdir(parents=True)
        path.write_text(json.dumps({"auths": {"ghcr.io": entry("alice")}}))
        monkeypatch.setenv(variable, str(tmp_path / "elsewhere"))
        assert look_up("ghcr.io") is not None

    def test_a_variable_names_the_file_of_podman(
        self, home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        home.podman_config({"auths": {"ghcr.io": entry("wrong")}})
        named = tmp_path / "named.json"
        named.write_text(json.dumps({"auths": {"ghcr.io": entry("alice")}}))
        monkeypatch.setenv("REGISTRY_AUTH_FILE", str(named))
        assert (look_up("ghcr.io") or Credentials()).username == "alice"

    def test_a_variable_may_hold_the_content(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("DOCKER_AUTH_CONFIG", json.dumps({"auths": {"ghcr.io": entry("ci")}}))
        assert (look_up("ghcr.io") or Credentials()).username == "ci"


class TestBrokenFiles:
    """A file that should hold credentials and does not is an error, never an anonymous try."""

    @pytest.mark.parametrize(
        "content",
        [
            "{",
            "[]",
            '{"auths": []}',
            '{"auths": {"ghcr.io": "x"}}',
            '{"credHelpers": {"ghcr.io": "../../bin/sh"}}',
            '{"credHelpers": {"ghcr.io": 7}}',
            '{"credsStore": ["x"]}',
            "[" * 100_000,
        ],
        ids=["half", "list", "auths", "entry", "path", "number", "store", "deep"],
    )
    def test_a_broken_file_is_named(
        self, registry: ScriptedRegistry, home: Home, ask: Ask, content: str
    ) -> None:
        path = home.docker_config(content)
        error = ask(registry.reference())
        assert isinstance(error, AccessDenied)
        assert str(path) in str(error)
        assert registry.server.requests == []

    @pytest.mark.parametrize("auth", ["%%%", "YWxpY2U=", "/w=="], ids=["chars", "colon", "utf-8"])
    def test_a_broken_entry_is_named(self, home: Home, auth: str) -> None:
        path = home.docker_config({"auths": {"ghcr.io": {"auth": auth}}})
        with pytest.raises(Failure) as caught:
            look_up("ghcr.io")
        assert str(path) in caught.value.cause
        assert auth not in caught.value.cause

    def test_an_unreadable_file_is_named(
        self, registry: ScriptedRegistry, home: Home, ask: Ask
    ) -> None:
        (home.path / ".docker" / "config.json").mkdir(parents=True)
        error = ask(registry.reference())
        assert isinstance(error, AccessDenied)
        assert str(home.path / ".docker" / "config.json") in str(error)
        assert registry.server.requests == []

    def test_bytes_that_are_no_text_are_named(self, home: Home) -> None:
        home.docker_config("").write_bytes(b"\xff\xfe\x00")
        with pytest.raises(Failure, match="UTF-8"):
            look_up("ghcr.io")

    def test_a_named_file_that_is_missing_is_named(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("REGISTRY_AUTH_FILE", str(tmp_path / "gone.json"))
        with pytest.raises(Failure, match=r"gone\.json.*does not exist"):
            look_up("ghcr.io")


def answer(username: str, secret: str) -> str:
    return f"echo '{json.dumps({'ServerURL': 'x', 'Username': username, 'Secret': secret})}'"


class TestHelperPrograms:
    """Programs on PATH that keep the credentials, really executed."""

    def test_a_helper_for_a_host_is_asked(self, home: Home, programs: Programs) -> None:
        programs.add("docker-credential-vault", answer("alice", "wonder:land"))
        home.docker_config({"credHelpers": {"ghcr.io": "vault"}})
        assert look_up("ghcr.io") == ALICE
        assert look_up("quay.io") is None

    def test_a_store_is_asked_for_all_hosts(self, home: Home, programs: Programs) -> None:
        programs.add("docker-credential-vault", answer("alice", "wonder:land"))
        home.docker_config({"credsStore": "vault", "auths": {"ghcr.io": {}}})
        assert look_up("ghcr.io") == ALICE
        assert look_up("quay.io") == ALICE

    @pytest.mark.parametrize(
        ("registry", "server"),
        [("docker.io", HUB_KEY), ("ghcr.io", "ghcr.io"), ("localhost:5000", "localhost:5000")],
    )
    def test_it_is_asked_for_the_name_that_docker_uses(
        self, home: Home, programs: Programs, registry: str, server: str
    ) -> None:
        said = programs.path / "said"
        programs.add(
            "docker-credential-vault", f'echo "$1 $(cat)" > {said}; {answer("alice", "x")}'
        )
        home.docker_config({"credsStore": "vault"})
        look_up(registry)
        assert said.read_text() == f"get {server}\n"

    def test_an_identity_token_is_told_from_a_password(
        self, home: Home, programs: Programs
    ) -> None:
        programs.add("docker-credential-vault", answer("<token>", "refresh"))
        home.docker_config({"credsStore": "vault"})
        assert look_up("ghcr.io") == Credentials(identity_token="refresh")

    @pytest.mark.parametrize(
        "script",
        [
            "echo 'credentials not found in native keychain'; exit 1",
            "echo 'credentials not found in native keychain' >&2; exit 1",
            answer("", ""),
        ],
        ids=["on stdout", "on stderr", "empty"],
    )
    def test_where_it_keeps_nothing_the_file_is_read(
        self, home: Home, programs: Programs, script: str
    ) -> None:
        programs.add("docker-credential-vault", script)
        home.docker_config({"credsStore": "vault", "auths": {"ghcr.io": entry("alice")}})
        assert (look_up("ghcr.io") or Credentials()).username == "alice"

    @pytest.mark.parametrize(
        ("script", "words"),
        [
            ("echo 'hunter2 is locked' >&2; exit 3", "failed with exit code 3"),
            ("echo 'hunter2'", "did not print a user name and a secret"),
            ('echo \'{"Username": "hunter2"}\'', "did not print a user name and a secret"),
            ("exit 0", "did not print a user name and a secret"),
            (None, "is not on PATH"),
        ],
        ids=["fails", "garbage", "half an answer", "nothing", "missing"],
    )
    def test_a_helper_that_fails_is_named_with_the_file_that_names_it(
        self,
        registry: ScriptedRegistry,
        home: Home,
        programs: Programs,
        script: str | None,
        words: str,
    ) -> None:
        registry.require_basic("alice", "wonderland")
        if script is not None:
            programs.add("docker-credential-vault", script)
        path = home.docker_config({"credsStore": "vault"})
        with pytest.raises(Failure) as caught:
            look_up(registry.server.netloc)
        cause = caught.value.cause
        assert f"docker-credential-vault, which the file {path} names, {words}" in cause
        assert "hunter2" not in cause + caught.value.remedy

    def test_a_helper_that_cannot_be_started_is_named(self, home: Home, programs: Programs) -> None:
        program = programs.add("docker-credential-vault", "")
        program.write_text("#!/no/such/shell\n")
        home.docker_config({"credsStore": "vault"})
        with pytest.raises(Failure, match="cannot be started"):
            look_up("ghcr.io")

    def test_a_helper_that_hangs_is_given_up(self, programs: Programs) -> None:
        programs.add("docker-credential-vault", "exec sleep 60")
        helper = HelperProgram("docker-credential-vault", "the test", timeout=0.2)
        with pytest.raises(Failure, match=r"did not answer within 0\.2 s"):
            helper.get("ghcr.io")

    def test_it_runs_once_for_all_repositories_of_a_host(
        self, home: Home, programs: Programs
    ) -> None:
        runs = programs.path / "runs"
        programs.add("docker-credential-vault", f"echo run >> {runs}; exit 1")
        home.docker_config({"credsStore": "vault"})
        keychain = ConfiguredKeychain.read(os.environ)
        for repository in ("a", "b", "c"):
            with pytest.raises(Failure, match="exit code 1"):
                keychain.credentials_for("ghcr.io", repository)
        assert runs.read_text() == "run\n"

    def test_it_does_not_run_where_nobody_asks_for_credentials(
        self, registry: ScriptedRegistry, home: Home, programs: Programs, ask: Ask
    ) -> None:
        runs = programs.path / "runs"
        programs.add("docker-credential-vault", f"echo run >> {runs}; exit 1")
        home.docker_config({"credsStore": "vault"})
        require_resolution(ask(registry.reference()))
        assert not runs.exists()

    def test_what_it_says_opens_a_registry(
        self, registry: ScriptedRegistry, home: Home, programs: Programs, ask: Ask
    ) -> None:
        registry.require_basic("alice", "wonder:land")
        programs.add("docker-credential-vault", answer("alice", "wonder:land"))
        home.docker_config({"credHelpers": {registry.server.netloc: "vault"}})
        require_resolution(ask(registry.reference()))


PASS = shutil.which("docker-credential-pass", path="/usr/bin")


@pytest.mark.skipif(
    PASS is None and "CI" not in os.environ,
    reason="docker-credential-pass (Debian: golang-docker-credential-helpers) is not installed",
)
def test_a_real_program_without_credentials_is_understood(home: Home, programs: Programs) -> None:
    """Its store is empty, which it says as all programs of its family do."""
    (programs.path / "docker-credential-pass").symlink_to(PASS or "/missing")
    programs.add("pass", "exit 0")
    (home.path / ".password-store" / "docker-credential-helpers").mkdir(parents=True)
    home.docker_config({"credsStore": "pass", "auths": {"ghcr.io": entry("alice")}})
    assert (look_up("ghcr.io") or Credentials()).username == "alice"


def test_secrets_are_left_out_of_every_repr(home: Home) -> None:
    home.docker_config({"auths": {"ghcr.io": {**entry("alice"), "identitytoken": "refresh"}}})
    found = look_up("ghcr.io")
    assert found is not None
    assert found.password == "hush-hush"
    keychain = ConfiguredKeychain.read(os.environ)
    shown = f"{found!r} {found} {keychain!r} {vars(keychain)!r}"
    assert not any(word in shown for word in ("hush-hush", "refresh", entry("alice")["auth"]))
