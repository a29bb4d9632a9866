"""The registry in a thread answers as the OCI Distribution specification says."""

from __future__ import annotations

import gzip
import io
import re
import tarfile
from collections.abc import Iterator
from typing import Literal
from urllib.parse import urlencode

import pytest
import urllib3

from pinned_images import ConfigurationError, Digest, ImageReference, InvalidReference, Platform
from pinned_images.testing import RegistryServer

INDEX = "application/vnd.oci.image.index.v1+json"
MANIFEST = "application/vnd.oci.image.manifest.v1+json"
DOCKER_LIST = "application/vnd.docker.distribution.manifest.list.v2+json"
DOCKER_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
MediaTypes = Literal["oci", "docker"]
BOTH = ("linux/amd64", "linux/arm64")


@pytest.fixture
def http(registry: RegistryServer) -> Iterator[urllib3.HTTPConnectionPool]:
    with urllib3.connectionpool.connection_from_url(registry.url, retries=False) as pool:
        yield pool


def basic(username: str, password: str) -> dict[str, str]:
    return urllib3.make_headers(basic_auth=f"{username}:{password}")


class TestManifests:
    @pytest.mark.parametrize("method", ["GET", "HEAD"])
    def test_are_served_by_tag_and_by_digest(
        self, registry: RegistryServer, http: urllib3.HTTPConnectionPool, method: str
    ) -> None:
        digest = registry.push("team/app:1")
        for name in ("1", digest, digest.replace(":", "%3A")):
            answer = http.request(method, f"/v2/team/app/manifests/{name}")
            assert answer.status == 200
            assert answer.headers["Docker-Content-Digest"] == digest
            assert answer.headers["Content-Type"] == MANIFEST

    def test_of_a_head_have_the_length_that_a_get_has_and_no_body(
        self, registry: RegistryServer, http: urllib3.HTTPConnectionPool
    ) -> None:
        registry.push("team/app:1")
        head = http.request("HEAD", "/v2/team/app/manifests/1")
        get = http.request("GET", "/v2/team/app/manifests/1")
        assert head.data == b""
        assert int(head.headers["Content-Length"]) == len(get.data)
        assert Digest.of(get.data) == get.headers["Docker-Content-Digest"]

    @pytest.mark.parametrize(
        ("media_types", "platforms", "top"),
        [
            ("oci", ["linux/amd64"], MANIFEST),
            ("oci", BOTH, INDEX),
            ("docker", ["linux/amd64"], DOCKER_MANIFEST),
            ("docker", BOTH, DOCKER_LIST),
        ],
    )
    def test_name_the_media_type_that_they_are_served_with(
        self,
        registry: RegistryServer,
        http: urllib3.HTTPConnectionPool,
        media_types: MediaTypes,
        platforms: list[str],
        top: str,
    ) -> None:
        registry.push("app:1", platforms, media_types=media_types)
        answer = http.request("GET", "/v2/app/manifests/1")
        assert answer.headers["Content-Type"] == answer.json()["mediaType"] == top

    def test_of_an_index_are_one_for_each_platform(
        self, registry: RegistryServer, http: urllib3.HTTPConnectionPool
    ) -> None:
        windows = Platform("windows", "amd64", os_version="10.0.17763.5329")
        registry.push("app:1", ["linux/amd64", "linux/arm/v6", windows])
        entries = http.request("GET", "/v2/app/manifests/1").json()["manifests"]
        assert [entry["platform"] for entry in entries] == [
            {"os": "linux", "architecture": "amd64"},
            {"os": "linux", "architecture": "arm", "variant": "v6"},
            {"os": "windows", "architecture": "amd64", "os.version": "10.0.17763.5329"},
        ]
        for entry in entries:
            content = http.request("GET", f"/v2/app/manifests/{entry['digest']}").data
            assert (Digest.of(content), len(content)) == (entry["digest"], entry["size"])

    def test_of_an_attestation_stand_in_an_index_beside_what_they_attest(
        self, registry: RegistryServer, http: urllib3.HTTPConnectionPool
    ) -> None:
        registry.push("app:1", attestation=True)
        image, attestation = http.request("GET", "/v2/app/manifests/1").json()["manifests"]
        assert attestation["platform"] == {"os": "unknown", "architecture": "unknown"}
        assert attestation["annotations"] == {
            "vnd.docker.reference.digest": image["digest"],
            "vnd.docker.reference.type": "attestation-manifest",
        }
        assert http.request("GET", f"/v2/app/manifests/{attestation['digest']}").status == 200

    def test_may_be_any_bytes_of_any_media_type(
        self, registry: RegistryServer, http: urllib3.HTTPConnectionPool
    ) -> None:
        media_type = "application/vnd.docker.distribution.manifest.v1+prettyjws"
        digest = registry.push_manifest("old:1", b'{"schemaVersion": 1}', media_type)
        answer = http.request("GET", "/v2/old/manifests/1")
        assert answer.data == b'{"schemaVersion": 1}'
        assert answer.headers["Content-Type"] == media_type
        assert digest == Digest.of(answer.data)


