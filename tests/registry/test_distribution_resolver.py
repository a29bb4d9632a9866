"""The resolver over OCI Distribution: its requests, and the answers that it trusts."""

from __future__ import annotations

import gzip
import hashlib
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from pinned_images.errors import (
    AccessDenied,
    ImageNotFound,
    PlatformMismatch,
    RegistryUnavailable,
    UntrustedAnswer,
)
from pinned_images.reference import Digest, ImageReference, Platform
from pinned_images.registry.manifest import TYPES
from pinned_images.registry.platforms import best_match
from tests.registry.images import (
    DOCKER_MANIFEST,
    OCI_INDEX,
    OCI_MANIFEST,
    Image,
    encode,
    make_image,
    make_index,
)
from tests.registry.loopback import Received, Reply
from tests.registry.scripted import ScriptedRegistry
from tests.registry.user import Ask, require_resolution

AMD64 = Platform("linux", "amd64")
ARM64 = Platform("linux", "arm64")
OTHER = Digest.of(b"something else")
HEAD_FAULTS = [204, 302, 400, 403, 404, 405, 406, 415, 418, 500, 501]


def test_one_head_request_is_enough(registry: ScriptedRegistry, image: Image, ask: Ask) -> None:
    resolution = require_resolution(ask(registry.reference()))
    assert (resolution.digest, resolution.media_type) == (image.top, OCI_INDEX)
    assert (resolution.source, resolution.origin) == ("registry", registry.server.netloc)
    assert [each.method for each in registry.server.requests] == ["HEAD"]


def test_all_four_types_of_manifests_are_accepted(registry: ScriptedRegistry, ask: Ask) -> None:
    ask(registry.reference(), platform=AMD64)
    accepted = [each.headers["accept"] for each in registry.server.requests]
    assert all(set(header.split(", ")) == TYPES for header in accepted)


def test_an_untagged_reference_means_latest(registry: ScriptedRegistry, ask: Ask) -> None:
    image = registry.add("team/app", "latest", make_image())
    reference = ImageReference.parse(f"{registry.server.netloc}/team/app")
    assert require_resolution(ask(reference)).digest == image.top


def test_a_digest_is_looked_up_as_a_digest(
    registry: ScriptedRegistry, image: Image, ask: Ask
) -> None:
    reference = registry.reference().with_digest(image.top)
    assert require_resolution(ask(reference)).digest == image.top
    assert registry.server.requests[0].path.endswith(f"/{image.top}")


def test_a_digest_that_is_answered_with_another_is_refused(
    registry: ScriptedRegistry, image: Image, ask: Ask
) -> None:
    reference = registry.reference().with_digest(OTHER)
    registry.images["team/app", OTHER] = image
    assert isinstance(ask(reference), UntrustedAnswer)


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"Docker_Content_Digest": None}, id="no digest"),
        pytest.param({"Docker_Content_Digest": "sha256:abc"}, id="a digest that is none"),
        pytest.param(
            {"Docker_Content_Digest": "sha512:" + "0" * 128}, id="a digest of another algorithm"
        ),
        pytest.param({"Content_Type": None}, id="no type"),
        pytest.param({"Content_Type": "text/html"}, id="a type that is no manifest's"),
        pytest.param({"Content_Length": "0"}, id="no length"),
    ],
)
def test_where_the_headers_say_too_little_the_body_is_hashed(
    registry: ScriptedRegistry, image: Image, ask: Ask, changes: dict[str, str | None]
) -> None:
    registry.plan.append(lambda received: registry.honest(received).changed(**changes))
    assert require_resolution(ask(registry.reference())).digest == image.top
    assert [each.method for each in registry.server.requests] == ["HEAD", "GET"]


@pytest.mark.parametrize("status", HEAD_FAULTS)
def test_where_head_is_refused_the_body_is_hashed(
    registry: ScriptedRegistry, image: Image, ask: Ask, status: int
) -> None:
    registry.plan.append(Reply(status))
    assert require_resolution(ask(registry.reference())).digest == image.top


def test_a_body_without_any_header_about_it_is_hashed(
    registry: ScriptedRegistry, image: Image, ask: Ask
) -> None:
    body = image.manifests[image.top][1]
    registry.plan.extend([Reply(405), Reply(200, {}, body)])
    assert require_resolution(ask(registry.reference())).digest == image.top


