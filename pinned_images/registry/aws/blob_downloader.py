"""The downloader of small blobs from pre-signed addresses of ECR."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from pinned_images.errors import RegistryUnavailable, UntrustedAnswer
from pinned_images.reference import Digest
from pinned_images.registry.aws.sessions import AwsSessions
from pinned_images.registry.settings import RegistrySettings
from pinned_images.registry.single_flight import SingleFlight

if TYPE_CHECKING:
    from pinned_images.registry.http.http_client import HttpClient

_OK = 200


class BlobDownloader:
    """A downloader that uses the SDK's CA bundle.

    An address carries its own signature: it is sent with nothing else, follows no redirect, and is
    never shown.

    Args:
        sessions: The sessions with the SDK's settings.
        settings: The settings of retries and time-outs.
    """

    def __init__(self, sessions: AwsSessions, settings: RegistrySettings | None = None) -> None:
        self._sessions = sessions
        self._settings = settings or RegistrySettings()
        self._clients = SingleFlight[None, "HttpClient"]()

    def download(self, url: str, digest: Digest, deadline: float) -> bytes:
        """Download a blob and check its digest.

        Args:
            url: The pre-signed address.
            digest: The digest of the blob.
            deadline: When to give up, on the clock of `time.monotonic`.

        Raises:
            ResolutionError: The blob cannot be read, is too large, or is another one.
        """
        from pinned_images.registry.http.messages import Request  # noqa: PLC0415  loads urllib3

        store = f"the layer store {_host_of(url)}"
        client = self._clients.get(None, self._open)
        request = Request("GET", url, host_name=store)
        response = client.fetch(request, deadline, follow_redirects=False)
        if response.status != _OK:
            raise RegistryUnavailable(
                f"{store} answered {response.status}",
                "look at the proxies on the way, and whether the endpoint of the bucket allows it",
            )
        if not digest.matches(response.body):
            raise UntrustedAnswer(
                "the digest of the configuration that came is not the one that its manifest names",
                "look at the proxies on the way",
            )
        return response.body

    def _open(self) -> HttpClient:
        from pinned_images.registry.http.http_client import HttpClient  # noqa: PLC0415  loads urllib3

        bundle = self._sessions.setting("ca_bundle")
        environ = {**os.environ, **({"AWS_CA_BUNDLE": str(bundle)} if bundle else {})}
        return HttpClient(self._settings, environ)


def _host_of(url: str) -> str:
    """The host of a pre-signed address.

    Raises:
        RegistryUnavailable: This is no address.
    """
    try:
        parts = urlsplit(url)
        host = parts.hostname if parts.scheme in ("https", "http") else None
    except ValueError:
        host = None
    if host is None:
        raise RegistryUnavailable(
            "ECR gave no address from which the configuration could be read",
            "look at the proxies on the way, and at AWS_ENDPOINT_URL",
        )
    return host
