"""Digests from the lock file, and missing ones from the inner resolver."""

from __future__ import annotations

import json
import socket
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from pinned_images.errors import (
    ConfigurationError,
    ImageNotFound,
    LockFileError,
    NotLocked,
    PlatformMismatch,
    RegistryUnavailable,
    UntrustedAnswer,
)
from pinned_images.lockfile import LockedResolver, LockFile, UpdateMode, parse_mode
from pinned_images.reference import Digest, ImageReference, Platform
from pinned_images.resolution import Outcome, Resolution, ResolutionRequest, Resolver

Table = Callable[..., Resolver]

AMD64 = Platform("linux", "amd64")
ARM64 = Platform("linux", "arm64")
OLD = Digest.of(b"old")
NEW = Digest.of(b"new")


def request(
    text: str, platform: Platform | None = None, *, select: bool = False
) -> ResolutionRequest:
    return ResolutionRequest(ImageReference.parse(text), platform, select=select)


def no_one() -> Resolver:
    raise AssertionError("nobody is to be asked")


def digest_of(outcome: Outcome) -> Digest:
    assert isinstance(outcome, Resolution), outcome
    return outcome.digest


def lock(path: Path, text: str, resolution: Resolution, platform: Platform | None = None) -> None:
    """Put one image into a lock file, as a synth does."""

    class One:
        def resolve(
            self, requests: Sequence[ResolutionRequest]
        ) -> dict[ResolutionRequest, Outcome]:
            return dict.fromkeys(requests, resolution)

    LockedResolver(One, path, "always").resolve([request(text, platform)])


def images(path: Path) -> dict[str, dict[str, object]]:
    return dict(json.loads(path.read_text())["images"])


def test_what_is_missing_is_resolved_and_added(lock_path: Path, table: Table) -> None:
    outcomes = LockedResolver(table({"nginx:1.25": "old"}), lock_path).resolve(
        [request("nginx:1.25")]
    )
    assert outcomes == {request("nginx:1.25"): Resolution(OLD)}
    assert images(lock_path) == {"docker.io/library/nginx:1.25": {"digest": OLD}}


@pytest.mark.parametrize("mode", ["missing", "never"])
def test_what_is_known_comes_from_the_file_and_nobody_else_is_made(
    lock_path: Path, mode: UpdateMode
) -> None:
    lock(lock_path, "nginx:1.25", Resolution(OLD, "application/json"))
    known = LockedResolver(no_one, lock_path, mode).resolve([request("nginx:1.25")])
    answer = Resolution(OLD, "application/json", (), "lock-file", "pinned-images.lock.json")
    assert known == {request("nginx:1.25"): answer}


@pytest.mark.parametrize(
    "spelling", ["nginx", "docker.io/nginx:latest", "index.docker.io/library/nginx"]
)
def test_other_spellings_of_an_image_use_the_same_entry(lock_path: Path, spelling: str) -> None:
    lock(lock_path, "nginx:latest", Resolution(OLD))
    outcomes = LockedResolver(no_one, lock_path).resolve([request(spelling)])
    assert digest_of(outcomes[request(spelling)]) == OLD


@pytest.mark.parametrize(
    "other", ["nginx:1.26", "ghcr.io/library/nginx:1.25", "team/nginx:1.25", "nginx"]
)
def test_an_image_that_shares_only_a_part_of_the_reference_is_another(
    lock_path: Path, table: Table, other: str
) -> None:
    lock(lock_path, "nginx:1.25", Resolution(OLD))
    outcomes = LockedResolver(table({other: "new"}), lock_path).resolve([request(other)])
    assert digest_of(outcomes[request(other)]) == NEW


def test_a_selected_platform_has_an_entry_of_its_own(lock_path: Path, table: Table) -> None:
    inner = table(
        {"nginx:1.25": "index", "nginx:1.25 linux/arm64": "arm", "nginx:1.25 linux/amd64": "amd"}
    )
    asked = [
        request("nginx:1.25"),
        request("nginx:1.25", ARM64, select=True),
        request("nginx:1.25", AMD64, select=True),
    ]
    first = LockedResolver(inner, lock_path).resolve(asked)
    again = LockedResolver(no_one, lock_path, "never").resolve(asked)
    expected = [Digest.of(b"index"), Digest.of(b"arm"), Digest.of(b"amd")]
    assert [digest_of(first[one]) for one in asked] == expected
    assert [digest_of(again[one]) for one in asked] == expected
    assert list(images(lock_path)) == [
        "docker.io/library/nginx:1.25",
        "docker.io/library/nginx:1.25 linux/amd64",
        "docker.io/library/nginx:1.25 linux/arm64",
    ]