@pytest.mark.parametrize("before", [[], [Reply(405)]], ids=["HEAD", "GET"])
def test_a_stated_digest_may_be_in_capitals(
    registry: ScriptedRegistry, image: Image, ask: Ask, before: list[Reply]
) -> None:
    registry.plan.extend(before)
    registry.plan.append(
        lambda received: registry.honest(received).changed(
            Docker_Content_Digest=f'"{image.top.upper()}"'
        )
    )
    assert require_resolution(ask(registry.reference())).digest == image.top
    assert len(registry.server.requests) == len(before) + 1


@pytest.mark.parametrize(
    "stated", [str(OTHER), "sha512:" + "0" * 128, "nonsense"], ids=["other", "sha512", "none"]
)
def test_a_body_that_is_not_what_its_header_says_is_refused(
    registry: ScriptedRegistry, ask: Ask, stated: str
) -> None:
    registry.plan.append(Reply(405))
    registry.plan.append(
        lambda received: registry.honest(received).changed(Docker_Content_Digest=stated)
    )
    error = ask(registry.reference())
    assert isinstance(error, UntrustedAnswer)
    assert "Docker-Content-Digest" in str(error)


SCHEMA_1 = "application/vnd.docker.distribution.manifest.v1+prettyjws"


@pytest.mark.parametrize(
    "replies",
    [
        pytest.param(
            [Reply(200, {"Content-Type": SCHEMA_1, "Docker-Content-Digest": OTHER}, b"{}")],
            id="by HEAD",
        ),
        pytest.param([Reply(405), Reply(200, {"Content-Type": SCHEMA_1}, b"{}")], id="by type"),
        pytest.param(
            [Reply(405), Reply(200, {"Content-Type": "text/plain"}, b'{"schemaVersion":1}')],
            id="by content",
        ),
    ],
)
def test_schema_1_is_refused_by_name(
    registry: ScriptedRegistry, ask: Ask, replies: list[Reply]
) -> None:
    registry.plan.extend(replies)
    error = ask(registry.reference())
    assert isinstance(error, UntrustedAnswer)
    assert "schema 1" in str(error)


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        pytest.param("text/html; charset=utf-8", b"<html>Please log in</html>", id="a page"),
        pytest.param(OCI_MANIFEST, b"<html>", id="a page under a manifest's type"),
        pytest.param(OCI_MANIFEST, b"", id="nothing"),
        pytest.param(OCI_MANIFEST, b'{"schemaVersion":2,"config', id="half a manifest"),
        pytest.param(OCI_MANIFEST, b"[" * 100_000, id="deep brackets"),
        pytest.param(OCI_MANIFEST, b"[1]", id="a list"),
        pytest.param(OCI_MANIFEST, b'{"schemaVersion":2}', id="a manifest without content"),
        pytest.param(OCI_MANIFEST, b'{"schemaVersion":3}', id="a later version"),
        pytest.param(OCI_INDEX, b'{"schemaVersion":2,"manifests":[3]}', id="no list of manifests"),
        pytest.param(
            OCI_INDEX,
            encode({"schemaVersion": 2, "mediaType": OCI_MANIFEST, "manifests": []}),
            id="two types at once",
        ),
        pytest.param("", b'{"schemaVersion":2,"mediaType":7}', id="a type that is no text"),
        pytest.param("application/json", b'{"schemaVersion":2}', id="no type anywhere"),
    ],
)
def test_what_is_no_manifest_is_refused(
    registry: ScriptedRegistry, ask: Ask, content_type: str, body: bytes
) -> None:
    registry.plan.extend([Reply(405), Reply(200, {"Content-Type": content_type}, body)])
    assert isinstance(ask(registry.reference()), UntrustedAnswer)


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (404, ImageNotFound),
        (401, AccessDenied),
        (403, AccessDenied),
        (418, RegistryUnavailable),
        (204, RegistryUnavailable),
        (302, RegistryUnavailable),
    ],
)
def test_what_is_an_answer_is_not_asked_again(
    registry: ScriptedRegistry, ask: Ask, status: int, kind: type[Exception]
) -> None:
    registry.protection = lambda _: Reply(status)
    error = ask(registry.reference(), platform=AMD64)
    assert type(error) is kind
    assert str(status) in str(error)
    assert [each.method for each in registry.server.requests] == ["GET"]


