"""TLS contexts: CA bundles and client certificates."""

from __future__ import annotations

import logging
import os
import ssl
from collections.abc import Mapping
from pathlib import Path

from pinned_images.errors import RegistryUnavailable

_logger = logging.getLogger(__name__)

# OpenSSL itself reads SSL_CERT_FILE and SSL_CERT_DIR in place of the system's own store, but says
# nothing of a file that it cannot use; the other two name bundles for Python and for the
# AWS SDKs.
_BUNDLES = ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "AWS_CA_BUNDLE")


def certificate_folder(netloc: str, environ: Mapping[str, str]) -> Path | None:
    """The folder of docker's or podman's certificates for one host, the user's own first.

    Docker's manual, "Verify repository client with certificates"; containers-certs.d(5).

    Args:
        netloc: The host, with a port where the reference has one.
        environ: Where the user's home is named.
    """
    if not netloc.strip("."):
        return None
    home = Path(environ.get("HOME") or environ.get("USERPROFILE") or "~").expanduser()
    configuration = Path(environ.get("XDG_CONFIG_HOME") or home / ".config")
    places = (
        home / ".docker",
        configuration / "docker",
        configuration / "containers",
        Path("/etc/docker"),
        Path("/etc/containers"),
    )
    folders = (place / "certs.d" / netloc for place in places)
    return next((folder for folder in folders if folder.is_dir()), None)


def tls_context(environ: Mapping[str, str], folder: Path | None = None) -> ssl.SSLContext:
    """A TLS context with the system's store and every configured bundle.

    Args:
        environ: Where bundles are named.
        folder: Certificates for one host, as docker and podman keep them: authorities in
            ``*.crt``, and a certificate of our own in ``*.cert`` with its ``*.key``.

    Raises:
        ResolutionError: A bundle cannot be read, so a corporate registry could not be verified.
    """
    context = ssl.create_default_context()
    for variable in _BUNDLES:
        path = environ.get(variable)
        if path:
            _load_bundle(context, path, f"which {variable} names", f"correct {variable}")
    if folder is not None:
        for authority in sorted(folder.glob("*.crt")):
            _load_bundle(context, str(authority), "which docker and podman use too", "correct it")
        for own in sorted(folder.glob("*.cert")):
            _load_own(context, own)
    return context


def _load_bundle(context: ssl.SSLContext, path: str, why: str, remedy: str) -> None:
    try:
        if os.path.isdir(path):  # noqa: PTH112  # a path as OpenSSL takes it
            context.load_verify_locations(capath=path)
        else:
            context.load_verify_locations(cafile=path)
    except (OSError, ssl.SSLError):
        raise RegistryUnavailable(
            f"the certificates in {path!r}, {why}, cannot be read",
            f"{remedy} or the file",
        ) from None


def _load_own(context: ssl.SSLContext, certificate: Path) -> None:
    key = certificate.with_suffix(".key")
    try:
        context.load_cert_chain(certificate, key, password="")
    except PermissionError:
        # Docker's daemon reads it as root; a registry that wants it will say so.
        _logger.debug("The key %s may not be read and is not used", key)
    except (OSError, ssl.SSLError):
        raise RegistryUnavailable(
            f"the certificate in {str(certificate)!r}, or its key, cannot be read",
            "correct it, or take it away if no registry asks for it",
        ) from None
