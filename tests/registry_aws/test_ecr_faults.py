"""Failures of ECR, and the errors that they become."""

from __future__ import annotations

import json
import socket
import time
from typing import Any

import botocore.session
import pytest
from botocore.retries.bucket import TokenBucket

from pinned_images.errors import (
    AccessDenied,
    ImageNotFound,
    PlatformMismatch,
    RegistryUnavailable,
    ResolutionError,
    UntrustedAnswer,
)
from pinned_images.reference import Digest
from pinned_images.registry.aws.ecr import EcrResolver
from pinned_images.registry.aws.image_failures import FAILURES
from pinned_images.resolution import Outcome, Resolution
from tests.registry_aws.amazon import (
    HOME_ACCOUNT,
    OCI_MANIFEST,
    Answer,
    FakeAws,
    access_denied,
    error,
    host_of,
    image_answer,
    manifest_of,
    only,
    request_for,
    soon,
    sts_error,
)

HOST = host_of(HOME_ACCOUNT, "eu-west-1")
IMAGE = f"{HOST}/app:v1"
DOCKER_SCHEMA_1 = "application/vnd.docker.distribution.manifest.v1+prettyjws"


def failure(tag: str, code: str, reason: str = "") -> dict[str, Any]:
    return {"imageId": {"imageTag": tag}, "failureCode": code, "failureReason": reason}


def ask(image: str = IMAGE, platform: str | None = None) -> Outcome:
    return only(EcrResolver().resolve([request_for(image, platform)], soon()))


def one_sentence(outcome: Outcome, kind: type[ResolutionError]) -> str:
    """The text of an error, which names image and registry and stands on one line."""
    assert isinstance(outcome, kind), outcome
    text = str(outcome)
    assert "\n" not in text
    assert text.startswith("The image '")
    assert HOST in text
    assert text.endswith(".")
    return text


def test_every_failure_code_of_the_api_has_its_meaning() -> None:
    model = botocore.session.get_session().get_service_model("ecr")
    codes: Any = model.shape_for("ImageFailureCode")

    assert set(codes.enum) <= set(FAILURES)


@pytest.mark.parametrize("code", [*FAILURES, "SomethingNew"])
def test_an_image_that_ecr_does_not_give_is_an_error_that_names_the_code(
    fake_aws: FakeAws, code: str
) -> None:
    fake_aws.answers["BatchGetImage"] = 200, {"failures": [failure("v1", code, "It is so.")]}
    kind = FAILURES[code][0] if code in FAILURES else ResolutionError

    text = one_sentence(ask(), kind)

    assert f"({code}: It is so)" in text


REFUSALS = {
    "no permission": (access_denied("ecr:BatchGetImage"), "ecr:BatchGetImage on resource"),
    "expired": ((400, error("ExpiredTokenException")), "have expired"),
    "unknown key": ((400, error("UnrecognizedClientException")), "are not valid in account"),
}


@pytest.mark.parametrize(("answer", "words"), REFUSALS.values(), ids=REFUSALS.keys())
def test_a_refusal_of_everyone_names_action_identities_and_ways_out(
    fake_aws: FakeAws, answer: Answer, words: str
) -> None:
    fake_aws.answers["BatchGetImage"] = answer

    text = one_sentence(ask(), AccessDenied)

    assert words in text
    assert f"arn:aws:iam::{HOME_ACCOUNT}:user/ci" in text
    assert f"role/cdk-hnb659fds-lookup-role-{HOME_ACCOUNT}-eu-west-1" in text
    assert "allow ecr:BatchGetImage to one of them" in text
    assert f"PinImages(ecr_roles={{'{HOME_ACCOUNT}': 'arn:...'}})" in text


def test_a_message_about_a_wrong_signature_is_not_quoted(fake_aws: FakeAws) -> None:
    secret = "x-amz-security-token:the-session-token"
    answer = 403, error("InvalidSignatureException", f"The canonical request was {secret}")
    fake_aws.answers["BatchGetImage"] = answer

    assert secret not in one_sentence(ask(), AccessDenied)


CLOCKS = {
    "behind": (
        "InvalidSignatureException",
        (
            "Signature expired: 20261126T140000Z is now earlier than 20261126T141500Z "
            "(20261126T142000Z - 5 min.)"
        ),
    ),
    "ahead": (
        "SignatureDoesNotMatch",
        (
            "Signature not yet current: 20261126T150000Z is still later than 20261126T142500Z "
            "(20261126T142000Z + 5 min.)"
        ),
    ),
}