@pytest.mark.parametrize(
    "fault",
    [
        *[pytest.param(Reply(status), id=str(status)) for status in HEAD_FAULTS],
        pytest.param(Reply(302, {"Location": "/login"}), id="a page"),
        pytest.param(Reply(raw=b""), id="closed"),
        pytest.param(Reply(reset=True), id="reset"),
        pytest.param(Reply(raw=b"SSH-2.0-OpenSSH\r\n"), id="not HTTP"),
    ],
)
def test_where_head_fails_get_is_asked_once(
    registry: ScriptedRegistry, image: Image, ask: Ask, fault: Reply
) -> None:
    """Seen at moby#50065, watchtower#667 and #669, crossplane#3223."""
    registry.protection = lambda received: (
        fault if received.method == "HEAD" and "login" not in received.path else None
    )
    assert require_resolution(ask(registry.reference())).digest == image.top
    assert registry.server.count("GET", "/manifests/v1") == 1
    assert registry.server.count("HEAD", "/manifests/v1") == 1


def test_where_too_many_requests_came_get_is_not_asked(
    registry: ScriptedRegistry, ask: Ask
) -> None:
    registry.protection = lambda received: Reply(429) if received.method == "HEAD" else None
    assert isinstance(ask(registry.reference()), RegistryUnavailable)
    assert registry.server.count("GET") == 0


def test_an_error_names_image_registry_and_cause(registry: ScriptedRegistry, ask: Ask) -> None:
    reference = registry.reference(tag="v9")
    netloc = registry.server.netloc
    assert str(ask(reference)) == (
        f"The image '{netloc}/team/app:v9' could not be resolved at the registry {netloc}: "
        "it has no 'v9' in 'team/app', or no such repository (404), asked without credentials; "
        f"check the name and the tag, or log in if the image is private (docker login {netloc})."
    )


class TestPlatforms:
    """Whether the image runs where it is meant to."""

    def test_a_platform_of_the_index_is_confirmed(
        self, registry: ScriptedRegistry, image: Image, ask: Ask
    ) -> None:
        resolution = require_resolution(ask(registry.reference(), platform=ARM64))
        assert (resolution.digest, resolution.media_type) == (image.top, OCI_INDEX)
        assert resolution.platforms == (AMD64, ARM64)

    def test_an_index_is_read_in_one_request(self, registry: ScriptedRegistry, ask: Ask) -> None:
        ask(registry.reference(), platform=ARM64)
        assert [each.method for each in registry.server.requests] == ["GET"]

    def test_a_single_manifest_is_read_in_two(self, registry: ScriptedRegistry, ask: Ask) -> None:
        registry.add("team/app", "v1", make_image())
        ask(registry.reference(), platform=AMD64)
        asked = [(each.method, each.path.split("/")[-2]) for each in registry.server.requests]
        assert asked == [("GET", "manifests"), ("GET", "blobs")]

    def test_a_platform_can_be_selected(self, registry: ScriptedRegistry, ask: Ask) -> None:
        resolution = require_resolution(ask(registry.reference(), platform=ARM64, select=True))
        assert resolution.digest == make_image(architecture="arm64").top
        assert resolution.media_type == OCI_MANIFEST

    def test_a_single_manifest_is_checked_by_its_configuration(
        self, registry: ScriptedRegistry, ask: Ask
    ) -> None:
        image = registry.add("team/app", "v1", make_image(architecture="arm64", variant="v8"))
        resolution = require_resolution(ask(registry.reference(), platform=ARM64, select=True))
        assert (resolution.digest, resolution.platforms) == (image.top, (ARM64,))

    def test_a_missing_platform_is_an_error_that_names_what_there_is(
        self, registry: ScriptedRegistry, ask: Ask
    ) -> None:
        error = ask(registry.reference(), platform=Platform("linux", "s390x"))
        assert isinstance(error, PlatformMismatch)
        assert "nothing for linux/s390x, only for linux/amd64, linux/arm64;" in str(error)

    def test_attestations_are_no_platforms(self, registry: ScriptedRegistry, ask: Ask) -> None:
        attestation = make_image(salt="attestation")
        note = {"annotations": {"vnd.docker.reference.type": "attestation-manifest"}}
        registry.add("team/app", "v1", make_index((attestation, note)))
        error = ask(registry.reference(), platform=AMD64)
        assert isinstance(error, PlatformMismatch)
        assert "no platform that it names" in str(error)

    def test_an_index_that_names_no_platforms_is_looked_through(
        self, registry: ScriptedRegistry, ask: Ask
    ) -> None:
        arm = make_image(architecture="arm64")
        registry.add("team/app", "v1", make_index((make_image(), {}), (arm, {})))
        resolution = require_resolution(ask(registry.reference(), platform=ARM64, select=True))
        assert resolution.digest == arm.top

    def test_an_image_that_names_no_platform_is_refused(
        self, registry: ScriptedRegistry, ask: Ask
    ) -> None:
        registry.add("team/app", "v1", make_image("", ""))
        assert isinstance(ask(registry.reference(), platform=AMD64), PlatformMismatch)

    def test_a_configuration_that_is_not_what_the_manifest_names_is_refused(
        self, registry: ScriptedRegistry, ask: Ask
    ) -> None:
        image = registry.add("team/app", "v1", make_image())
        other = encode({"os": "linux", "architecture": "amd64", "salt": "other"})
        blobs = dict.fromkeys(image.blobs, other)
        registry.images["team/app", "v1"] = Image(image.top, image.manifests, blobs)
        assert isinstance(ask(registry.reference(), platform=AMD64), UntrustedAnswer)

    def test_a_configuration_that_is_gone_is_an_error(
        self, registry: ScriptedRegistry, ask: Ask
    ) -> None:
        image = make_image()
        registry.add("team/app", "v1", Image(image.top, image.manifests, {}))
        assert isinstance(ask(registry.reference(), platform=AMD64), ImageNotFound)


