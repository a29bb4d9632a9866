"""Blobs from pre-signed addresses."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator

import pytest

from pinned_images.errors import RegistryUnavailable, UntrustedAnswer
from pinned_images.reference import Digest
from pinned_images.registry.aws.blob_downloader import BlobDownloader
from pinned_images.registry.aws.sessions import AwsSessions
from tests.registry.loopback import LoopbackServer, Received, Reply
from tests.registry_aws.amazon import soon

BLOB = b'{"os": "linux", "architecture": "arm64"}'


@pytest.fixture
def replies() -> deque[Reply]:
    """What answers the next requests; the blob comes when there is nothing left."""
    return deque()


@pytest.fixture
def server(replies: deque[Reply]) -> Iterator[LoopbackServer]:
    def respond(_: Received) -> Reply:
        return replies.popleft() if replies else Reply(200, {}, BLOB)

    made = LoopbackServer(respond)
    yield made
    made.close()


def download(server: LoopbackServer, store: BlobDownloader | None = None) -> bytes:
    url = f"{server.url}/layer?X-Amz-Signature=s3cret"
    return (store or BlobDownloader(AwsSessions())).download(url, Digest.of(BLOB), soon())


def test_many_blobs_come_over_one_connection(server: LoopbackServer) -> None:
    store = BlobDownloader(AwsSessions())

    assert [download(server, store) for _ in range(4)] == [BLOB] * 4
    assert server.connections == 1


@pytest.mark.parametrize(
    "fault",
    [
        pytest.param(Reply(503), id="503"),
        pytest.param(Reply(429), id="429"),
        pytest.param(Reply(reset=True), id="reset"),
        pytest.param(Reply(raw=b"SSH-2.0\r\n"), id="no HTTP"),
        pytest.param(Reply(200, {}, BLOB, cut=7), id="cut off"),
    ],
)
def test_a_fault_that_passes_is_got_over(
    server: LoopbackServer, replies: deque[Reply], fault: Reply
) -> None:
    replies.append(fault)

    assert download(server) == BLOB


def test_no_redirect_is_followed(server: LoopbackServer, replies: deque[Reply]) -> None:
    replies.append(Reply(302, {"Location": f"{server.url}/elsewhere"}))

    with pytest.raises(RegistryUnavailable, match="answered 302"):
        download(server)

    assert len(server.requests) == 1


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(Reply(200, {}, b" " * 4096, endless=True), id="endless"),
        pytest.param(Reply(200, {}, BLOB + b" "), id="another"),
    ],
)
def test_what_is_not_the_blob_is_not_believed(
    server: LoopbackServer, replies: deque[Reply], body: Reply
) -> None:
    replies.append(body)

    with pytest.raises(UntrustedAnswer):
        download(server)
