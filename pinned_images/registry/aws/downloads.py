"""Small blobs from the pre-signed addresses that ECR gives out."""

from __future__ import annotations

import time
from typing import Any
from urllib.parse import urlsplit

from pinned_images.errors import RegistryUnavailable, UntrustedAnswer
from pinned_images.reference import Digest
from pinned_images.registry.aws.discretion import discretion
from pinned_images.registry.failures import Failure

_LARGEST = 4 * 1024 * 1024
_TIMEOUT = 20.0
_ATTEMPTS = 3
_FIRST_WAIT = 0.2
_OK = 200
_PASSING = frozenset({429, 500, 502, 503, 504})


def download(url: str, digest: Digest, *, ca_bundle: str | None, deadline: float) -> bytes:
    """Read a blob and check it.

    The address carries its own signature: it is sent with nothing else, follows no redirect, and
    is never shown.

    Args:
        url: The pre-signed address.
        digest: The digest of the blob.
        ca_bundle: A file of certificates to trust in place of the SDK's.
        deadline: When to give up, on the clock of `time.monotonic`.

    Raises:
        Failure: The blob could not be read, is not what the digest names, or is too large.
    """
    content = _read_patiently(url, ca_bundle, deadline)
    if len(content) > _LARGEST:
        cause = f"its configuration is larger than {_LARGEST} bytes"
        raise Failure(UntrustedAnswer, cause, "check that it is an image")
    if not digest.matches(content):
        cause = "the digest of the configuration that came is not the one that its manifest names"
        raise Failure(UntrustedAnswer, cause, "look at the proxies on the way")
    return content


def _read_patiently(url: str, ca_bundle: str | None, deadline: float) -> bytes:
    store = f"the layer store {urlsplit(url).hostname}"
    cause = "was not asked"
    for attempt in range(_ATTEMPTS):
        wait = _FIRST_WAIT * attempt
        left = deadline - time.monotonic() - wait
        if left <= 0:
            raise _unavailable(f"{store} {cause} in the time there was")
        time.sleep(wait)
        try:
            with discretion():
                status, content = _get(url, ca_bundle, min(left, _TIMEOUT))
        except OSError as error:
            cause = f"gave no answer ({error})"
            continue
        if status == _OK:
            return content
        cause = f"answered {status}"
        if status not in _PASSING:
            break
    raise _unavailable(f"{store} {cause}")


def _unavailable(cause: str) -> Failure:
    return Failure(RegistryUnavailable, cause, "try again later")


def _get(url: str, ca_bundle: str | None, timeout: float) -> tuple[int, bytes]:
    """One exchange over the SDK's own HTTP layer, with its proxies and certificates.

    Raises:
        OSError: No answer; the text is the kind of failure, since details repeat the address.
    """
    from botocore.awsrequest import AWSRequest  # noqa: PLC0415 - loads late
    from botocore.exceptions import BotoCoreError  # noqa: PLC0415 - loads late
    from botocore.httpsession import URLLib3Session  # noqa: PLC0415 - loads late
    from botocore.utils import get_environ_proxies  # noqa: PLC0415 - loads late
    from urllib3.exceptions import HTTPError  # noqa: PLC0415 - loads late

    session = URLLib3Session(
        verify=ca_bundle or True,  # type: ignore[arg-type]  # the stubs are too narrow
        proxies=get_environ_proxies(url),
        timeout=timeout,  # type: ignore[arg-type]  # likewise
    )
    try:
        answer: Any = session.send(AWSRequest("GET", url, stream_output=True).prepare())
        try:
            return answer.status_code, answer.raw.read(_LARGEST + 1)
        finally:
            answer.raw.close()
    except (BotoCoreError, HTTPError) as error:
        raise OSError(type(error).__name__) from None
    finally:
        session.close()