WINDOWS_2019 = Platform("windows", "amd64", os_version="10.0.17763")


def windows(version: str) -> tuple[Image, Mapping[str, Any]]:
    platform = {"os": "windows", "architecture": "amd64", "os.version": version}
    return make_image("windows", salt=version), {"platform": platform}


@pytest.mark.parametrize(
    ("wanted", "chosen"),
    [
        (WINDOWS_2019, "10.0.17763.6000"),
        (Platform("windows", "amd64", os_version="10.0.20348"), "10.0.20348.2000"),
        (Platform("windows", "amd64"), "10.0.20348.2000"),
    ],
    ids=["2019", "2022", "any"],
)
def test_windows_goes_by_its_build_and_takes_the_newest_revision(
    registry: ScriptedRegistry, ask: Ask, wanted: Platform, chosen: str
) -> None:
    versions = ["10.0.17763.5329", "10.0.17763.6000", "10.0.20348.2000"]
    registry.add("team/app", "v1", make_index(*map(windows, versions)))
    resolution = require_resolution(ask(registry.reference(), platform=wanted, select=True))
    assert resolution.digest == windows(chosen)[0].top


@pytest.mark.parametrize(
    ("host", "offered", "chosen"),
    [
        pytest.param("10.0.17763", ["10.0.17763", "10.0.19042.1"], "10.0.17763", id="2019"),
        pytest.param("10.0.17763", ["10.0.14393.7", "10.0.20348.1"], None, id="2019 alone"),
        pytest.param("10.0.20348", ["10.0.20348.9", "10.0.17763.1"], "10.0.20348.9", id="2022"),
        pytest.param("10.0.20348", ["10.0.17763.1", "10.0.26100.1"], None, id="2022 alone"),
        pytest.param("10.0.26100", ["10.0.20348.9", "10.0.26100.1"], "10.0.26100.1", id="2025"),
        pytest.param("10.0.26100", ["10.0.20348.9"], "10.0.20348.9", id="2022 on 2025"),
        pytest.param("10.0.26100", ["10.0.17763.1", "10.0.26200.1"], None, id="2025 alone"),
        pytest.param("10.0.26200", ["10.0.20348.9"], "10.0.20348.9", id="2022 after 2025"),
        pytest.param("10.0.26100", ["11.0.26100"], None, id="another Windows"),
        pytest.param("10.0", ["10.0.17763.1"], "10.0.17763.1", id="no build wanted"),
        pytest.param("10.0.17763", ["", "10.0.20348.1"], "", id="no build named"),
    ],
)
def test_a_windows_host_runs_its_own_build_and_since_2022_the_one_before(
    host: str, offered: list[str], chosen: str | None
) -> None:
    def platform(version: str) -> Platform:
        return Platform("windows", "amd64", os_version=version)

    match = best_match(platform(host), [platform(version) for version in offered])
    assert match == (None if chosen is None else platform(chosen))


