"""Valid and refused settings."""

from __future__ import annotations

import subprocess
import sys

import pytest

from pinned_images.errors import ConfigurationError
from pinned_images.registry import RegistrySettings, parse_mirrors
from pinned_images.registry.endpoints import Endpoint


def test_mirrors_are_read_from_text() -> None:
    text = " docker.io = http://127.0.0.1:5000 ,ghcr.io=https://mirror.example/ghcr?,"
    with pytest.raises(ConfigurationError, match="query"):
        parse_mirrors(f"{text}x.io=https://mirror.example?a=b")
    assert parse_mirrors(text.replace("?", "")) == {
        "docker.io": "http://127.0.0.1:5000",
        "ghcr.io": "https://mirror.example/ghcr",
    }


@pytest.mark.parametrize("text", ["", " ", ",,"])
def test_no_text_is_no_mirror(text: str) -> None:
    assert parse_mirrors(text) == {}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("docker.io", "Entry 1 of PINNED_IMAGES_MIRRORS is not of the form host=URL"),
        ("docker.io=", "not of the form"),
        ("=https://mirror.example", "not of the form"),
        ("docker.io=https://a.example,https://b.example", "Entry 2"),
        ("https://docker.io=https://mirror.example", "no registry host"),
        ("docker.io/library=https://mirror.example", "no registry host"),
        ("docker=https://mirror.example", "no registry host"),
        ("docker.io=mirror.example", "no URL that can be asked"),
        ("docker.io=ftp://mirror.example", "no URL that can be asked"),
        ("docker.io=https://", "no URL that can be asked"),
        ("docker.io=https://mirror.example:port", "no URL that can be asked"),
        ("docker.io=https://[::1", "no URL that can be asked"),
        ("docker.io=https://u:hunter2@mirror.example", "carries credentials"),
        ("docker.io=https://a.example,index.docker.io=https://b.example", "twice"),
    ],
)
def test_a_text_that_names_no_mirrors_is_refused(text: str, words: str) -> None:
    with pytest.raises(ConfigurationError, match=words) as caught:
        parse_mirrors(text)
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize(
    ("url", "insecure"),
    [
        ("http://127.0.0.1:5000", set()),
        ("http://localhost:5000", set()),
        ("http://[::1]:5000", set()),
        ("http://mirror.example:5000", {"mirror.example:5000"}),
        ("http://mirror.example:5000", {"Mirror.Example"}),
        ("https://mirror.example", set()),
    ],
)
def test_plain_http_is_for_loopback_and_for_hosts_named_insecure(
    url: str, insecure: set[str]
) -> None:
    settings = RegistrySettings(mirrors={"docker.io": url}, insecure_registries=frozenset(insecure))
    mirror = settings.mirror_of("docker.io")
    assert mirror is not None
    assert url == f"{mirror.scheme}://{mirror.netloc}"


@pytest.mark.parametrize(
    "options",
    [
        {"mirrors": {"docker.io": "http://mirror.example:5000"}},
        {
            "mirrors": {"docker.io": "http://mirror.example:5000"},
            "insecure_registries": frozenset({"mirror.example:5001"}),
        },
        {"mirrors": {"docker.io": "http://10.0.0.7"}},
        {"mirrors": {"docker.io/x": "https://mirror.example"}},
        {"insecure_registries": frozenset({"http://mirror.example"})},
        {"deadline": 0},
        {"request_timeout": -1.0},
        {"concurrency": 0},
        {"deadline": float("nan")},
    ],
    ids=str,
)
def test_settings_that_cannot_be_used_are_refused(options: dict[str, object]) -> None:
    with pytest.raises(ConfigurationError):
        RegistrySettings(**options)  # type: ignore[arg-type]  # which is the point


@pytest.mark.parametrize(
    ("registry", "insecure", "origin"),
    [
        ("docker.io", set(), "https://registry-1.docker.io"),
        ("ghcr.io", set(), "https://ghcr.io"),
        ("localhost:5000", set(), "http://localhost:5000"),
        ("127.0.0.1:5000", set(), "http://127.0.0.1:5000"),
        ("127.1.2.3", set(), "http://127.1.2.3"),
        ("[::1]:5000", set(), "http://[::1]:5000"),
        ("registry.localhost", set(), "http://registry.localhost"),
        ("10.0.0.7:5000", set(), "https://10.0.0.7:5000"),
        ("10.0.0.7:5000", {"10.0.0.7:5000"}, "http://10.0.0.7:5000"),
        ("localhost.example", set(), "https://localhost.example"),
        ("127.0.0.1.example", set(), "https://127.0.0.1.example"),
    ],
)
def test_registries_are_asked_over_https_but_for_loopback_and_hosts_named_insecure(
    registry: str, insecure: set[str], origin: str
) -> None:
    assert Endpoint.of_registry(registry, insecure).origin == origin


def test_importing_the_room_is_cheap() -> None:
    """Neither AWS nor the CDK nor an HTTP client is imported before it is needed."""
    code = (
        "import sys, pinned_images.registry\n"
        "heavy = {'boto3', 'botocore', 'aws_cdk', 'jsii', 'urllib3', 'ssl'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
