"""The keychain: files and programs of credentials, and their errors."""

from __future__ import annotations

import json
import os
import shutil
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from pinned_images.errors import AccessDenied, RegistryUnavailable
from pinned_images.registry.auth import ConfiguredKeychain, Credentials
from pinned_images.registry.auth.helper_program import HelperProgram
from pinned_images.resolution import ResolutionRequest
from tests.registry.images import make_image
from tests.registry.scripted import ScriptedRegistry, TokenService
from tests.registry.user import (
    Ask,
    Home,
    Programs,
    ask_registry,
    encode_pair,
    require_resolution,
    resolve_together,
)

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


HOLDING = {"auth": encode_pair("alice", "wonder:land")}


@pytest.mark.parametrize(
    ("registry", "auths"),
    [
        ("ghcr.io", {"ghcr.io": HOLDING, "https://ghcr.io": entry("other")}),
        ("ghcr.io", {"https://ghcr.io": entry("other"), "ghcr.io": HOLDING}),
        ("ghcr.io", {"ghcr.io": {}, "https://ghcr.io": HOLDING}),
        ("ghcr.io", {"https://ghcr.io": HOLDING, "ghcr.io": {}}),
        ("ghcr.io", {"ghcr.io": None, "https://ghcr.io/v2/": HOLDING}),
        ("ghcr.io", {"https://ghcr.io/v1/": {"auth": ""}, "GHCR.io": HOLDING, "ghcr.io": {}}),
        ("docker.io", {HUB_KEY: HOLDING, "docker.io": entry("other")}),
        ("docker.io", {"index.docker.io": entry("other"), HUB_KEY: HOLDING}),
        ("docker.io", {HUB_KEY: {}, "registry-1.docker.io": {}, "docker.io": HOLDING}),
        ("docker.io", {HUB_KEY: None, "https://docker.io": HOLDING}),
    ],
)
def test_of_several_spellings_the_exact_one_goes_first_then_the_one_that_holds_something(
    home: Home, registry: str, auths: Mapping[str, Any]
) -> None:
    home.docker_config({"auths": auths})
    assert look_up(registry) == ALICE


@pytest.mark.parametrize(
    "content",
    [
        "null",
        '{"auths": null, "credHelpers": null, "credsStore": null}',
        '{"auths": {"ghcr.io": null}}',
        '{"auths": {"ghcr.io": {"auth": null, "identitytoken": null}}}',
        '{"credHelpers": {"ghcr.io": ""}}',
        '{"credHelpers": {"ghcr.io": null}, "credsStore": ""}',
    ],
)
def test_null_and_nothing_mean_that_nothing_is_kept(home: Home, content: str) -> None:
    home.docker_config(content)
    assert look_up("ghcr.io") is None