class TestAccept:
    @pytest.mark.parametrize(
        "accept",
        [
            None,
            "*/*",
            "application/*",
            INDEX,
            f"{MANIFEST}, {INDEX};q=0.5",
        ],
    )
    def test_that_admits_the_type_gets_the_index(
        self, registry: RegistryServer, http: urllib3.HTTPConnectionPool, accept: str | None
    ) -> None:
        digest = registry.push("app:1", BOTH)
        headers = {"Accept": accept} if accept else {}
        answer = http.request("GET", "/v2/app/manifests/1", headers=headers)
        assert answer.headers["Docker-Content-Digest"] == digest

    def test_may_come_in_a_header_for_each_type(
        self, registry: RegistryServer, http: urllib3.HTTPConnectionPool
    ) -> None:
        registry.push("app:1")
        headers = urllib3.HTTPHeaderDict({"Accept": MANIFEST})
        headers.add("Accept", DOCKER_MANIFEST)
        assert http.request("GET", "/v2/app/manifests/1", headers=headers).status == 200

    def test_without_the_oci_index_does_not_find_an_index(
        self, registry: RegistryServer, http: urllib3.HTTPConnectionPool
    ) -> None:
        registry.push("app:1", BOTH)
        answer = http.request("GET", "/v2/app/manifests/1", headers={"Accept": MANIFEST})
        assert answer.status == 404
        assert answer.json()["errors"][0]["code"] == "MANIFEST_UNKNOWN"

    def test_without_docker_lists_gets_another_digest_for_the_tag(
        self, registry: RegistryServer, http: urllib3.HTTPConnectionPool
    ) -> None:
        digest = registry.push("app:1", ["linux/arm64", "linux/amd64"], media_types="docker")
        headers = {"Accept": DOCKER_MANIFEST}
        answer = http.request("GET", "/v2/app/manifests/1", headers=headers)
        listed = http.request("GET", f"/v2/app/manifests/{digest}").json()["manifests"]
        assert answer.headers["Docker-Content-Digest"] == listed[1]["digest"] != digest
        by_digest = http.request("GET", f"/v2/app/manifests/{digest}", headers=headers)
        assert by_digest.status == 404


class TestContent:
    def test_is_the_same_on_every_machine(self, registry: RegistryServer) -> None:
        assert registry.push("docker.io/library/nginx:1.25", BOTH, attestation=True) == (
            "sha256:eb4ed7dce854ea2bc45b5bc974f5eaceb2b44a24fc3c12d92ba38713ab1e138c"
        )

    def test_differs_by_name_platforms_types_and_build(self, registry: RegistryServer) -> None:
        digests = {
            registry.push("app:1"),
            registry.push("app:2"),
            registry.push("other:1"),
            registry.push("app:1", ["linux/arm64"]),
            registry.push("app:1", BOTH),
            registry.push("app:1", attestation=True),
            registry.push("app:1", media_types="docker"),
            registry.push("app:1", content="another build"),
        }
        assert len(digests) == 8

    @pytest.mark.parametrize("media_types", ["oci", "docker"])
    def test_can_be_pulled_down_to_the_file_in_the_layer(
        self, registry: RegistryServer, http: urllib3.HTTPConnectionPool, media_types: MediaTypes
    ) -> None:
        registry.push("app:1", ["linux/arm64"], media_types=media_types)
        manifest = http.request("GET", "/v2/app/manifests/1").json()
        config = http.request("GET", f"/v2/app/blobs/{manifest['config']['digest']}")
        layer = http.request("GET", f"/v2/app/blobs/{manifest['layers'][0]['digest']}")
        archive = gzip.decompress(layer.data)
        assert (Digest.of(layer.data), len(layer.data)) == (
            manifest["layers"][0]["digest"],
            manifest["layers"][0]["size"],
        )
        assert config.json()["architecture"] == "arm64"
        assert config.json()["rootfs"]["diff_ids"] == [Digest.of(archive)]
        with tarfile.open(fileobj=io.BytesIO(archive)) as files:
            file = files.extractfile("image")
            assert file is not None
            assert file.read() == b"app:1 for linux/arm64\n"