def test_only_what_is_missing_is_asked_for_and_each_once(lock_path: Path, table: Table) -> None:
    lock(lock_path, "nginx:1.25", Resolution(OLD))
    inner = table({"redis:7": "new"})
    asked = [request("redis:7"), request("nginx:1.25"), request("redis:7")]
    LockedResolver(inner, lock_path).resolve(asked)
    assert inner.asked == ["redis:7"]  # type: ignore[attr-defined]


def test_always_refreshes_what_is_asked_for_and_keeps_the_rest(
    lock_path: Path, table: Table
) -> None:
    lock(lock_path, "nginx:1.25", Resolution(OLD))
    lock(lock_path, "redis:7", Resolution(OLD))
    outcomes = LockedResolver(table({"nginx:1.25": "new"}), lock_path, "always").resolve(
        [request("nginx:1.25")]
    )
    assert outcomes == {request("nginx:1.25"): Resolution(NEW)}
    assert images(lock_path) == {
        "docker.io/library/nginx:1.25": {"digest": NEW},
        "docker.io/library/redis:7": {"digest": OLD},
    }


def test_a_refresh_that_fails_is_an_error_and_the_old_digest_stays_in_the_file(
    lock_path: Path, table: Table
) -> None:
    lock(lock_path, "nginx:1.25", Resolution(OLD))
    outcomes = LockedResolver(table(), lock_path, "always").resolve([request("nginx:1.25")])
    assert isinstance(outcomes[request("nginx:1.25")], ImageNotFound)
    assert images(lock_path)["docker.io/library/nginx:1.25"] == {"digest": OLD}


def test_an_error_beside_an_answer_keeps_neither_from_its_place(
    lock_path: Path, table: Table
) -> None:
    outcomes = LockedResolver(table({"nginx:1.25": "old"}), lock_path).resolve(
        [request("nginx:1.25"), request("absent:1")]
    )
    assert isinstance(outcomes[request("absent:1")], ImageNotFound)
    assert list(images(lock_path)) == ["docker.io/library/nginx:1.25"]