def test_a_windows_image_of_another_build_is_refused(registry: ScriptedRegistry, ask: Ask) -> None:
    registry.add("team/app", "v1", make_index(windows("10.0.20348.2000")))
    error = ask(registry.reference(), platform=WINDOWS_2019)
    assert isinstance(error, PlatformMismatch)
    assert "(10.0.20348.2000)" in str(error)


@pytest.mark.parametrize(
    ("wanted", "offered", "chosen"),
    [
        ("linux/arm/v7", ["v5", "v6", "v7"], "v7"),
        ("linux/arm/v7", ["v5", "v6", "v8"], "v6"),
        ("linux/arm/v6", ["v5", "v7"], "v5"),
        ("linux/arm/v5", ["v6", "v7"], None),
        ("linux/arm64", ["v8"], "v8"),
        ("linux/arm64", ["v9"], None),
        ("linux/arm64/v9", ["v8", "v9"], "v9"),
        ("linux/arm64/v9", ["v8"], "v8"),
        ("linux/amd64", ["v2", "v3"], None),
        ("linux/amd64/v3", ["", "v2"], ""),
    ],
)
def test_a_processor_runs_what_was_built_for_its_older_kinds(
    wanted: str, offered: list[str], chosen: str | None
) -> None:
    def platform(variant: str) -> Platform:
        return Platform.of("linux", Platform.parse(wanted).architecture, variant)

    match = best_match(Platform.parse(wanted), [platform(variant) for variant in offered])
    assert match == (None if chosen is None else platform(chosen))


class TestMirrors:
    """Mirrors take the place of a registry."""

    @pytest.mark.parametrize(
        ("path", "asked"),
        [
            ("", "/v2/library/nginx/manifests/1.25"),
            ("/", "/v2/library/nginx/manifests/1.25"),
            ("/docker-hub", "/v2/docker-hub/library/nginx/manifests/1.25"),
            ("/v2/docker-hub/", "/v2/docker-hub/library/nginx/manifests/1.25"),
            ("/api/docker/hub/v2", "/api/docker/hub/v2/library/nginx/manifests/1.25"),
        ],
        ids=["host", "slash", "namespace", "namespace below v2", "root"],
    )
    def test_a_mirror_is_asked_below_its_path(
        self, registry: ScriptedRegistry, ask: Ask, path: str, asked: str
    ) -> None:
        image = make_image()
        registry.protection = lambda received: _serve_anywhere(registry, received, image)
        mirrors = {"docker.io": registry.server.url + path}
        resolution = require_resolution(ask(ImageReference.parse("nginx:1.25"), mirrors=mirrors))
        assert registry.server.requests[0].path == asked
        assert (resolution.digest, resolution.source) == (image.top, "mirror")
        assert resolution.origin == registry.server.netloc

    def test_a_mirror_that_misses_is_the_last_word(
        self, registry: ScriptedRegistry, make_registry: Callable[..., ScriptedRegistry], ask: Ask
    ) -> None:
        mirror = make_registry()
        mirrors = {registry.server.netloc: mirror.server.url}
        error = ask(registry.reference(), mirrors=mirrors)
        assert isinstance(error, ImageNotFound)
        assert f"the mirror {mirror.server.netloc} of {registry.server.netloc}" in str(error)
        assert registry.server.requests == []

    @pytest.mark.parametrize("status", [404, 401, 403, 503])
    def test_a_mirror_that_misses_is_passed_over_where_the_user_says_so(
        self,
        registry: ScriptedRegistry,
        image: Image,
        make_registry: Callable[..., ScriptedRegistry],
        ask: Ask,
        status: int,
    ) -> None:
        mirror = make_registry()
        mirror.protection = lambda _: Reply(status)
        mirrors = {registry.server.netloc: mirror.server.url}
        outcome = ask(registry.reference(), mirrors=mirrors, mirror_fallback=True)
        resolution = require_resolution(outcome)
        assert (resolution.digest, resolution.source) == (image.top, "registry")

    @pytest.mark.parametrize("platform", [None, AMD64], ids=["unknown", "known"])
    def test_a_mirror_that_lies_is_not_passed_over(
        self,
        registry: ScriptedRegistry,
        make_registry: Callable[..., ScriptedRegistry],
        ask: Ask,
        platform: Platform | None,
    ) -> None:
        mirror = make_registry()
        mirror.protection = lambda _: Reply(200, {"Content-Type": "text/html"}, b"Log in!")
        mirrors = {registry.server.netloc: mirror.server.url}
        outcome = ask(
            registry.reference(), platform=platform, mirrors=mirrors, mirror_fallback=True
        )
        assert isinstance(outcome, UntrustedAnswer)