def test_names_of_fields_are_read_in_any_case_as_docker_reads_them(home: Home) -> None:
    secret = {"Username": "alice", "PASSWORD": "wonder:land"}
    home.docker_config({"Auths": {"ghcr.io": secret}})
    assert look_up("ghcr.io") == ALICE


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
            '{"credsStore": false}',
            "[" * 100_000,
            '{"auths": {"ghcr.io": ' + "9" * 5000 + "}}",
        ],
        ids=[
            "half",
            "list",
            "auths",
            "entry",
            "path",
            "number",
            "store",
            "false",
            "deep",
            "digits",
        ],
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
        with pytest.raises(AccessDenied) as caught:
            look_up("ghcr.io")
        assert str(path) in caught.value.cause
        assert auth not in caught.value.cause

    @pytest.mark.parametrize(
        "kept",
        [
            {"registrytoken": "hush\r\nX-Injected: 1"},
            {"registrytoken": "hush hush"},
            {"username": "alice", "password": "hush\ud800"},
            {"identitytoken": "hush\udfff"},
        ],
        ids=["line feed", "blank", "half a surrogate pair", "half a pair in a token"],
    )
    def test_a_secret_that_cannot_be_sent_is_named_and_not_shown(
        self, home: Home, kept: Mapping[str, str]
    ) -> None:
        path = home.docker_config({"auths": {"ghcr.io": kept}})
        with pytest.raises(AccessDenied) as caught:
            look_up("ghcr.io")
        assert str(path) in caught.value.cause
        assert "docker login ghcr.io" in str(caught.value)
        assert "hush" not in str(caught.value)

    def test_a_token_may_end_with_a_line_feed(self, home: Home) -> None:
        home.docker_config({"auths": {"ghcr.io": {"registrytoken": "hush\n"}}})
        assert look_up("ghcr.io") == Credentials(registry_token="hush")

    def test_what_is_quoted_of_a_file_is_bounded(self, home: Home) -> None:
        home.docker_config({"auths": {"x" * 100_000: 7}})
        with pytest.raises(AccessDenied) as caught:
            look_up("ghcr.io")
        assert len(str(caught.value)) < 500

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
        with pytest.raises(AccessDenied, match="UTF-8"):
            look_up("ghcr.io")

    def test_a_named_file_that_is_missing_is_named(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("REGISTRY_AUTH_FILE", str(tmp_path / "gone.json"))
        with pytest.raises(AccessDenied, match=r"gone\.json.*does not exist"):
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

    def test_what_it_prints_is_read_in_any_case(self, home: Home, programs: Programs) -> None:
        printed = json.dumps({"username": "alice", "secret": "wonder:land"})
        programs.add("docker-credential-vault", f"echo '{printed}'")
        home.docker_config({"credsStore": "vault"})
        assert look_up("ghcr.io") == ALICE

    @pytest.mark.parametrize(
        ("registry", "config", "names"),
        [
            ("ghcr.io", {"auths": {"https://ghcr.io": {}}}, ["ghcr.io", "https://ghcr.io"]),
            ("docker.io", {"auths": {"docker.io": {}, "x.io": {}}}, [HUB_KEY, "docker.io"]),
            ("ghcr.io", {"auths": {"ghcr.io": {}}}, ["ghcr.io"]),
        ],
    )
    def test_it_is_asked_under_the_older_spellings_that_the_file_lists(
        self,
        home: Home,
        programs: Programs,
        registry: str,
        config: Mapping[str, Any],
        names: list[str],
    ) -> None:
        """A store is asked by exact name, and what it keeps is listed without a secret."""
        asked = programs.path / "asked"
        last = f'test "$server" = {names[-1]} && {answer("alice", "wonder:land")}'
        nothing = "echo credentials not found in native keychain; exit 1"
        programs.add(
            "docker-credential-vault",
            f"server=$(cat); echo $server >> {asked}; ({last}) || ({nothing})",
        )
        home.docker_config({"credsStore": "vault", **config})
        assert look_up(registry) == ALICE
        assert asked.read_text().split() == names

    @pytest.mark.parametrize("value", ["", None])
    def test_a_host_with_an_empty_helper_is_not_in_the_store(
        self, home: Home, programs: Programs, value: str | None
    ) -> None:
        runs = programs.path / "runs"
        programs.add("docker-credential-vault", f"echo run >> {runs}; exit 1")
        home.docker_config(
            {
                "credsStore": "vault",
                "credHelpers": {"ghcr.io": value},
                "auths": {"ghcr.io": HOLDING},
            }
        )
        assert look_up("ghcr.io") == ALICE
        assert not runs.exists()

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
            "echo 'No stored credential for ghcr.io'; exit 1",
            "echo 'The specified item could not be found in the keychain.'; exit 1",
            "echo 'Element not found.'; exit 1",
            "echo 'Error: docker-credential-helpers/Z2g= is not in the password store.'; exit 1",
            "echo 'pass not initialized: exit status 1: Error: password store is empty.'; exit 1",
            "echo 'pass store is uninitialized'; exit 1",
            "echo 'Cannot autolaunch D-Bus without X11 $DISPLAY'; exit 1",
            "echo 'error calling StartServiceByName for org.freedesktop.secrets: Timeout' ; exit 1",
            "echo 'Error spawning command line dbus-launch --autolaunch=0'; exit 1",
            "echo 'Could not connect: No such file or directory'; exit 1",
            answer("", ""),
            "echo '{}'",
            """echo '{"serverurl": "x", "username": "", "secret": ""}'""",
            """echo '{"Username": null, "Secret": null}'""",
        ],
        ids=[
            "on stdout",
            "on stderr",
            "osxkeychain",
            "old osxkeychain",
            "wincred",
            "pass",
            "pass was never set up",
            "pass was never set up, older",
            "no session",
            "no keyring in the session",
            "no program for sessions",
            "the session is gone",
            "empty",
            "no fields",
            "empty in lower case",
            "null",
        ],
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
            ('echo \'{"Username": 7, "Secret": "hunter2"}\'', "did not print a user name"),
            ('echo \'{"Username": "a", "Secret": "hunter2\\\\ud800"}\'', "did not print a user"),
            ("exit 0", "did not print a user name and a secret"),
            (None, "is not on PATH"),
        ],
        ids=["fails", "garbage", "half", "number", "half a pair", "nothing", "missing"],
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
        with pytest.raises(AccessDenied) as caught:
            look_up(registry.server.netloc)
        cause = caught.value.cause
        assert f"docker-credential-vault, which the file {path} names, {words}" in cause
        assert "hunter2" not in str(caught.value)

    def test_a_helper_that_cannot_be_started_is_named(self, home: Home, programs: Programs) -> None:
        program = programs.add("docker-credential-vault", "")
        program.write_text("#!/no/such/shell\n")
        home.docker_config({"credsStore": "vault"})
        with pytest.raises(AccessDenied, match="cannot be started"):
            look_up("ghcr.io")

    @pytest.mark.parametrize(
        ("config", "setting"),
        [
            ({"credsStore": "desktop"}, "'credsStore'"),
            ({"credHelpers": {"ghcr.io": "desktop"}}, "'credHelpers' for 'ghcr.io'"),
        ],
    )
    @pytest.mark.usefixtures("programs")
    def test_of_an_absent_helper_the_file_and_both_ways_out_are_named(
        self, home: Home, config: Mapping[str, Any], setting: str
    ) -> None:
        path = home.docker_config(config)
        with pytest.raises(AccessDenied) as caught:
            look_up("ghcr.io")
        assert f"which the file {path} names, is not on PATH" in caught.value.cause
        assert caught.value.remedy == (
            f"install it, or take {setting} out of the file {path} and, for a private image, log "
            "in again (docker login ghcr.io)"
        )

    def test_helpers_of_several_hosts_run_side_by_side(
        self, home: Home, programs: Programs
    ) -> None:
        """Each waits until the other runs, so that one after the other would never end."""
        for name, other in (("left", "right"), ("right", "left")):
            meet = f"touch {name}; until [ -e {other} ]; do sleep 0.01; done"
            said = answer(name, "wonder:land")
            programs.add(f"docker-credential-{name}", f"cd {programs.path}; {meet}; {said}")
        home.docker_config({"credHelpers": {"a.example": "left", "b.example": "right"}})
        keychain = ConfiguredKeychain.read(os.environ)
        with ThreadPoolExecutor(2) as pool:
            found = pool.map(keychain.credentials_for, ["a.example", "b.example"], ["x", "x"])
            assert [each.username for each in found if each] == ["left", "right"]

    def test_one_store_serves_several_hosts_side_by_side(
        self, home: Home, programs: Programs
    ) -> None:
        meet = (
            "touch run-$(cat); until [ -e run-a.example -a -e run-b.example ]; do sleep 0.01; done"
        )
        programs.add(
            "docker-credential-vault", f"cd {programs.path}; {meet}; {answer('alice', 'x')}"
        )
        home.docker_config({"credsStore": "vault"})
        keychain = ConfiguredKeychain.read(os.environ)
        with ThreadPoolExecutor(2) as pool:
            found = pool.map(keychain.credentials_for, ["a.example", "b.example"], ["x", "x"])
            assert all(found)

    def test_one_host_asks_a_helper_once_for_all_who_wait(
        self, home: Home, programs: Programs
    ) -> None:
        runs = programs.path / "runs"
        programs.add(
            "docker-credential-vault", f"echo run >> {runs}; sleep 0.2; {answer('alice', 'x')}"
        )
        home.docker_config({"credsStore": "vault"})
        keychain = ConfiguredKeychain.read(os.environ)
        repositories = [f"team/app-{number}" for number in range(8)]
        with ThreadPoolExecutor(8) as pool:
            found = pool.map(keychain.credentials_for, ["ghcr.io"] * 8, repositories)
            assert all(found)
        assert runs.read_text() == "run\n"

    def test_a_helper_that_hangs_keeps_no_other_registry_from_an_answer(
        self,
        make_registry: Callable[..., ScriptedRegistry],
        home: Home,
        programs: Programs,
    ) -> None:
        hung, healthy = make_registry(), make_registry()
        for registry in (hung, healthy):
            registry.require_basic("alice", "wonder:land")
            for number in range(3):
                registry.add(f"team/app-{number}", "v1", make_image())
        programs.add("docker-credential-stuck", "exec sleep 60")
        programs.add("docker-credential-vault", answer("alice", "wonder:land"))
        path = home.docker_config(
            {"credHelpers": {hung.server.netloc: "stuck", healthy.server.netloc: "vault"}}
        )
        requests = [
            ResolutionRequest(registry.reference(f"team/app-{number}"))
            for registry in (hung, healthy)
            for number in range(3)
        ]
        outcomes = resolve_together(*requests, deadline=1.5)
        for outcome in outcomes[:3]:
            assert isinstance(outcome, RegistryUnavailable)
            assert f"docker-credential-stuck, which the file {path} names" in str(outcome)
            assert "gave no answer in the time that all images have" in str(outcome)
        for outcome in outcomes[3:]:
            require_resolution(outcome)

    def test_with_more_time_a_helper_that_was_too_slow_is_asked_again(
        self, home: Home, programs: Programs
    ) -> None:
        programs.add("docker-credential-vault", f"sleep 0.3; {answer('alice', 'wonder:land')}")
        home.docker_config({"credsStore": "vault"})
        keychain = ConfiguredKeychain.read(os.environ)
        with pytest.raises(RegistryUnavailable, match="in the time that all images have"):
            keychain.credentials_for("ghcr.io", "x", time.monotonic() + 0.1)
        assert keychain.credentials_for("ghcr.io", "x", time.monotonic() + 30) == ALICE

    def test_a_helper_that_hangs_is_given_up(self, programs: Programs) -> None:
        programs.add("docker-credential-vault", "exec sleep 60")
        helper = HelperProgram("docker-credential-vault", "the test", timeout=0.2)
        with pytest.raises(AccessDenied, match=r"did not answer within 0\.2 s"):
            helper.get("ghcr.io")

    def test_it_runs_once_for_all_repositories_of_a_host(
        self, home: Home, programs: Programs
    ) -> None:
        runs = programs.path / "runs"
        programs.add("docker-credential-vault", f"echo run >> {runs}; exit 1")
        home.docker_config({"credsStore": "vault"})
        keychain = ConfiguredKeychain.read(os.environ)
        for repository in ("a", "b", "c"):
            with pytest.raises(AccessDenied, match="exit code 1"):
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


