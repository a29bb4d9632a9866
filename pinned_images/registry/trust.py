"""Whose certificates are believed."""

from __future__ import annotations

import os
import ssl
from collections.abc import Mapping

from pinned_images.errors import RegistryUnavailable
from pinned_images.registry.failures import Failure

# OpenSSL itself reads SSL_CERT_FILE and SSL_CERT_DIR in place of the system's own store, but says
# nothing of a file that it cannot use; the other two name what people added for Python and for the
# AWS SDKs.
_BUNDLES = ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "AWS_CA_BUNDLE")


def tls_context(environ: Mapping[str, str]) -> ssl.SSLContext:
    """A context that believes the system's store and every bundle that the environment names.

    Raises:
        Failure: A named bundle cannot be read, so a corporate registry could not be verified.
    """
    context = ssl.create_default_context()
    for variable in _BUNDLES:
        path = environ.get(variable)
        if path:
            _load(context, variable, path)
    return context


def _load(context: ssl.SSLContext, variable: str, path: str) -> None:
    try:
        if os.path.isdir(path):  # noqa: PTH112  # a path as OpenSSL takes it
            context.load_verify_locations(capath=path)
        else:
            context.load_verify_locations(cafile=path)
    except (OSError, ssl.SSLError):
        raise _unreadable(variable, path) from None


def _unreadable(variable: str, path: str) -> Failure:
    return Failure(
        RegistryUnavailable,
        f"the certificates in {path!r}, which {variable} names, cannot be read",
        f"correct {variable} or the file",
    )