def _serve_anywhere(registry: ScriptedRegistry, received: Received, image: Image) -> Reply:
    media_type, body = image.manifests[image.top]
    return Reply(200, {"Content-Type": media_type, "Docker-Content-Digest": image.top}, body)


def test_connections_are_used_again(registry: ScriptedRegistry, ask: Ask) -> None:
    registry.add("team/app", "v1", make_image())
    ask(registry.reference(), platform=AMD64)
    assert len(registry.server.requests) == 2
    assert registry.server.connections == 1


def test_docker_manifests_are_read_like_those_of_oci(registry: ScriptedRegistry, ask: Ask) -> None:
    content = {
        "schemaVersion": 2,
        "mediaType": DOCKER_MANIFEST,
        "config": {"digest": OTHER},
        "layers": [],
    }
    body = encode(content)
    registry.plan.extend([Reply(405), Reply(200, {"Content-Type": DOCKER_MANIFEST}, body)])
    assert require_resolution(ask(registry.reference())).digest == Digest.of(body)


class TestWhatHeadersSay:
    """Registries and their proxies are careless with headers."""

    @pytest.mark.parametrize(
        "content_type",
        [
            None,
            "",
            "binary/octet-stream",
            "application/octet-stream",
            "text/json",
            "text/plain; charset=utf-8",
            f"{OCI_INDEX}, {OCI_INDEX}",
            f"{OCI_INDEX}; charset=utf-8",
            OCI_INDEX.upper(),
        ],
    )
    def test_a_type_that_says_nothing_leaves_it_to_the_body(
        self, registry: ScriptedRegistry, image: Image, ask: Ask, content_type: str | None
    ) -> None:
        registry.plan.append(
            lambda received: registry.honest(received).changed(Content_Type=content_type)
        )
        resolution = require_resolution(ask(registry.reference(), platform=AMD64))
        assert (resolution.digest, resolution.media_type) == (image.top, OCI_INDEX)

    @pytest.mark.parametrize(
        ("content", "media_type"),
        [
            ({"manifests": []}, OCI_INDEX),
            ({"config": {"digest": OTHER, "mediaType": "x"}, "layers": []}, OCI_MANIFEST),
            ({"config": {"digest": OTHER}, "layers": [], "mediaType": None}, OCI_MANIFEST),
            (
                {
                    "config": {
                        "digest": OTHER,
                        "mediaType": "application/vnd.docker.container.image.v1+json",
                    },
                    "layers": [],
                },
                DOCKER_MANIFEST,
            ),
            ({"config": {"digest": OTHER}, "layers": [], "manifests": []}, None),
            ({"layers": []}, None),
        ],
        ids=["index", "manifest", "null", "docker", "both", "neither"],
    )
    def test_where_nothing_names_the_type_the_shape_does(
        self,
        registry: ScriptedRegistry,
        ask: Ask,
        content: Mapping[str, Any],
        media_type: str | None,
    ) -> None:
        body = encode({"schemaVersion": 2, **content})
        registry.plan.extend([Reply(405), Reply(200, {}, body)])
        outcome = ask(registry.reference())
        if media_type is None:
            assert isinstance(outcome, UntrustedAnswer)
        else:
            resolution = require_resolution(outcome)
            assert (resolution.digest, resolution.media_type) == (Digest.of(body), media_type)

    @pytest.mark.parametrize("stated", ["", '"{}"', "{}, {}", " {} "])
    @pytest.mark.parametrize("platform", [None, AMD64], ids=["by HEAD", "by GET"])
    def test_a_digest_may_be_empty_quoted_or_said_twice(
        self,
        registry: ScriptedRegistry,
        image: Image,
        ask: Ask,
        stated: str,
        platform: Platform | None,
    ) -> None:
        header = stated.replace("{}", image.top)
        registry.plan.append(
            lambda received: registry.honest(received).changed(Docker_Content_Digest=header)
        )
        outcome = ask(registry.reference(), platform=platform)
        assert require_resolution(outcome).digest == image.top

    def test_two_digests_at_once_are_refused(
        self, registry: ScriptedRegistry, image: Image, ask: Ask
    ) -> None:
        header = f"{image.top}, {OTHER}"
        registry.protection = lambda received: registry.honest(received).changed(
            Docker_Content_Digest=header
        )
        assert isinstance(ask(registry.reference()), UntrustedAnswer)

    @pytest.mark.parametrize("platform", [None, AMD64], ids=["by HEAD", "by GET"])
    @pytest.mark.parametrize("coding", ["gzip", "x-gzip", "GZIP"])
    def test_a_compressed_answer_is_read_as_containerd_does(
        self,
        registry: ScriptedRegistry,
        image: Image,
        ask: Ask,
        coding: str,
        platform: Platform | None,
    ) -> None:
        """The digest is that of the decoded bytes (containerd, `docker/fetcher.go`)."""

        def compressed(received: Received) -> Reply | None:
            reply = registry.honest(received)
            headers = {**reply.headers, "Content-Encoding": coding}
            return Reply(200, headers, gzip.compress(reply.body))

        registry.protection = compressed
        assert require_resolution(ask(registry.reference(), platform=platform)).digest == image.top

    @pytest.mark.parametrize(
        ("coding", "body"),
        [
            ("gzip", gzip.compress(b" " * (5 * 1024 * 1024))),
            ("gzip", gzip.compress(b"{}")[:-3]),
            ("gzip", gzip.compress(b"{}") + b"more"),
            ("br", b"{}"),
            ("gzip, gzip", b"{}"),
            ("\x1b[31m", b"{}"),
        ],
        ids=["a bomb", "cut off", "more", "another coding", "two codings", "control characters"],
    )
    def test_what_cannot_be_decoded_is_refused_by_name(
        self, registry: ScriptedRegistry, ask: Ask, coding: str, body: bytes
    ) -> None:
        headers = {"Content-Type": OCI_INDEX, "Content-Encoding": coding}
        registry.protection = lambda _: Reply(200, headers, body)
        error = ask(registry.reference())
        assert isinstance(error, UntrustedAnswer)
        assert any(words in str(error) for words in ("coding", "compressed", "longer than 4 MiB"))
        assert str(error).isprintable()

    def test_what_an_error_quotes_of_a_type_is_bounded_and_printable(
        self, registry: ScriptedRegistry, ask: Ask
    ) -> None:
        headers = {"Content-Type": "text/\x1b[31m" + "x" * 60_000}
        registry.protection = lambda _: Reply(200, headers, b"{}")
        error = ask(registry.reference())
        assert isinstance(error, UntrustedAnswer)
        assert str(error).isprintable()
        assert len(str(error)) < 600