class TestNames:
    def test_may_carry_the_registry_s_own_host(self, registry: RegistryServer) -> None:
        assert registry.push(f"{registry.host}/app:1") == registry.push("app:1")
        assert registry.digest("app:1") == registry.digest(f"{registry.host}/app:1")

    def test_without_a_tag_mean_latest(
        self, registry: RegistryServer, http: urllib3.HTTPConnectionPool
    ) -> None:
        registry.push("app")
        assert http.request("GET", "/v2/app/manifests/latest").status == 200

    def test_of_other_registries_are_served_under_the_mirror_s_path(
        self, registry: RegistryServer, http: urllib3.HTTPConnectionPool
    ) -> None:
        images = ["nginx:1.25", "ghcr.io/org/app:1", "public.ecr.aws/nginx/nginx:1"]
        for image in map(ImageReference.parse, images):
            digest = registry.push(image.normalized)
            mirror = registry.mirrors[image.registry].removeprefix(registry.url)
            path = f"/v2{mirror}/{image.repository}/manifests/{image.tag}"
            assert http.request("HEAD", path).headers["Docker-Content-Digest"] == digest
        assert sorted(registry.mirrors) == ["docker.io", "ghcr.io", "public.ecr.aws"]

    def test_of_docker_hub_are_normalized(self, registry: RegistryServer) -> None:
        digest = registry.push("docker.io/nginx:1.25")
        assert registry.digest("docker.io/library/nginx:1.25") == digest

    def test_that_are_none_are_refused(self, registry: RegistryServer) -> None:
        with pytest.raises(InvalidReference, match="lower case"):
            registry.push("App:1")


class TestTags:
    def test_can_move_to_a_new_build_while_the_old_one_stays(
        self, registry: RegistryServer, http: urllib3.HTTPConnectionPool
    ) -> None:
        old = registry.push("app:1", BOTH)
        new = registry.move_tag("app:1")
        newest = registry.move_tag("app:1")
        assert len({old, new, newest}) == 3
        assert registry.digest("app:1") == newest
        assert http.request("HEAD", f"/v2/app/manifests/{old}").status == 200

    def test_move_to_the_same_digests_each_time(self, registry: RegistryServer) -> None:
        registry.push("app:1")
        moved = registry.move_tag("app:1")
        registry.push("app:1")
        assert registry.move_tag("app:1") == moved

    def test_can_move_back(self, registry: RegistryServer) -> None:
        old = registry.push("app:1")
        registry.move_tag("app:1")
        assert registry.move_tag("app:1", old) == registry.digest("app:1") == old

    @pytest.mark.parametrize("to", [None, "sha256:" + "0" * 64])
    def test_cannot_move_to_what_is_not_there(
        self, registry: RegistryServer, to: str | None
    ) -> None:
        with pytest.raises(ConfigurationError, match="push it"):
            registry.move_tag("app:1", to)

    def test_deleted_are_not_found_while_the_image_stays(
        self, registry: RegistryServer, http: urllib3.HTTPConnectionPool
    ) -> None:
        digest = registry.push("app:1")
        registry.delete("app:1")
        assert http.request("GET", "/v2/app/manifests/1").status == 404
        assert http.request("GET", f"/v2/app/manifests/{digest}").status == 200
        with pytest.raises(ConfigurationError, match="no tag 1"):
            registry.digest("app:1")

    def test_go_with_an_image_that_is_deleted_by_digest(
        self, registry: RegistryServer, http: urllib3.HTTPConnectionPool
    ) -> None:
        digest = registry.push("app:1")
        kept = registry.push("app:2")
        registry.delete(f"app@{digest}")
        assert http.request("GET", f"/v2/app/manifests/{digest}").status == 404
        assert http.request("GET", "/v2/app/manifests/1").status == 404
        assert registry.digest("app:2") == kept

    def test_are_listed_in_order_and_in_pages(
        self, registry: RegistryServer, http: urllib3.HTTPConnectionPool
    ) -> None:
        for tag in ("b", "c", "a"):
            registry.push(f"app:{tag}")
        answer = http.request("GET", "/v2/app/tags/list")
        assert answer.json() == {"name": "app", "tags": ["a", "b", "c"]}
        page = http.request("GET", "/v2/app/tags/list?n=2")
        assert page.json()["tags"] == ["a", "b"]
        following = re.fullmatch(r'<(.+)>; rel="next"', page.headers["Link"])
        assert following is not None
        last = http.request("GET", following[1])
        assert last.json()["tags"] == ["c"]
        assert "Link" not in last.headers


