"""All images of a synth at once."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from pinned_images.errors import AccessDenied, ImageNotFound, RegistryUnavailable
from pinned_images.reference import ImageReference, Platform
from pinned_images.registry import RegistryResolver, RegistrySettings
from pinned_images.registry.lanes import Task, finish
from pinned_images.registry.retries import RetryPolicy
from pinned_images.resolution import Outcome, ResolutionRequest
from tests.registry.images import Image, make_image
from tests.registry.loopback import LoopbackServer, Received, Reply
from tests.registry.scripted import ScriptedRegistry
from tests.registry.user import SETTINGS, Home, require_resolution
from tests.registry_aws.amazon import caller, image_answer, manifest_of, operation_of

AMD64 = Platform("linux", "amd64")
ARM64 = Platform("linux", "arm64")


def resolve(*requests: ResolutionRequest, **options: object) -> list[Outcome]:
    """The outcomes in the order of the requests."""
    settings = RegistrySettings(**{**SETTINGS, **options})
    outcomes = RegistryResolver(settings).resolve(requests)
    assert set(outcomes) == set(requests)
    return [outcomes[request] for request in requests]


def test_nothing_is_asked_for_nothing() -> None:
    assert RegistryResolver().resolve([]) == {}


def test_a_repetition_is_asked_once(registry: ScriptedRegistry, image: Image) -> None:
    request = ResolutionRequest(registry.reference())
    outcomes = resolve(request, request, ResolutionRequest(registry.reference()))
    assert {require_resolution(outcome).digest for outcome in outcomes} == {image.top}
    assert len(registry.server.requests) == 1


def test_a_tag_is_read_once_for_all_platforms(registry: ScriptedRegistry, image: Image) -> None:
    reference = registry.reference()
    whole, amd64, arm64 = resolve(
        ResolutionRequest(reference),
        ResolutionRequest(reference, AMD64),
        ResolutionRequest(reference, ARM64, select=True),
    )
    assert require_resolution(whole).digest == require_resolution(amd64).digest == image.top
    assert require_resolution(arm64).digest == make_image(architecture="arm64").top
    assert [each.method for each in registry.server.requests] == ["GET"]


def test_a_tag_that_moves_meanwhile_gives_one_digest(registry: ScriptedRegistry) -> None:
    reference = registry.reference()
    first = registry.images["team/app", "v1"]

    def move(received: Received) -> Reply:
        reply = registry.honest(received)
        moved = make_image(salt="moved")
        manifests = {**first.manifests, **moved.manifests}
        registry.images["team/app", "v1"] = Image(moved.top, manifests, first.blobs)
        return reply

    registry.plan.append(move)
    outcomes = resolve(ResolutionRequest(reference), ResolutionRequest(reference, AMD64))
    assert [require_resolution(outcome).digest for outcome in outcomes] == [first.top] * 2


def test_what_fails_hurts_nobody_else(registry: ScriptedRegistry, image: Image) -> None:
    found, missing = resolve(
        ResolutionRequest(registry.reference(tag="v1")),
        ResolutionRequest(registry.reference(tag="v9")),
    )
    assert require_resolution(found).digest == image.top
    assert isinstance(missing, ImageNotFound)


def many(registry: ScriptedRegistry, count: int) -> list[ResolutionRequest]:
    for number in range(count):
        registry.add("team/many", f"v{number}", make_image(salt=str(number)))
    return [
        ResolutionRequest(registry.reference("team/many", f"v{number}")) for number in range(count)
    ]


def test_images_are_asked_for_side_by_side(registry: ScriptedRegistry) -> None:
    """Nobody is answered before four have asked."""
    together = threading.Barrier(4)

    def wait(_: Received) -> None:
        together.wait(20)

    registry.plan.extend([wait] * 4)
    for outcome in resolve(*many(registry, 4), request_timeout=20):
        require_resolution(outcome)


def test_a_host_is_asked_by_no_more_than_allowed(registry: ScriptedRegistry) -> None:
    for outcome in resolve(*many(registry, 30), concurrency=3):
        require_resolution(outcome)
    assert registry.server.most_at_once <= 3
    assert registry.server.connections <= 3


def test_connections_and_what_was_learned_are_kept_for_the_next_call(
    registry: ScriptedRegistry, home: Home
) -> None:
    registry.require_basic("user", "open sesame")
    home.log_in(registry.server.netloc, "user", "open sesame")
    resolver = RegistryResolver(RegistrySettings(**SETTINGS))
    for _ in range(3):
        resolver.resolve([ResolutionRequest(registry.reference())])
    assert registry.server.connections == 1
    assert len(registry.server.requests) == 4


def test_one_host_that_hangs_leaves_the_others_their_answers(
    registry: ScriptedRegistry, image: Image, make_registry: Callable[..., ScriptedRegistry]
) -> None:
    hanging = make_registry()
    released = threading.Event()

    def hang(_: Received) -> Reply:
        released.wait(30)
        return Reply(200)

    hanging.protection = hang
    started = time.monotonic()
    answered, late = resolve(
        ResolutionRequest(registry.reference()),
        ResolutionRequest(hanging.reference()),
        deadline=0.8,
        request_timeout=20.0,
        retry=RetryPolicy(attempts=2, first_wait=0.01),
    )
    released.set()
    assert require_resolution(answered).digest == image.top
    assert isinstance(late, RegistryUnavailable)
    assert hanging.server.netloc in str(late)
    assert time.monotonic() - started < 10


REQUEST = ResolutionRequest(ImageReference.parse("ghcr.io/team/app:v1"))


def test_whoever_is_stuck_is_not_waited_for() -> None:
    stuck = threading.Event()

    def ask(_: float) -> dict[ResolutionRequest, Outcome]:
        stuck.wait(60)
        return {}

    outcomes = finish([Task("ghcr.io", (REQUEST,), ask)], time.monotonic() - 0.9, 1)
    stuck.set()
    assert isinstance(outcomes[REQUEST], RegistryUnavailable)
    assert "ghcr.io gave no answer" in str(outcomes[REQUEST])


def test_what_nobody_expects_becomes_an_error_that_tells_no_secret() -> None:
    def ask(_: float) -> dict[ResolutionRequest, Outcome]:
        raise KeyError("hunter2")

    outcomes = finish([Task("ghcr.io", (REQUEST,), ask)], time.monotonic() + 20, 1)
    assert isinstance(outcomes[REQUEST], RegistryUnavailable)
    assert "an unexpected KeyError" in str(outcomes[REQUEST])
    assert "hunter2" not in str(outcomes[REQUEST])


ECR = "123456789012.dkr.ecr.eu-west-1.amazonaws.com"
SECRET = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:registry-AbCdEf"


class Amazon:
    """An AWS on loopback that has one image and one secret."""

    def __init__(self, make_server: Callable[..., LoopbackServer]) -> None:
        self.operations: list[str] = []
        self.repositories: list[str] = []
        self.secret: str | None = None
        self.has_image = True
        self.manifest = manifest_of("from ECR")
        self.server = make_server(self._respond)

    def _respond(self, received: Received) -> Reply:
        operation = operation_of(received.headers.get("x-amz-target"), received.body)
        self.operations.append(operation)
        status, content = self._answer(operation, received)
        body = content if isinstance(content, str) else json.dumps(content)
        return Reply(status, {"Content-Type": "application/x-amz-json-1.1"}, body.encode())

    def _answer(self, operation: str, received: Received) -> tuple[int, object]:
        if operation == "GetCallerIdentity":
            return caller()
        if operation == "BatchGetImage":
            asked = json.loads(received.body)
            self.repositories.append(asked["repositoryName"])
            tag = asked["imageIds"][0]["imageTag"]
            if self.has_image:
                return 200, {"images": [image_answer(tag, self.manifest)], "failures": []}
            failure = {"imageId": {"imageTag": tag}, "failureCode": "ImageNotFound"}
            return 200, {"images": [], "failures": [failure]}
        if operation == "DescribePullThroughCacheRules":
            return 200, {"pullThroughCacheRules": []}
        if operation == "GetSecretValue" and self.secret is not None:
            return 200, {"SecretString": self.secret}
        return 400, {"__type": "AccessDeniedException", "message": "not authorized"}


@pytest.fixture
def amazon(
    make_server: Callable[..., LoopbackServer], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Amazon:
    made = Amazon(make_server)
    for name in ("AWS_PROFILE", "AWS_REGION", "AWS_DEFAULT_REGION", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_ENDPOINT_URL", made.server.url)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "the-key")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    return made


class TestPrivateEcr:
    """Amazon's own registries are asked through Amazon's API."""

    def test_images_there_and_elsewhere_are_resolved_in_one_go(
        self, amazon: Amazon, registry: ScriptedRegistry, image: Image
    ) -> None:
        there, elsewhere = resolve(
            ResolutionRequest(ImageReference.parse(f"{ECR}/shop/web:v1")),
            ResolutionRequest(registry.reference()),
        )
        assert require_resolution(there).source == "ecr-api"
        assert require_resolution(elsewhere).digest == image.top
        assert amazon.repositories == ["shop/web"]

    def test_a_mirror_there_is_asked_for_the_image_under_its_prefix(self, amazon: Amazon) -> None:
        (outcome,) = resolve(
            ResolutionRequest(ImageReference.parse("nginx:1.25")),
            mirrors={"docker.io": f"https://{ECR}/docker-hub"},
        )
        assert require_resolution(outcome).source == "mirror"
        assert amazon.repositories == ["docker-hub/library/nginx"]

    def test_a_mirror_there_that_misses_is_the_last_word(
        self, amazon: Amazon, registry: ScriptedRegistry
    ) -> None:
        amazon.has_image = False
        (outcome,) = resolve(
            ResolutionRequest(registry.reference()),
            mirrors={registry.server.netloc: f"https://{ECR}/cache"},
        )
        assert isinstance(outcome, ImageNotFound)
        assert registry.server.requests == []

    def test_a_mirror_there_that_misses_is_passed_over_where_the_user_says_so(
        self, amazon: Amazon, registry: ScriptedRegistry, image: Image
    ) -> None:
        amazon.has_image = False
        (outcome,) = resolve(
            ResolutionRequest(registry.reference()),
            mirrors={registry.server.netloc: f"https://{ECR}/cache"},
            mirror_fallback=True,
        )
        resolution = require_resolution(outcome)
        assert (resolution.digest, resolution.source) == (image.top, "registry")


class TestWorkloadSecrets:
    """The credentials that a container pulls with are used for its image."""

    def test_a_secret_opens_the_images_that_name_it(
        self, amazon: Amazon, registry: ScriptedRegistry
    ) -> None:
        amazon.secret = json.dumps({"username": "workload", "password": "its own"})
        registry.require_basic("workload", "its own")
        requests = [
            ResolutionRequest(request.reference, credentials_parameter=SECRET)
            for request in many(registry, 5)
        ]
        for outcome in resolve(*requests):
            require_resolution(outcome)
        assert amazon.operations.count("GetSecretValue") == 1

    def test_a_secret_opens_no_other_image(
        self, amazon: Amazon, registry: ScriptedRegistry
    ) -> None:
        amazon.secret = json.dumps({"username": "workload", "password": "its own"})
        registry.require_basic("workload", "its own")
        reference = registry.reference()
        with_secret, without = resolve(
            ResolutionRequest(reference, credentials_parameter=SECRET),
            ResolutionRequest(reference),
        )
        require_resolution(with_secret)
        assert isinstance(without, AccessDenied)

    def test_where_it_cannot_be_read_other_credentials_are_tried(
        self, amazon: Amazon, registry: ScriptedRegistry, image: Image, home: Home
    ) -> None:
        registry.require_basic("user", "open sesame")
        home.log_in(registry.server.netloc, "user", "open sesame")
        (outcome,) = resolve(ResolutionRequest(registry.reference(), credentials_parameter=SECRET))
        assert require_resolution(outcome).digest == image.top
        assert "GetSecretValue" in amazon.operations

    def test_where_nothing_helps_the_error_says_so(
        self, amazon: Amazon, registry: ScriptedRegistry
    ) -> None:
        registry.require_basic("workload", "its own")
        (outcome,) = resolve(ResolutionRequest(registry.reference(), credentials_parameter=SECRET))
        assert isinstance(outcome, AccessDenied)
        assert f"docker login {registry.server.netloc}" in str(outcome)
        assert "The workload's own credentials were not tried" in str(outcome)
        assert SECRET in str(outcome)
        assert "GetSecretValue" in amazon.operations

    def test_a_mirror_is_never_shown_it(
        self,
        amazon: Amazon,
        registry: ScriptedRegistry,
        make_registry: Callable[..., ScriptedRegistry],
    ) -> None:
        amazon.secret = json.dumps({"username": "workload", "password": "its own"})
        mirror = make_registry()
        mirror.require_basic("workload", "its own")
        (outcome,) = resolve(
            ResolutionRequest(registry.reference(), credentials_parameter=SECRET),
            mirrors={registry.server.netloc: mirror.server.url},
        )
        assert isinstance(outcome, AccessDenied)
        assert amazon.operations == []