@pytest.mark.parametrize("file", ["there", "absent"])
def test_never_names_the_image_and_the_command_and_opens_no_socket(
    lock_path: Path, file: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if file == "there":
        lock(lock_path, "redis:7", Resolution(OLD))
    before = lock_path.read_bytes() if lock_path.exists() else None
    monkeypatch.delenv("PINNED_IMAGES_UPDATE", raising=False)
    monkeypatch.setattr(socket, "socket", no_one)
    outcome = LockedResolver(no_one, lock_path, "never").resolve([request("nginx:1.25")])[
        request("nginx:1.25")
    ]
    assert isinstance(outcome, NotLocked)
    assert "nginx:1.25 is not in the lock file" in str(outcome)
    assert "`cdk synth -c pinned-images:update=missing`" in str(outcome)
    assert (lock_path.read_bytes() if lock_path.exists() else None) == before


def test_never_names_the_variable_where_the_environment_is_what_freezes(
    lock_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PINNED_IMAGES_UPDATE", "never")
    asked = request("nginx:1.25")
    outcome = LockedResolver(no_one, lock_path, "never").resolve([asked])[asked]
    assert "run `PINNED_IMAGES_UPDATE=missing cdk synth`" in str(outcome)


def test_never_names_the_platform_that_was_to_be_selected(lock_path: Path) -> None:
    lock(lock_path, "nginx:1.25", Resolution(OLD))
    wanted = request("nginx:1.25", ARM64, select=True)
    resolver = LockedResolver(no_one, lock_path, "never", fix_command="make lock")
    outcome = resolver.resolve([wanted])[wanted]
    assert "nginx:1.25 for linux/arm64 is not in the lock file" in str(outcome)
    assert "`make lock`" in str(outcome)


@pytest.mark.parametrize("mode", ["missing", "never"])
def test_a_platform_that_the_entry_lacks_is_a_mismatch_without_asking(
    lock_path: Path, mode: UpdateMode
) -> None:
    lock(lock_path, "nginx:1.25", Resolution(OLD, platforms=(AMD64,)))
    wanted = request("nginx:1.25", ARM64)
    outcome = LockedResolver(no_one, lock_path, mode).resolve([wanted])[wanted]
    assert isinstance(outcome, PlatformMismatch)
    assert "does not run on linux/arm64" in str(outcome)
    assert "lists linux/amd64" in str(outcome)


@pytest.mark.parametrize(
    ("has", "wanted"),
    [
        pytest.param(AMD64, AMD64, id="the-same"),
        pytest.param(Platform.of("linux", "arm64", "v8"), ARM64, id="usual-variant"),
        pytest.param(Platform("linux", "arm", "v6"), Platform("linux", "arm"), id="older-variant"),
        pytest.param(
            Platform("windows", "amd64", "", "10.0.17763.5329"),
            Platform("windows", "amd64", "", "10.0.17763"),
            id="build-of-windows",
        ),
    ],
)
def test_a_platform_that_the_entry_has_is_answered_from_the_file(
    lock_path: Path, has: Platform, wanted: Platform
) -> None:
    lock(lock_path, "nginx:1.25", Resolution(OLD, platforms=(has,)))
    verified = request("nginx:1.25", wanted)
    assert (
        digest_of(LockedResolver(no_one, lock_path, "never").resolve([verified])[verified]) == OLD
    )


@pytest.mark.parametrize(
    ("has", "wanted"),
    [
        pytest.param(Platform("linux", "arm", "v7x"), Platform("linux", "arm"), id="variant"),
        pytest.param(Platform("windows", "amd64"), AMD64, id="system"),
        pytest.param(
            Platform("windows", "amd64", "", "10.0.177631"),
            Platform("windows", "amd64", "", "10.0.17763"),
            id="build-of-windows",
        ),
    ],
)
def test_a_platform_that_only_resembles_one_of_the_entry_is_a_mismatch(
    lock_path: Path, has: Platform, wanted: Platform
) -> None:
    lock(lock_path, "nginx:1.25", Resolution(OLD, platforms=(has,)))
    verified = request("nginx:1.25", wanted)
    outcome = LockedResolver(no_one, lock_path).resolve([verified])[verified]
    assert isinstance(outcome, PlatformMismatch)


def test_platforms_that_nobody_asked_for_yet_are_learned_by_the_locked_digest(
    lock_path: Path, table: Table
) -> None:
    lock(lock_path, "nginx:1.25", Resolution(OLD))
    answer = Resolution(OLD, "application/json", (ARM64, AMD64))
    inner = table({"nginx:1.25": "moved since", f"nginx:1.25@{OLD}": answer})
    wanted = request("nginx:1.25", ARM64)
    assert digest_of(LockedResolver(inner, lock_path).resolve([wanted])[wanted]) == OLD
    assert images(lock_path)["docker.io/library/nginx:1.25"] == {
        "digest": OLD,
        "mediaType": "application/json",
        "platforms": ["linux/amd64", "linux/arm64"],
    }
    assert digest_of(LockedResolver(no_one, lock_path, "never").resolve([wanted])[wanted]) == OLD


def test_an_answer_with_another_digest_than_the_locked_one_is_not_believed(
    lock_path: Path, table: Table
) -> None:
    lock(lock_path, "nginx:1.25", Resolution(OLD))
    inner = table({f"nginx:1.25@{OLD}": Resolution(NEW, platforms=(ARM64,))})
    wanted = request("nginx:1.25", ARM64)
    outcome = LockedResolver(inner, lock_path).resolve([wanted])[wanted]
    assert isinstance(outcome, UntrustedAnswer)
    assert images(lock_path) == {"docker.io/library/nginx:1.25": {"digest": OLD}}


def test_never_refuses_a_platform_that_the_file_knows_nothing_of(lock_path: Path) -> None:
    lock(lock_path, "nginx:1.25", Resolution(OLD))
    wanted = request("nginx:1.25", ARM64)
    outcome = LockedResolver(no_one, lock_path, "never").resolve([wanted])[wanted]
    assert isinstance(outcome, NotLocked)
    assert "does not say on which platforms nginx:1.25 runs" in str(outcome)


def test_an_image_that_does_not_say_its_platforms_is_taken_as_the_registry_took_it(
    lock_path: Path,
) -> None:
    wanted = request("nginx:1.25", ARM64)
    lock(lock_path, "nginx:1.25", Resolution(OLD), ARM64)
    assert images(lock_path)["docker.io/library/nginx:1.25"] == {"digest": OLD, "platforms": []}
    assert digest_of(LockedResolver(no_one, lock_path, "never").resolve([wanted])[wanted]) == OLD


def test_platforms_that_no_workload_can_name_are_left_out_of_the_file(lock_path: Path) -> None:
    odd = (Platform("", ""), Platform("linux", "a b"), Platform("linux", "amd64", "", "(1)"))
    lock(lock_path, "nginx:1.25", Resolution(OLD, platforms=(*odd, Platform("Linux", "x86_64"))))
    assert images(lock_path)["docker.io/library/nginx:1.25"]["platforms"] == ["linux/amd64"]
    assert LockFile.read(lock_path).entries


def test_a_tag_that_moves_during_one_synth_is_pinned_to_neither_digest(
    lock_path: Path,
) -> None:
    class Moving:
        def resolve(
            self, requests: Sequence[ResolutionRequest]
        ) -> dict[ResolutionRequest, Outcome]:
            return {
                one: Resolution(digest) for one, digest in zip(requests, (OLD, NEW), strict=True)
            }

    asked = [request("nginx:1.25", AMD64), request("nginx:1.25", ARM64)]
    outcomes = LockedResolver(Moving, lock_path).resolve(asked)
    assert [type(outcomes[one]) for one in asked] == [UntrustedAnswer, UntrustedAnswer]
    assert not lock_path.exists()


def test_of_two_synths_at_once_the_second_takes_the_digest_of_the_first(lock_path: Path) -> None:
    class Slow:
        def resolve(
            self, requests: Sequence[ResolutionRequest]
        ) -> dict[ResolutionRequest, Outcome]:
            lock(lock_path, "nginx:1.25", Resolution(OLD))
            return dict.fromkeys(requests, Resolution(NEW))

    asked = request("nginx:1.25")
    outcome = LockedResolver(Slow, lock_path).resolve([asked])[asked]
    assert outcome == Resolution(OLD, source="lock-file", origin="pinned-images.lock.json")
    assert images(lock_path) == {"docker.io/library/nginx:1.25": {"digest": OLD}}


def test_a_reference_with_a_digest_is_locked_with_its_platforms(
    lock_path: Path, table: Table
) -> None:
    pinned = f"nginx:1.25@{OLD}"
    wanted = request(pinned, ARM64)
    inner = table({pinned: Resolution(OLD, platforms=(ARM64,))})
    LockedResolver(inner, lock_path).resolve([wanted])
    assert digest_of(LockedResolver(no_one, lock_path, "never").resolve([wanted])[wanted]) == OLD


def test_errors_of_the_registry_pass_through(lock_path: Path, table: Table) -> None:
    down = RegistryUnavailable("The registry does not answer.")
    asked = request("nginx:1.25")
    assert LockedResolver(table({"nginx:1.25": down}), lock_path).resolve([asked])[asked] is down


@pytest.mark.parametrize("mode", ["missing", "always", "never"])
def test_a_broken_file_stops_the_synth_in_every_mode(lock_path: Path, mode: UpdateMode) -> None:
    lock_path.write_text("{")
    with pytest.raises(LockFileError, match="line 1"):
        LockedResolver(no_one, lock_path, mode).resolve([request("nginx:1.25")])


@pytest.mark.parametrize("mode", ["missing", "always", "never"])
def test_modes_are_read_from_words(mode: str) -> None:
    assert parse_mode(mode) == mode


@pytest.mark.parametrize("text", ["", "Never", "none", "true"])
def test_a_word_that_is_no_mode_is_refused_with_the_three_that_are(text: str) -> None:
    with pytest.raises(ConfigurationError, match="write missing, always or never"):
        parse_mode(text)