class TestErrors:
    @pytest.mark.parametrize(
        ("request_line", "expected"),
        [
            ("GET /v2/app/manifests/2", "404 MANIFEST_UNKNOWN"),
            (f"GET /v2/app/manifests/sha256:{'0' * 64}", "404 MANIFEST_UNKNOWN"),
            ("GET /v2/other/manifests/1", "404 NAME_UNKNOWN"),
            ("GET /v2/app/blobs/sha256:00", "404 BLOB_UNKNOWN"),
            ("GET /v3/", "404 UNSUPPORTED"),
            ("PUT /v2/app/manifests/1", "405 UNSUPPORTED"),
            ("DELETE /v2/app/manifests/1", "405 UNSUPPORTED"),
            ("POST /v2/app/blobs/uploads/", "405 UNSUPPORTED"),
        ],
    )
    def test_are_json_with_a_code(
        self,
        registry: RegistryServer,
        http: urllib3.HTTPConnectionPool,
        request_line: str,
        expected: str,
    ) -> None:
        registry.push("app:1")
        method, path = request_line.split()
        answer = http.request(method, path)
        assert answer.headers["Content-Type"] == "application/json"
        assert f"{answer.status} {answer.json()['errors'][0]['code']}" == expected

    def test_leave_the_connection_usable(
        self, registry: RegistryServer, http: urllib3.HTTPConnectionPool
    ) -> None:
        registry.push("app:1")
        http.request("PUT", "/v2/app/manifests/1", body=b"x" * 1000)
        http.request("HEAD", "/v2/app/manifests/2")
        assert http.request("GET", "/v2/app/manifests/1").status == 200
        assert registry.connections == 1


class TestBasicAuthentication:
    def test_opens_the_repository_to_its_user_alone(
        self, registry: RegistryServer, http: urllib3.HTTPConnectionPool
    ) -> None:
        registry.push("team/app:1")
        registry.protect("team/*", "basic", "user", "pass:word")
        path = "/v2/team/app/manifests/1"
        refused = http.request("GET", path)
        assert refused.status == 401
        assert refused.headers["WWW-Authenticate"].startswith("Basic realm=")
        assert refused.json()["errors"][0]["code"] == "UNAUTHORIZED"
        assert http.request("GET", path, headers=basic("user", "wrong")).status == 401
        assert http.request("GET", path, headers=basic("user", "pass:word")).status == 200

    def test_leaves_other_repositories_open(
        self, registry: RegistryServer, http: urllib3.HTTPConnectionPool
    ) -> None:
        registry.push("app:1")
        registry.protect("team/*", "basic", "user", "password")
        assert http.request("GET", "/v2/app/manifests/1").status == 200

    def test_is_told_of_at_the_root_where_clients_ask_first(
        self, registry: RegistryServer, http: urllib3.HTTPConnectionPool
    ) -> None:
        registry.protect("team/*", "basic", "user", "password")
        assert http.request("GET", "/v2/").status == 401
        assert http.request("GET", "/v2/", headers=basic("user", "password")).status == 200

    @pytest.mark.parametrize("header", ["Basic", "Basic ====", "Basic /w==", "Bearer x", "user"])
    def test_takes_no_broken_header(
        self, registry: RegistryServer, http: urllib3.HTTPConnectionPool, header: str
    ) -> None:
        registry.protect("*", "basic", "user", "password")
        assert http.request("GET", "/v2/", headers={"Authorization": header}).status == 401