@pytest.mark.skipif(
    PASS is None and "CI" not in os.environ,
    reason="docker-credential-pass (Debian: golang-docker-credential-helpers) is not installed",
)
@pytest.mark.parametrize("name", ["pass", "secretservice"])
def test_a_real_program_whose_keychain_is_not_set_up_does_not_fail_a_public_image(
    protected: ScriptedRegistry,
    home: Home,
    programs: Programs,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
) -> None:
    """Such as in a container, or over SSH: no session, no password store."""
    for variable in ("DBUS_SESSION_BUS_ADDRESS", "DISPLAY"):
        monkeypatch.delenv(variable, raising=False)
    (programs.path / f"docker-credential-{name}").symlink_to(f"/usr/bin/docker-credential-{name}")
    home.docker_config({"credsStore": name})
    require_resolution(ask_registry(protected.reference()))


def test_a_program_that_is_not_signed_in_does_not_fail_a_public_image(
    protected: ScriptedRegistry, home: Home, programs: Programs
) -> None:
    # As the helper of Google Cloud SDK says it.
    said = "You do not currently have an active account selected."
    programs.add("docker-credential-gcloud", f"echo '{said}' >&2; exit 1")
    home.docker_config({"credHelpers": {protected.server.netloc: "gcloud"}})
    require_resolution(ask_registry(protected.reference()))


