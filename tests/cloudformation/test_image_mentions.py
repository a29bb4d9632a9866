"""Images in texts and plain data: what is told of them, whatever the text."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pinned_images.cloudformation.image_mentions import UNKNOWN, images_in_text, mentions_in
from pinned_images.cloudformation.image_signs import may_mention_image, says_image
from pinned_images.reference import ImageReference

DIGEST = "sha256:" + "a" * 64
PLACEHOLDER = chr(UNKNOWN[0])


@pytest.mark.parametrize(
    ("text", "images"),
    [
        ("docker run nginx", ["nginx"]),
        ("docker run -it --rm -v a:b -p80:80 --name=x nginx:1 sh -c 'x:1'", ["nginx:1"]),
        ("docker run -dp 80:80 nginx", ["nginx"]),
        ("docker run -e A=B \\\n  --env C=D \\\n  nginx", ["nginx"]),
        ("docker container run 'a:1'; podman pull b && nerdctl create c/d", ["a:1", "b", "c/d"]),
        ("docker run --env-file x", []),
        ("docker run -p", []),
        ("docker run $IMAGE; docker run ${A}:1; docker run `x`", []),
        ("docker runner; mydocker run a; docker run", []),
        ("docker image pull -q nginx:1 # and so on", ["nginx:1"]),
        (f"docker run {PLACEHOLDER}/app:1", [f"{PLACEHOLDER}/app:1"]),
        (f"docker run {PLACEHOLDER}", []),
        ("docker pull a:1 && docker tag a:1 b:1 && docker push b:1", []),
        ("docker build -t quay.io/a/b:1 . && docker push quay.io/a/b:1", []),
        (
            "docker buildx build --tag=quay.io/a/b:1 . ; docker pull quay.io/a/c:1",
            ["quay.io/a/c:1"],
        ),
        ("from ghcr.io/a/b:1, quay.io/a/b:2. Or (gcr.io/a/b:3)", 3),
        ("us.gcr.io/a/b:1 eu-docker.pkg.dev/p/r/i:1 acme.azurecr.io/a:1 acme.jfrog.io/a/b:1", 4),
        ("ghcr.io/a/b:{{ tag }} ghcr.io/a/b:v{{ tag }} ghcr.io/a/b:$TAG ghcr.io/a/b:<tag>", []),
        ("https://ghcr.io/a/b:1 x@ghcr.io/a/b:1 a/ghcr.io/a/b:1", []),
        (f"ghcr.io/a/b:1@{DIGEST} ghcr.io/a/b@{DIGEST}", []),
        ("docker://a docker-image://b:1 oci://c oci://d:1", ["a", "b:1", "d:1"]),
        ("docker:27 docker:nginx:1 docker:quay.io/a/b:1", ["nginx:1", "quay.io/a/b:1"]),
        ("IMAGE=nginx:1 OTHER=redis:1", ["nginx:1"]),
        ("image: 'nginx:1' # here\nbase-image: \"redis:7\"\nimages: [a:1]", ["nginx:1", "redis:7"]),
        ("image: nginx, image: latest, image: http://a:1", []),
        ("--conf spark.kubernetes.container.image=a/b:1 --x", ["a/b:1"]),
    ],
)
def test_images_are_told_in_the_order_of_a_text(text: str, images: list[str] | int) -> None:
    found = images_in_text(text)
    assert len(found) == images if isinstance(images, int) else found == images


@pytest.mark.parametrize(
    "key",
    [
        *("image", "Image", "IMAGE", "RUNNER_IMAGE", "IMAGE_1", "runnerImage", "imageUri"),
        *("ContainerImageURI", "ContainerUri", "EcrUri", "a.b.container.image", "RELATED_IMAGE_X"),
        *("images", "baseImages", "baseimage", "image-name"),
    ],
)
def test_keys_that_say_image(key: str) -> None:
    assert says_image(key)


@pytest.mark.parametrize(
    "key",
    [
        *("", "ImageId", "imageType", "IMAGE_BUCKET", "ImageArn", "imagePullPolicy", "imagine"),
        *("Uri", "Container", "ImageSize", "imageVersion", "Value", "S3Key", "ImageScanType"),
    ],
)
def test_keys_that_say_something_else(key: str) -> None:
    assert not says_image(key)


WORDS = st.sampled_from(
    [
        *("docker run ", "docker pull ", "podman create ", "docker push ", " -t ", "--tag "),
        *("docker://", "oci://", "docker:", "image: ", "IMAGE=", "image", "ghcr.io/", "gcr.io"),
        *("nginx", "a/b", ":1", ":v2-x", "@", DIGEST, "123456789012.dkr.ecr.eu-west-1.on.aws/"),
        *(
            "${AWS::AccountId}.dkr.ecr.",
            PLACEHOLDER,
            "\\\n",
            "\n",
            " ",
            "'",
            '"',
            "`",
            "-p",
            "--",
            "=",
            ";",
        ),
        *("{", "}", "[", "]", ",", ":", "/", ".", "é", "\u202e", "$", "\\"),
    ]
)
TEXTS = st.lists(WORDS, max_size=30).map("".join)


@given(TEXTS)
def test_every_image_that_is_told_is_in_the_text_and_is_one(text: str) -> None:
    for image in images_in_text(text):
        assert image in text
        plain = image.replace(PLACEHOLDER, "0").replace("${AWS::AccountId}", "0")
        assert ImageReference.parse(plain).digest is None


@given(TEXTS)
def test_no_image_is_told_of_a_text_without_its_signs(text: str) -> None:
    if images_in_text(text):
        assert may_mention_image(text)


DATA = st.recursive(
    st.none() | st.booleans() | st.integers() | TEXTS,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["image", "Image", "name", "value", "x", "Fn::If"]), inner
        )
    ),
    max_leaves=8,
)


@given(DATA)
def test_the_place_of_each_image_leads_to_what_mentions_it(data: Any) -> None:
    for mention in mentions_in(data):
        value = data
        for key in mention.place:
            value = value[key]
        for key in mention.inside:
            while isinstance(value, str):
                value = json.loads(value, strict=False)
            value = value[key]
        if isinstance(value, str):
            assert mention.image in value
            assert not mention.is_whole or value == mention.image