class TestBearerTokens:
    PATH = "/v2/team/app/manifests/1"

    @pytest.fixture(autouse=True)
    def _protected(self, registry: RegistryServer) -> None:
        registry.push("team/app:1")
        registry.push("team/other:1")
        registry.push("public:1")
        registry.protect("team/*", "bearer", "user", "password", identity_token="an-identity-token")
        registry.protect("public", "bearer")

    def ask(
        self, registry: RegistryServer, http: urllib3.HTTPConnectionPool, **changes: str
    ) -> urllib3.BaseHTTPResponse:
        parameters = {"service": registry.host, "scope": "repository:team/app:pull"} | changes
        return http.request(
            "GET", f"/token?{urlencode(parameters)}", headers=basic("user", "password")
        )

    def bearer(self, answer: urllib3.BaseHTTPResponse) -> dict[str, str]:
        return {"Authorization": f"Bearer {answer.json()['token']}"}

    def test_are_asked_for_by_a_challenge_with_realm_service_and_scope(
        self, registry: RegistryServer, http: urllib3.HTTPConnectionPool
    ) -> None:
        answer = http.request("GET", self.PATH)
        assert answer.status == 401
        assert answer.headers["WWW-Authenticate"] == (
            f'Bearer realm="{registry.url}/token",service="{registry.host}",'
            'scope="repository:team/app:pull"'
        )

    def test_open_the_repositories_of_their_scope(
        self, registry: RegistryServer, http: urllib3.HTTPConnectionPool
    ) -> None:
        answer = self.ask(registry, http)
        assert answer.json()["expires_in"] == 300
        assert http.request("GET", self.PATH, headers=self.bearer(answer)).status == 200

    def test_open_the_root_that_told_of_them(
        self, registry: RegistryServer, http: urllib3.HTTPConnectionPool
    ) -> None:
        challenge = http.request("GET", "/v2/").headers["WWW-Authenticate"]
        assert challenge == f'Bearer realm="{registry.url}/token",service="{registry.host}"'
        answer = http.request("GET", f"/token?service={registry.host}")
        assert http.request("GET", "/v2/", headers=self.bearer(answer)).status == 200

    def test_open_no_other_repository(
        self, registry: RegistryServer, http: urllib3.HTTPConnectionPool
    ) -> None:
        headers = self.bearer(self.ask(registry, http))
        refused = http.request("GET", "/v2/team/other/manifests/1", headers=headers)
        assert refused.status == 401
        assert 'error="invalid_token"' in refused.headers["WWW-Authenticate"]

    def test_may_have_several_scopes(
        self, registry: RegistryServer, http: urllib3.HTTPConnectionPool
    ) -> None:
        scope = "repository:team/app:pull,push repository:team/other:pull"
        headers = self.bearer(self.ask(registry, http, scope=scope))
        for repository in ("app", "other"):
            path = f"/v2/team/{repository}/manifests/1"
            assert http.request("GET", path, headers=headers).status == 200

    def test_are_refused_to_wrong_credentials(
        self, registry: RegistryServer, http: urllib3.HTTPConnectionPool
    ) -> None:
        for scope in ("&scope=repository:team/app:pull", ""):
            target = f"/token?service={registry.host}{scope}"
            assert http.request("GET", target, headers=basic("user", "wrong")).status == 401

    def test_without_credentials_open_what_is_public_only(
        self, registry: RegistryServer, http: urllib3.HTTPConnectionPool
    ) -> None:
        scope = "scope=repository:team/app:pull&scope=repository:public:pull"
        answer = http.request("GET", f"/token?service={registry.host}&{scope}")
        headers = self.bearer(answer)
        assert http.request("GET", "/v2/public/manifests/1").status == 401
        assert http.request("GET", "/v2/public/manifests/1", headers=headers).status == 200
        assert http.request("GET", self.PATH, headers=headers).status == 401

    def test_are_given_for_this_service_only(
        self, registry: RegistryServer, http: urllib3.HTTPConnectionPool
    ) -> None:
        assert self.ask(registry, http, service="elsewhere.example").status == 400

    def test_without_the_scope_to_pull_open_nothing(
        self, registry: RegistryServer, http: urllib3.HTTPConnectionPool
    ) -> None:
        answer = self.ask(registry, http, scope="repository:team/app:push")
        assert http.request("GET", self.PATH, headers=self.bearer(answer)).status == 401

    def test_expire(self, registry: RegistryServer, http: urllib3.HTTPConnectionPool) -> None:
        headers = self.bearer(self.ask(registry, http))
        registry.expire_tokens()
        assert http.request("GET", self.PATH, headers=headers).status == 401

    def test_without_a_lifetime_have_expired_already(self) -> None:
        with (
            RegistryServer(token_lifetime=0) as registry,
            urllib3.connectionpool.connection_from_url(registry.url) as http,
        ):
            registry.push("team/app:1")
            registry.protect("*", "bearer", "user", "password")
            headers = self.bearer(self.ask(registry, http))
            assert http.request("GET", self.PATH, headers=headers).status == 401

    @pytest.mark.parametrize(
        ("presented", "status"), [("an-identity-token", 200), ("another", 401), ("", 401)]
    )
    def test_are_given_for_an_identity_token(
        self,
        registry: RegistryServer,
        http: urllib3.HTTPConnectionPool,
        presented: str,
        status: int,
    ) -> None:
        parameters = {
            "grant_type": "refresh_token",
            "service": registry.host,
            "client_id": "tests",
            "scope": "repository:team/app:pull",
            "refresh_token": presented,
        }
        answer = http.request("POST", "/token", fields=parameters, encode_multipart=False)
        assert answer.status == status
        if status == 200:
            headers = {"Authorization": f"Bearer {answer.json()['access_token']}"}
            assert http.request("GET", self.PATH, headers=headers).status == 200


