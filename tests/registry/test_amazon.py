"""Images in private ECR, and images behind secrets in Secrets Manager, through the resolver."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from pinned_images.errors import AccessDenied, ImageNotFound
from pinned_images.reference import ImageReference, Platform
from pinned_images.resolution import ResolutionRequest
from tests.registry.images import Image, make_image
from tests.registry.internet import Internet
from tests.registry.loopback import LoopbackServer, Received, Reply
from tests.registry.scripted import ScriptedRegistry
from tests.registry.user import Home, require_resolution, resolve_together
from tests.registry_aws.amazon import caller, image_answer, manifest_of, operation_of, sts_error

AMD64 = Platform("linux", "amd64")
ECR = "123456789012.dkr.ecr.eu-west-1.amazonaws.com"
SECRET = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:registry-AbCdEf"
STS = {"GetCallerIdentity": caller(), "AssumeRole": sts_error("AccessDenied", "not authorized")}


class Amazon:
    """An AWS on loopback that has one image and one secret."""

    def __init__(self, make_server: Callable[..., LoopbackServer]) -> None:
        self.operations: list[str] = []
        self.repositories: list[str] = []
        self.secret: str | None = None
        self.has_image = True
        self.refuses = False
        self.manifest = manifest_of("from ECR")
        self.server = make_server(self._respond)

    def _respond(self, received: Received) -> Reply:
        operation = operation_of(received.headers.get("x-amz-target"), received.body)
        self.operations.append(operation)
        status, content = self._answer(operation, received)
        body = content if isinstance(content, str) else json.dumps(content)
        return Reply(status, {"Content-Type": "application/x-amz-json-1.1"}, body.encode())

    def _answer(self, operation: str, received: Received) -> tuple[int, object]:
        if operation in STS:
            return STS[operation]
        if operation == "BatchGetImage" and not self.refuses:
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
    """Amazon's own registries are resolved through Amazon's API."""

    def test_images_there_and_elsewhere_are_resolved_in_one_go(
        self, amazon: Amazon, registry: ScriptedRegistry, image: Image
    ) -> None:
        there, elsewhere = resolve_together(
            ResolutionRequest(ImageReference.parse(f"{ECR}/shop/web:v1")),
            ResolutionRequest(registry.reference()),
        )
        assert require_resolution(there).source == "ecr-api"
        assert require_resolution(elsewhere).digest == image.top
        assert amazon.repositories == ["shop/web"]

    def test_a_mirror_there_is_asked_for_the_image_under_its_prefix(self, amazon: Amazon) -> None:
        (outcome,) = resolve_together(
            ResolutionRequest(ImageReference.parse("nginx:1.25")),
            mirrors={"docker.io": f"https://{ECR}/docker-hub"},
        )
        assert require_resolution(outcome).source == "mirror"
        assert amazon.repositories == ["docker-hub/library/nginx"]

    def test_a_mirror_there_that_misses_is_the_last_word(
        self, amazon: Amazon, registry: ScriptedRegistry
    ) -> None:
        amazon.has_image = False
        (outcome,) = resolve_together(
            ResolutionRequest(registry.reference()),
            mirrors={registry.server.netloc: f"https://{ECR}/cache"},
        )
        assert isinstance(outcome, ImageNotFound)
        assert registry.server.requests == []

    def test_a_mirror_there_that_misses_is_passed_over_where_the_user_says_so(
        self, amazon: Amazon, registry: ScriptedRegistry, image: Image
    ) -> None:
        amazon.has_image = False
        (outcome,) = resolve_together(
            ResolutionRequest(registry.reference()),
            mirrors={registry.server.netloc: f"https://{ECR}/cache"},
            mirror_fallback=True,
        )
        resolution = require_resolution(outcome)
        assert (resolution.digest, resolution.source) == (image.top, "registry")


class TestDockerLoginToPrivateEcr:
    """Where Amazon's API denies access, ``docker login`` may have left credentials."""

    @pytest.fixture(autouse=True, params=["no keys", "keys that are refused"])
    def refused(
        self, request: pytest.FixtureRequest, amazon: Amazon, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("NO_PROXY", "127.0.0.1")
        amazon.refuses = True
        if request.param == "no keys":
            monkeypatch.delenv("AWS_ACCESS_KEY_ID")
            monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")

    @pytest.fixture
    def ecr(self, internet: Internet) -> ScriptedRegistry:
        made = internet.registry(ECR)
        made.add("shop/web", "v1", make_image())
        made.require_basic("AWS", "open sesame")
        return made

    @pytest.mark.usefixtures("ecr")
    def test_it_is_used_at_the_registry_itself(self, home: Home) -> None:
        home.log_in(ECR, "AWS", "open sesame")
        (outcome,) = resolve_together(
            ResolutionRequest(ImageReference.parse(f"{ECR}/shop/web:v1"), AMD64)
        )
        resolution = require_resolution(outcome)
        assert (resolution.digest, resolution.source) == (make_image().top, "registry")

    @pytest.mark.usefixtures("ecr")
    def test_where_it_is_refused_too_both_refusals_are_told(self, home: Home) -> None:
        home.log_in(ECR, "AWS", "an old password")
        (outcome,) = resolve_together(ResolutionRequest(ImageReference.parse(f"{ECR}/shop/web:v1")))
        assert isinstance(outcome, AccessDenied)
        assert "AWS credentials" in str(outcome) or "may not call" in str(outcome)
        assert "Nor did docker's credentials help" in str(outcome)
        assert "refused the credentials from the file" in str(outcome)

    def test_without_one_the_registry_is_not_asked(self, internet: Internet) -> None:
        (outcome,) = resolve_together(ResolutionRequest(ImageReference.parse(f"{ECR}/shop/web:v1")))
        assert isinstance(outcome, AccessDenied)
        assert internet.visited == []

    def test_a_broken_configuration_does_not_hide_what_aws_said(self, home: Home) -> None:
        home.docker_config("{")
        (outcome,) = resolve_together(ResolutionRequest(ImageReference.parse(f"{ECR}/shop/web:v1")))
        assert isinstance(outcome, AccessDenied)
        assert "AWS credentials" in str(outcome) or "may not call" in str(outcome)


class TestWorkloadSecrets:
    """The credentials that a container pulls with are used for its image."""

    def test_a_secret_opens_the_images_that_name_it(
        self, amazon: Amazon, registry: ScriptedRegistry
    ) -> None:
        amazon.secret = json.dumps({"username": "workload", "password": "its own"})
        registry.require_basic("workload", "its own")
        requests = [
            ResolutionRequest(registry.reference(tag=tag), credentials_parameter=SECRET)
            for tag in map(str, range(5))
        ]
        for request in requests:
            registry.add("team/app", request.reference.tag or "", make_image())
        for outcome in resolve_together(*requests):
            require_resolution(outcome)
        assert amazon.operations.count("GetSecretValue") == 1

    def test_a_secret_opens_no_other_image(
        self, amazon: Amazon, registry: ScriptedRegistry
    ) -> None:
        amazon.secret = json.dumps({"username": "workload", "password": "its own"})
        registry.require_basic("workload", "its own")
        reference = registry.reference()
        with_secret, without = resolve_together(
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
        (outcome,) = resolve_together(
            ResolutionRequest(registry.reference(), credentials_parameter=SECRET)
        )
        assert require_resolution(outcome).digest == image.top
        assert "GetSecretValue" in amazon.operations

    def test_where_nothing_helps_the_error_says_so(
        self, amazon: Amazon, registry: ScriptedRegistry
    ) -> None:
        registry.require_basic("workload", "its own")
        (outcome,) = resolve_together(
            ResolutionRequest(registry.reference(), credentials_parameter=SECRET)
        )
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
        (outcome,) = resolve_together(
            ResolutionRequest(registry.reference(), credentials_parameter=SECRET),
            mirrors={registry.server.netloc: mirror.server.url},
        )
        assert isinstance(outcome, AccessDenied)
        assert amazon.operations == []