def test_of_a_private_image_it_is_told_that_the_keychain_could_not_be_reached(
    registry: ScriptedRegistry, home: Home, programs: Programs
) -> None:
    registry.require_basic("alice", "wonder:land")
    programs.add("docker-credential-pass", "echo 'pass not initialized'; exit 1")
    path = home.docker_config({"credsStore": "pass"})
    error = ask_registry(registry.reference())
    assert isinstance(error, AccessDenied)
    assert "it wants credentials, and none are kept for it (401)" in str(error)
    assert (
        f"The credential helper docker-credential-pass, which the file {path} names, cannot reach "
        "its keychain"
    ) in str(error)


@pytest.fixture
def protected(
    registry: ScriptedRegistry, make_token_service: Callable[..., TokenService]
) -> ScriptedRegistry:
    """A registry of public images that wants a token of everybody, as Docker Hub does."""
    make_token_service(registry)
    return registry


def test_secrets_are_left_out_of_every_repr(home: Home) -> None:
    home.docker_config({"auths": {"ghcr.io": {**entry("alice"), "identitytoken": "refresh"}}})
    found = look_up("ghcr.io")
    assert found is not None
    assert found.password == "hush-hush"
    keychain = ConfiguredKeychain.read(os.environ)
    shown = f"{found!r} {found} {keychain!r} {vars(keychain)!r}"
    assert not any(word in shown for word in ("hush-hush", "refresh", entry("alice")["auth"]))