def test_a_registry_without_identity_tokens_has_no_token_endpoint_for_post(
    registry: RegistryServer, http: urllib3.HTTPConnectionPool
) -> None:
    registry.protect("*", "bearer", "user", "password")
    assert http.request("POST", "/token", fields={}, encode_multipart=False).status == 404


class TestServer:
    def test_counts_requests_by_kind_and_connections(
        self, registry: RegistryServer, http: urllib3.HTTPConnectionPool
    ) -> None:
        registry.push("app:1")
        for method, path in [
            ("GET", "/v2/"),
            ("HEAD", "/v2/app/manifests/1"),
            ("HEAD", "/v2/app/manifests/2"),
            ("GET", "/v2/app/blobs/sha256:0"),
            ("GET", "/v2/app/tags/list"),
            ("GET", "/token"),
            ("GET", "/elsewhere"),
        ]:
            http.request(method, path)
        assert registry.requests == {
            "GET base": 1,
            "HEAD manifest": 2,
            "GET blob": 1,
            "GET tags": 1,
            "GET token": 1,
            "GET other": 1,
        }
        assert registry.connections == 1

    def test_serves_what_was_pushed_before_it_started(self) -> None:
        registry = RegistryServer()
        digest = registry.push("app:1")
        with registry, urllib3.connectionpool.connection_from_url(registry.url) as http:
            answer = http.request("HEAD", "/v2/app/manifests/1")
        assert answer.headers["Docker-Content-Digest"] == digest

    def test_has_no_address_before_it_started(self) -> None:
        with pytest.raises(ConfigurationError, match="with statement"):
            _ = RegistryServer().url

    def test_stops_while_clients_keep_connections(self) -> None:
        registry = RegistryServer().start()
        with urllib3.connectionpool.connection_from_url(registry.url, retries=False) as http:
            http.request("GET", "/v2/")
            registry.stop()
            with pytest.raises(urllib3.exceptions.HTTPError):
                http.request("GET", "/v2/")
        registry.stop()

    def test_keeps_its_images_over_a_restart(self) -> None:
        registry = RegistryServer()
        with registry:
            digest = registry.push("app:1")
        with registry, urllib3.connectionpool.connection_from_url(registry.url) as http:
            assert http.request("GET", f"/v2/app/manifests/{digest}").status == 200

    def test_shows_no_password_in_its_protections(self, registry: RegistryServer) -> None:
        registry.protect("*", "bearer", "user", "a-password", identity_token="a-token")
        shown = repr(registry._registry.protections)
        assert "user" in shown
        assert "a-password" not in shown
        assert "a-token" not in shown
