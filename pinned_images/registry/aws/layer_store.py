"""Small blobs from the pre-signed addresses that ECR gives out."""

from __future__ import annotations

import time
from functools import partial
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from pinned_images.errors import RegistryUnavailable, UntrustedAnswer
from pinned_images.reference import Digest
from pinned_images.registry.aws.discretion import discretion
from pinned_images.registry.aws.sessions import AwsSessions
from pinned_images.registry.single_flight import SingleFlight

if TYPE_CHECKING:
    from botocore.httpsession import URLLib3Session

_LARGEST = 4 * 1024 * 1024
_TIMEOUT = 20.0
_CONNECTIONS = 16
_ATTEMPTS = 3
_FIRST_WAIT = 0.2
_OK = 200
_PASSING = frozenset({429, 500, 502, 503, 504})


class LayerStore:
    """Reads blobs over the SDK's own HTTP layer, with its proxies and certificates.

    An address carries its own signature: it is sent with nothing else, follows no redirect, and is
    never shown. Connections are kept for the next blob.

    Args:
        sessions: Where the SDK's settings stand.
    """

    def __init__(self, sessions: AwsSessions) -> None:
        self._sessions = sessions
        self._connections = SingleFlight[tuple[str, str], "URLLib3Session"]()

    def download(self, url: str, digest: Digest, deadline: float) -> bytes:
        """Read a blob and check it.

        Args:
            url: The pre-signed address.
            digest: The digest of the blob.
            deadline: When to give up, on the clock of `time.monotonic`.

        Raises:
            ResolutionError: The blob cannot be read, is too large, or is another one.
        """
        content = self._read_patiently(url, deadline)
        if len(content) > _LARGEST:
            cause = f"its configuration is larger than {_LARGEST} bytes"
            raise UntrustedAnswer(cause, "check that it is an image")
        if not digest.matches(content):
            cause = (
                "the digest of the configuration that came is not the one that its manifest names"
            )
            raise UntrustedAnswer(cause, "look at the proxies on the way")
        return content

    def _read_patiently(self, url: str, deadline: float) -> bytes:
        store = f"the layer store {urlsplit(url).hostname}"
        cause = "was not asked"
        for attempt in range(_ATTEMPTS):
            wait = _FIRST_WAIT * attempt
            if time.monotonic() + wait >= deadline:
                raise _unavailable(f"{store} {cause} in the time there was")
            time.sleep(wait)
            try:
                with discretion():
                    status, content = self._get(url)
            except OSError as error:
                cause = f"gave no answer ({error})"
                continue
            if status == _OK:
                return content
            cause = f"answered {status}"
            if status not in _PASSING:
                break
        raise _unavailable(f"{store} {cause}")

    def _get(self, url: str) -> tuple[int, bytes]:
        """One exchange.

        Raises:
            OSError: No answer; the text is the kind of failure, since details repeat the address.
        """
        from botocore.awsrequest import AWSRequest  # noqa: PLC0415 - loads late
        from botocore.exceptions import BotoCoreError  # noqa: PLC0415 - loads late
        from urllib3.exceptions import HTTPError  # noqa: PLC0415 - loads late

        parts = urlsplit(url)
        connections = self._connections.get(
            (parts.scheme, parts.netloc), partial(self._connect, url)
        )
        try:
            answer: Any = connections.send(AWSRequest("GET", url, stream_output=True).prepare())
            content = answer.raw.read(_LARGEST + 1)
            # A connection on which something is left cannot be used for another blob.
            answer.raw.close() if len(content) > _LARGEST else answer.raw.release_conn()
        except (BotoCoreError, HTTPError) as error:
            raise OSError(type(error).__name__) from None
        length = answer.headers.get("Content-Length", "")
        if length.isdecimal() and len(content) < min(int(length), _LARGEST):
            raise OSError("only a part came")
        return answer.status_code, content

    def _connect(self, url: str) -> URLLib3Session:
        from botocore.httpsession import URLLib3Session  # noqa: PLC0415 - loads late
        from botocore.utils import get_environ_proxies  # noqa: PLC0415 - loads late

        return URLLib3Session(
            verify=self._sessions.setting("ca_bundle") or True,
            proxies=get_environ_proxies(url),
            timeout=_TIMEOUT,  # type: ignore[arg-type]  # the stubs are too narrow
            max_pool_connections=_CONNECTIONS,
        )


def _unavailable(cause: str) -> RegistryUnavailable:
    return RegistryUnavailable(cause, "try again later")
