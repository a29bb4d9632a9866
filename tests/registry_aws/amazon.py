"""Shared parts of the tests of AWS: images, and an Amazon on loopback."""

from __future__ import annotations

import json
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from io import BytesIO
from typing import Any
from urllib.parse import parse_qs

from moto.ecr.models import ecr_backends

from pinned_images.reference import Digest, ImageReference, Platform
from pinned_images.resolution import Outcome, ResolutionRequest
from tools.example_network import client_of_moto

HOME_ACCOUNT = "123456789012"
OTHER_ACCOUNT = "210987654321"
SECRET_KEY = "the-secret-access-key"
SESSION_TOKEN = "the-session-token"

OCI_INDEX = "application/vnd.oci.image.index.v1+json"
OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json"


def host_of(account: str, region: str) -> str:
    return f"{account}.dkr.ecr.{region}.amazonaws.com"


def request_for(
    image: str, platform: str | None = None, *, select: bool = False
) -> ResolutionRequest:
    return ResolutionRequest(
        ImageReference.parse(image), Platform.parse(platform) if platform else None, select
    )


def soon() -> float:
    return time.monotonic() + 30


def manifest_of(name: str, config: bytes = b"{}") -> str:
    """The manifest of an image that is like no other."""
    blob = {
        "mediaType": "application/vnd.oci.image.config.v1+json",
        "digest": Digest.of(config),
        "size": len(config),
    }
    content = {
        "schemaVersion": 2,
        "mediaType": OCI_MANIFEST,
        "config": blob,
        "layers": [],
        "annotations": {"org.opencontainers.image.title": name},
    }
    return json.dumps(content)


def index_of(*platforms: str) -> str:
    """An index with a manifest for each platform, and an attestation for each of those."""
    entries = [_entry(platform, *platform.split("/")) for platform in platforms]
    entries += [
        _entry(f"attestation of {platform}", "unknown", "unknown") for platform in platforms
    ]
    return json.dumps({"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": entries})


def _entry(name: str, os: str, architecture: str, variant: str = "") -> dict[str, Any]:
    platform = {"os": os, "architecture": architecture}
    if variant:
        platform["variant"] = variant
    digest = Digest.of(manifest_of(name).encode())
    return {"mediaType": OCI_MANIFEST, "digest": digest, "size": 1, "platform": platform}


def digest_for(platform: str) -> Digest:
    """The digest that `index_of` gives to a platform's own manifest."""
    return Digest.of(manifest_of(platform).encode())


def operation_of(target: str | None, body: bytes) -> str:
    """The operation that a request to AWS names, in its X-Amz-Target header or in its form."""
    if target:
        return target.rpartition(".")[2]
    return parse_qs(body.decode(errors="replace")).get("Action", ["?"])[0]


class CountingApplication:
    """A WSGI application that counts the operations asked of the one behind it.

    Attributes:
        operations: How often each was asked for.
        roles: The ARN of each role that was assumed, in order.
    """

    def __init__(self, application: Callable[..., Iterable[bytes]]) -> None:
        self._application = application
        self.operations: Counter[str] = Counter()
        self.roles: list[str] = []
        self._lock = threading.Lock()

    def __call__(
        self, environ: dict[str, Any], start_response: Callable[..., Any]
    ) -> Iterable[bytes]:
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        environ["wsgi.input"] = BytesIO(body)
        with self._lock:
            self.operations[operation_of(environ.get("HTTP_X_AMZ_TARGET"), body)] += 1
            self.roles += parse_qs(body.decode(errors="replace")).get("RoleArn", [])
        return self._application(environ, start_response)