@pytest.mark.parametrize(("code", "message"), CLOCKS.values(), ids=CLOCKS.keys())
def test_a_wrong_clock_is_named_with_the_times_that_aws_tells(
    fake_aws: FakeAws, code: str, message: str
) -> None:
    secret = "The canonical request was x-amz-security-token:the-session-token"
    fake_aws.answers["BatchGetImage"] = 400, error(code, f"{message} {secret}")

    text = one_sentence(ask(), AccessDenied)

    assert f"the clock of this machine differs from that of AWS ({message.rstrip('.')})" in text
    assert "set the clock" in text
    assert "the-session-token" not in text
    assert "allow ecr:BatchGetImage" not in text


def test_a_wrong_clock_is_named_where_the_caller_is_asked_for(fake_aws: FakeAws) -> None:
    code, message = CLOCKS["behind"]
    fake_aws.answers["GetCallerIdentity"] = sts_error(code, message)
    fake_aws.answers["BatchGetImage"] = 400, error(code, message)

    assert "the clock of this machine" in one_sentence(ask(), AccessDenied)


@pytest.mark.parametrize(("region", "is_told"), [("eu-west-1", False), ("ap-east-1", True)])
def test_a_region_that_has_to_be_enabled_first_is_named(
    fake_aws: FakeAws, region: str, *, is_told: bool
) -> None:
    """AWS says no more than that the credentials are not valid there."""
    fake_aws.answers["BatchGetImage"] = 400, error("UnrecognizedClientException", "It is invalid")

    text = str(ask(f"{host_of(HOME_ACCOUNT, region)}/app:v1"))

    assert f"are not valid in account {HOME_ACCOUNT}, {region}" in text
    assert (f"enable {region} for the account" in text) is is_told


def test_a_region_that_sts_calls_disabled_is_named(fake_aws: FakeAws) -> None:
    fake_aws.answers["BatchGetImage"] = access_denied("ecr:BatchGetImage")
    message = "STS is not activated in this region for account:123456789012."
    fake_aws.answers["AssumeRole"] = sts_error("RegionDisabledException", message)

    text = one_sentence(ask(), AccessDenied)

    assert "the region eu-west-1 is not enabled in" in text


@pytest.mark.parametrize("status", [302, 400, 403, 404])
@pytest.mark.parametrize("content_type", ["", "text/html; charset=utf-8"])
def test_a_page_that_a_proxy_sends_is_not_taken_for_an_answer_of_aws(
    fake_aws: FakeAws, status: int, content_type: str
) -> None:
    fake_aws.content_type = content_type
    page = "<!DOCTYPE html><html><body>Log in, <b>alice</b></body></html>"
    fake_aws.answers["BatchGetImage"] = status, page

    text = one_sentence(ask(), RegistryUnavailable)

    assert "HTTPS_PROXY" in text
    assert "AWS_ENDPOINT_URL" in text
    assert "alice" not in text
    assert "allow ecr:BatchGetImage" not in text


UNAVAILABLE = {
    "throttling": ((400, error("ThrottlingException", "Rate exceeded")), "throttled"),
    "too many requests": ((429, error("TooManyRequestsException")), "throttled"),
    "limit": ((400, error("LimitExceededException")), "throttled"),
    "server": ((500, error("ServerException")), "was asked (500 ServerException)"),
    "gateway": ((503, "<html>"), "was asked (503)"),
}


@pytest.mark.parametrize(("answer", "words"), UNAVAILABLE.values(), ids=UNAVAILABLE.keys())
def test_what_may_pass_is_unavailable(fake_aws: FakeAws, answer: Answer, words: str) -> None:
    fake_aws.answers["BatchGetImage"] = answer

    text = one_sentence(ask(), RegistryUnavailable)

    assert words in text
    assert "try again later" in text


def test_throttling_is_retried_by_the_sdk(
    fake_aws: FakeAws, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "3")
    # The SDK's adaptive mode halves its rate then, down to one request in two seconds.
    monkeypatch.setattr(TokenBucket.__init__, "__defaults__", (50.0,))

    def throttle_once(parameters: dict[str, Any]) -> Answer:
        if len(fake_aws.asked("BatchGetImage")) == 1:
            return 400, error("ThrottlingException")
        return 200, {"images": [image_answer("v1", manifest_of("app"))]}

    fake_aws.answers["BatchGetImage"] = throttle_once

    assert isinstance(ask(), Resolution)


