"""The registry in a thread answers as the OCI Distribution specification says."""

from __future__ import annotations

import pytest
import urllib3

from pinned_images import Digest
from pinned_images.testing import RegistryServer

INDEX = "application/vnd.oci.image.index.v1+json"
MANIFEST = "application/vnd.oci.image.manifest.v1+json"
DOCKER_LIST = "application/vnd.docker.distribution.manifest.list.v2+json"
DOCKER_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"


@pytest.fixture
def http(registry: RegistryServer) -> urllib3.HTTPConnectionPool:
    return urllib3.connectionpool.connection_from_url(registry.url, retries=False)


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_a_manifest_is_served_by_tag_and_by_digest(
    registry: RegistryServer, http: urllib3.HTTPConnectionPool, method: str
) -> None:
    digest = registry.push("team/app:1")
    for name in ("1", digest):
        answer = http.request(method, f"/v2/team/app/manifests/{name}")
        assert answer.status == 200
        assert answer.headers["Docker-Content-Digest"] == digest
        assert answer.headers["Content-Type"] == MANIFEST
        assert int(answer.headers["Content-Length"]) > 0
        if method == "GET":
            assert Digest.of(answer.data) == digest