class Moto:
    """Amazon as moto plays it, over real HTTP."""

    def __init__(self, url: str, application: CountingApplication) -> None:
        self.url = url
        self._application = application

    @property
    def operations(self) -> Counter[str]:
        """The number of calls of each operation since the last `forget`."""
        return self._application.operations

    @property
    def roles(self) -> list[str]:
        """The roles that were assumed since the last `forget`."""
        return self._application.roles

    def forget(self) -> None:
        self._application.operations = Counter()
        self._application.roles = []

    def client(self, service: str, region: str, account: str = HOME_ACCOUNT) -> Any:
        """A client in an account, for a test to set things up with."""
        return client_of_moto(self.url, service, account, region)

    def push(
        self,
        repository: str,
        images: Mapping[str, str],
        region: str = "eu-west-1",
        account: str = HOME_ACCOUNT,
        media_type: str = OCI_MANIFEST,
    ) -> dict[str, Digest]:
        """Create a repository with a manifest for each tag; the digests by tag."""
        ecr = self.client("ecr", region, account)
        ecr.create_repository(repositoryName=repository)
        ecr.close()
        digests = {tag: Digest.of(manifest.encode()) for tag, manifest in images.items()}
        # The server is in this process: a request for each image takes ten times as long.
        backend = ecr_backends[account][region]
        for tag, manifest in images.items():
            # Without one, moto makes up a digest that is not that of the manifest.
            backend.put_image(repository, manifest, tag, media_type, digests[tag])
        return digests


Answer = tuple[int, Any]
Handler = Callable[[dict[str, Any]], Answer]


@dataclass
class FakeAws:
    """A server that answers as AWS does, with the answers that a test gives it.

    Attributes:
        url: Where it listens.
        answers: By operation: an answer, or a function of the request's parameters.
        blobs: By path: what the layer store gives out.
        requests: The operations and their parameters, in order.
        content_type: The type of all answers; none where it is empty.
    """

    url: str = ""
    answers: dict[str, Answer | Handler] = field(default_factory=dict)
    blobs: dict[str, tuple[int, bytes]] = field(default_factory=dict)
    requests: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    signers: list[tuple[str, str]] = field(default_factory=list)
    content_type: str = ""

    def answer(self, operation: str, parameters: dict[str, Any]) -> Answer:
        self.requests.append((operation, parameters))
        answer = self.answers.get(operation, (400, error("UnknownOperationException")))
        return answer(parameters) if callable(answer) else answer

    def asked(self, operation: str) -> list[dict[str, Any]]:
        """The parameters of each request for an operation."""
        return [parameters for name, parameters in self.requests if name == operation]


def error(code: str, message: str = "") -> dict[str, str]:
    return {"__type": code, "message": message}


def access_denied(action: str, who: str = "arn:aws:iam::123456789012:user/ci") -> Answer:
    message = f"User: {who} is not authorized to perform: {action} on resource: *"
    return 400, error("AccessDeniedException", message)


def caller(account: str = HOME_ACCOUNT) -> Answer:
    return 200, (
        "<GetCallerIdentityResponse><GetCallerIdentityResult>"
        f"<Arn>arn:aws:iam::{account}:user/ci</Arn><UserId>AIDA</UserId>"
        f"<Account>{account}</Account></GetCallerIdentityResult></GetCallerIdentityResponse>"
    )


def assumed_role() -> Answer:
    return 200, (
        "<AssumeRoleResponse><AssumeRoleResult><Credentials>"
        "<AccessKeyId>ASIAROLE</AccessKeyId><SecretAccessKey>role-secret</SecretAccessKey>"
        "<SessionToken>role-token</SessionToken><Expiration>2099-01-01T00:00:00Z</Expiration>"
        "</Credentials></AssumeRoleResult></AssumeRoleResponse>"
    )


def sts_error(code: str, message: str) -> Answer:
    return 403, (
        f"<ErrorResponse><Error><Type>Sender</Type><Code>{code}</Code>"
        f"<Message>{message}</Message></Error></ErrorResponse>"
    )


def image_answer(tag: str, manifest: str, media_type: str = OCI_MANIFEST) -> dict[str, Any]:
    digest = Digest.of(manifest.encode())
    return {
        "imageId": {"imageTag": tag, "imageDigest": digest},
        "imageManifest": manifest,
        "imageManifestMediaType": media_type,
    }


def only(outcomes: Mapping[ResolutionRequest, Outcome]) -> Outcome:
    (outcome,) = outcomes.values()
    return outcome