def test_an_endpoint_that_nobody_listens_on_is_unavailable(
    fake_aws: FakeAws, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        monkeypatch.setenv("AWS_ENDPOINT_URL_ECR", f"http://127.0.0.1:{closed.getsockname()[1]}")

        text = one_sentence(ask(), RegistryUnavailable)

    assert "AWS cannot be reached for ecr:BatchGetImage in account" in text


def test_no_answer_is_waited_for_after_the_deadline(
    fake_aws: FakeAws, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        monkeypatch.setenv("AWS_ENDPOINT_URL_ECR", f"http://127.0.0.1:{silent.getsockname()[1]}")
        deadline = time.monotonic() + 0.5

        outcome = only(EcrResolver().resolve([request_for(IMAGE)], deadline))

    assert "in the time there was" in one_sentence(outcome, RegistryUnavailable)


def test_nothing_is_asked_after_the_deadline(fake_aws: FakeAws) -> None:
    outcome = only(EcrResolver().resolve([request_for(IMAGE)], time.monotonic() - 1))

    one_sentence(outcome, RegistryUnavailable)
    assert fake_aws.requests == []


UNTRUSTED = {
    "a digest of other bytes": {
        **image_answer("v1", manifest_of("app")),
        "imageId": {"imageTag": "v1", "imageDigest": f"sha256:{'0' * 64}"},
    },
    "no digest": {**image_answer("v1", manifest_of("app")), "imageId": {"imageTag": "v1"}},
    "no manifest": {**image_answer("v1", manifest_of("app")), "imageManifest": None},
    "another tag": image_answer("v2", manifest_of("app")),
    "schema 1 by type": image_answer("v1", manifest_of("app"), DOCKER_SCHEMA_1),
    "schema 1 by content": image_answer("v1", json.dumps({"schemaVersion": 1}), OCI_MANIFEST),
    "no JSON": image_answer("v1", "<html>"),
}


@pytest.mark.parametrize("image", UNTRUSTED.values(), ids=UNTRUSTED.keys())
def test_an_answer_that_contradicts_itself_is_not_believed(
    fake_aws: FakeAws, image: dict[str, Any]
) -> None:
    fake_aws.answers["BatchGetImage"] = 200, {"images": [image]}

    one_sentence(ask(), UntrustedAnswer)


def test_one_image_that_spoils_its_batch_does_not_hurt_the_others(fake_aws: FakeAws) -> None:
    def answer(parameters: dict[str, Any]) -> Answer:
        tags = [image_id["imageTag"] for image_id in parameters["imageIds"]]
        if "bad" in tags:
            return 400, error("UnableToGetUpstreamImageException", "Upstream is unwell")
        return 200, {"images": [image_answer(tag, manifest_of(tag)) for tag in tags]}

    fake_aws.answers["BatchGetImage"] = answer
    requests = {tag: request_for(f"{HOST}/app:{tag}") for tag in ("v1", "v2", "bad", "v3", "v4")}

    outcomes = EcrResolver().resolve(requests.values(), soon())

    assert "Upstream is unwell" in str(outcomes.get(requests["bad"]))
    assert [
        tag for tag, request in requests.items() if isinstance(outcomes[request], Resolution)
    ] == ["v1", "v2", "v3", "v4"]


def test_an_image_left_out_of_a_batch_is_asked_for_on_its_own(fake_aws: FakeAws) -> None:
    def answer(parameters: dict[str, Any]) -> Answer:
        first = parameters["imageIds"][0]["imageTag"]
        return 200, {"images": [image_answer(first, manifest_of("one image, two tags"))]}

    fake_aws.answers["BatchGetImage"] = answer

    outcomes = EcrResolver().resolve(
        [request_for(f"{HOST}/app:v1"), request_for(f"{HOST}/app:latest")], soon()
    )

    assert all(isinstance(outcome, Resolution) for outcome in outcomes.values())
    assert len(fake_aws.asked("BatchGetImage")) == 2


def test_all_media_types_are_accepted_so_that_nothing_is_converted(fake_aws: FakeAws) -> None:
    fake_aws.answers["BatchGetImage"] = 200, {"images": [image_answer("v1", manifest_of("app"))]}

    ask()

    (parameters,) = fake_aws.asked("BatchGetImage")
    assert parameters["registryId"] == HOME_ACCOUNT
    assert set(parameters["acceptedMediaTypes"]) == {
        "application/vnd.oci.image.index.v1+json",
        "application/vnd.oci.image.manifest.v1+json",
        "application/vnd.docker.distribution.manifest.list.v2+json",
        "application/vnd.docker.distribution.manifest.v2+json",
    }


class TestSingleImages:
    """Images of one platform, whose configuration names it."""

    @pytest.fixture
    def configuration(self, fake_aws: FakeAws) -> bytes:
        config = json.dumps({"os": "linux", "architecture": "arm64", "variant": "v8"}).encode()
        manifest = manifest_of("app", config)
        fake_aws.answers["BatchGetImage"] = 200, {"images": [image_answer("v1", manifest)]}
        fake_aws.answers["GetDownloadUrlForLayer"] = (
            200,
            {"downloadUrl": f"{fake_aws.url}/layer?X-Amz-Signature=s3cret"},
        )
        fake_aws.blobs["/layer"] = 200, config
        return config

    @pytest.mark.parametrize("select", [False, True])
    def test_the_right_platform_is_pinned(
        self, fake_aws: FakeAws, configuration: bytes, *, select: bool
    ) -> None:
        request = request_for(IMAGE, "linux/arm64", select=select)

        outcome = only(EcrResolver().resolve([request], soon()))

        assert isinstance(outcome, Resolution)
        assert outcome.digest == Digest.of(manifest_of("app", configuration).encode())
        assert [str(platform) for platform in outcome.platforms] == ["linux/arm64"]
        (parameters,) = fake_aws.asked("GetDownloadUrlForLayer")
        assert parameters["layerDigest"] == Digest.of(configuration)

    @pytest.mark.usefixtures("configuration")
    def test_the_wrong_platform_is_a_mismatch_that_names_the_image_s_own(self) -> None:
        text = one_sentence(ask(platform="linux/amd64"), PlatformMismatch)

        assert "linux/amd64" in text
        assert "only for linux/arm64" in text

    def test_other_bytes_than_the_manifest_names_are_not_believed(
        self, fake_aws: FakeAws, configuration: bytes
    ) -> None:
        fake_aws.blobs["/layer"] = 200, configuration + b" "

        one_sentence(ask(platform="linux/arm64"), UntrustedAnswer)

    @pytest.mark.usefixtures("configuration")
    @pytest.mark.parametrize("status", [403, 503])
    def test_a_layer_store_that_refuses_is_unavailable_and_its_address_is_not_shown(
        self, fake_aws: FakeAws, status: int
    ) -> None:
        fake_aws.blobs["/layer"] = status, b"<Error/>"

        text = one_sentence(ask(platform="linux/arm64"), RegistryUnavailable)

        assert f"the layer store 127.0.0.1 answered {status}" in text
        assert "s3cret" not in text

    @pytest.mark.usefixtures("configuration")
    @pytest.mark.parametrize("url", ["", "file:///etc/hostname", "http://127.0.0.1:1/layer"])
    def test_an_address_that_gives_nothing_is_unavailable(
        self, fake_aws: FakeAws, url: str
    ) -> None:
        fake_aws.answers["GetDownloadUrlForLayer"] = 200, {"downloadUrl": url}

        one_sentence(ask(platform="linux/arm64"), RegistryUnavailable)

    @pytest.mark.usefixtures("configuration")
    def test_no_permission_to_read_the_configuration_names_the_action(
        self, fake_aws: FakeAws
    ) -> None:
        fake_aws.answers["GetDownloadUrlForLayer"] = access_denied("ecr:GetDownloadUrlForLayer")

        text = one_sentence(ask(platform="linux/arm64"), AccessDenied)

        assert "allow ecr:GetDownloadUrlForLayer" in text

    @pytest.mark.usefixtures("configuration")
    def test_without_a_platform_the_configuration_is_not_read(self, fake_aws: FakeAws) -> None:
        assert isinstance(ask(), Resolution)
        assert fake_aws.asked("GetDownloadUrlForLayer") == []


def test_a_repository_name_that_ecr_cannot_have_is_an_error(fake_aws: FakeAws) -> None:
    # ECR's names have two characters at least.
    text = one_sentence(ask(f"{HOST}/a:v1"), ResolutionError)

    assert "repositoryName" in text
    assert fake_aws.asked("BatchGetImage") == []


def test_a_role_that_cannot_be_assumed_is_told_beside_the_first_refusal(fake_aws: FakeAws) -> None:
    fake_aws.answers["BatchGetImage"] = access_denied("ecr:BatchGetImage")
    fake_aws.answers["AssumeRole"] = sts_error("AccessDenied", "not authorized: sts:AssumeRole")

    text = one_sentence(ask(), AccessDenied)

    assert "cannot be assumed, since" in text
    assert "not authorized: sts:AssumeRole" in text


def test_missing_images_are_not_found(fake_aws: FakeAws) -> None:
    fake_aws.answers["BatchGetImage"] = 400, error("RepositoryNotFoundException")

    assert "create it, or correct the name" in one_sentence(ask(), ImageNotFound)