class TestOtherAlgorithms:
    """A reference may have a SHA-512 digest, and is requested by it."""

    @pytest.fixture
    def reference(self, registry: ScriptedRegistry) -> ImageReference:
        image = make_image()
        media_type, body = image.manifests[image.top]
        digest = Digest(f"sha512:{hashlib.sha512(body).hexdigest()}")
        manifests = {**image.manifests, digest: (media_type, body)}
        registry.add("team/app", "v5", Image(image.top, manifests, image.blobs))
        return registry.reference(tag="v5").with_digest(digest)

    @pytest.mark.parametrize("head", [True, False], ids=["by HEAD", "by GET"])
    @pytest.mark.parametrize("platform", [None, AMD64], ids=["unknown", "known"])
    @pytest.mark.parametrize("select", [True, False])
    def test_it_is_pinned_as_it_is(
        self,
        registry: ScriptedRegistry,
        reference: ImageReference,
        ask: Ask,
        *,
        head: bool,
        platform: Platform | None,
        select: bool,
    ) -> None:
        if not head:
            registry.protection = lambda received: Reply(405) if received.method == "HEAD" else None
        outcome = ask(reference, platform=platform, select=select and platform is not None)
        assert require_resolution(outcome).digest == reference.digest

    def test_other_bytes_are_refused(
        self, registry: ScriptedRegistry, reference: ImageReference, ask: Ask
    ) -> None:
        image = make_image(salt="other")
        media_type, body = image.manifests[image.top]
        registry.protection = lambda _: Reply(200, {"Content-Type": media_type}, body)
        assert isinstance(ask(reference), UntrustedAnswer)
