"""Bodies of responses, read within bounds of length and time."""

from __future__ import annotations

import http.client
import time
import zlib

from urllib3.response import BaseHTTPResponse

from pinned_images.errors import UntrustedAnswer
from pinned_images.printable import quoted
from pinned_images.registry.http.exchange_errors import TransientError

#: The most that is read of a manifest (OCI Distribution 1.1, "Pushing Manifests": at least 4 MiB).
LONGEST_BODY = 4 * 1024 * 1024
_LONGEST_ERROR_BODY = 64 * 1024
_CHUNK = 64 * 1024


def read_body(response: BaseHTTPResponse, end: float) -> bytes:
    """The whole decoded body; of an error only the beginning.

    Args:
        response: The response, of which nothing was read yet.
        end: The value of `time.monotonic` at which it must have been read.

    Raises:
        TransientError: It did not end in time.
        UntrustedAnswer: It is too long, has another length than stated, or another coding.
    """
    limit = LONGEST_BODY if response.status < 300 else _LONGEST_ERROR_BODY  # noqa: PLR2004
    body = bytearray()
    ended = False
    try:
        while not ended and len(body) <= limit:
            if time.monotonic() > end:
                raise TransientError("its answer did not end in time", is_silent=True)
            chunk = response.read1(_CHUNK)
            body += chunk
            ended = not chunk
    finally:
        # A connection on which something is left cannot be used for another request.
        if ended:
            response.release_conn()
        else:
            response.close()
    if len(body) > LONGEST_BODY:
        raise _too_long()
    length = response.headers.get("Content-Length", "")
    if ended and body and length.isdecimal() and int(length[:12]) != len(body):
        raise UntrustedAnswer("its answer is not as long as it says", "try again later")
    coding = response.headers.get("Content-Encoding", "").strip().lower()
    if not body or coding in ("", "identity") or response.status != http.client.OK:
        return bytes(body)
    return _decoded(bytes(body), coding)


def _decoded(body: bytes, coding: str) -> bytes:
    """A body without a content coding that was not requested, as containerd decodes it too.

    Raises:
        UntrustedAnswer: The coding is another one, or the body is broken or too long.
    """
    if coding not in ("gzip", "x-gzip"):
        raise UntrustedAnswer(
            f"its answer is in the content coding {quoted(coding)}, which was not asked for",
            "check that no proxy changes what the registry sends",
        )
    decoder = zlib.decompressobj(wbits=31)
    try:
        content = decoder.decompress(body, LONGEST_BODY + 1)
    except zlib.error:
        content = b""
    if len(content) > LONGEST_BODY:
        raise _too_long()
    if not decoder.eof or decoder.unused_data:
        raise UntrustedAnswer(
            "its answer says that it is compressed, and is not",
            "check that no proxy changes what the registry sends",
        )
    return content


def _too_long() -> UntrustedAnswer:
    return UntrustedAnswer(
        f"its answer is longer than {LONGEST_BODY // 1024 // 1024} MiB, which is more than is read",
        "check that the address is that of a registry",
    )
