"""Images in strings that are no image properties: scripts, JSON, environment variables, values.

The signs of an image, surest first: a scheme (``docker://``), the command that runs it
(``docker run``), the host of a registry, or a key that says image (``RUNNER_IMAGE``) before a value
with a tag. Every string is read once, in linear time.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from pinned_images.cloudformation.image_signs import (
    may_mention_image,
    says_image,
    says_no_image,
    says_repository,
)
from pinned_images.cloudformation.property_paths import Path
from pinned_images.errors import InvalidReference
from pinned_images.reference import ImageReference

#: Characters for private use, each a placeholder for a value that is known at deployment only.
UNKNOWN = range(0xE000, 0xF000)
_UNKNOWN = f"{chr(UNKNOWN[0])}-{chr(UNKNOWN[-1])}"

# Known registries. Any host may be one; in a string it has to differ from a website.
_ECR = (
    rf"(?:[0-9]{{12}}|\$\{{AWS::AccountId\}}|[{_UNKNOWN}])\.dkr[.-]ecr"
    rf"(?:[a-z0-9.{_UNKNOWN}-]|\$\{{AWS::[A-Za-z]+\}}){{0,100}}"
)
_HOST = (
    rf"{_ECR}"
    r"|[a-z0-9-]+\.(?:azurecr\.io|pkg\.dev|jfrog\.io|ocir\.io|icr\.io)"
    r"|(?:[a-z0-9-]+\.)?gcr\.io|(?:index\.|registry-1\.)?docker\.io|registry\.hub\.docker\.com"
    r"|ghcr\.io|lscr\.io|icr\.io|quay\.io|nvcr\.io|mcr\.microsoft\.com|public\.ecr\.aws"
    r"|registry\.(?:gitlab\.com|k8s\.io|access\.redhat\.com|connect\.redhat\.com|redhat\.io)"
    r"|docker\.elastic\.co|container-registry\.oracle\.com|cr\.fluentbit\.io"
)
_REPOSITORY = rf"[a-z0-9{_UNKNOWN}]+(?:[._/-]+[a-z0-9{_UNKNOWN}]+)*"
_TAG = rf"[\w{_UNKNOWN}][\w.{_UNKNOWN}-]{{0,200}}"
_AT_HOST = re.compile(
    rf"(?<![\w./@{_UNKNOWN}-])(?:{_HOST})/{_REPOSITORY}:{_TAG}(?![\w@{{$<%*-])", re.ASCII
)
_STARTS_WITH_HOST = re.compile(rf"(?:{_HOST})/")
_SCHEME = re.compile(
    r"(?<![\w-])(?P<scheme>docker|oci|docker-image)://"
    rf"(?P<image>[\w{_UNKNOWN}][\w.:/@{_UNKNOWN}-]*)",
    re.ASCII,
)
# AWS IoT Greengrass developer guide, "Run a Docker container": ``docker:repository[:tag]``.
_ARTIFACT = re.compile(
    rf"(?<![\w/.-])docker:(?P<image>(?:[\w.{_UNKNOWN}-]+/)*[\w.{_UNKNOWN}-]+:{_TAG})", re.ASCII
)
_DOCKER = "docker://"
_ASSIGNMENT = re.compile(
    r"(?<![\w.-])(?P<key>[\w.-]+)[\"']?[ \t]*[:=][ \t]*[\"']?(?P<value>[^\s\"'`,;(){}\[\]<>|&]+)"
)
_COMMAND = re.compile(
    r"(?<![\w.-])(?:docker|podman|nerdctl|finch)[ \t]+(?:(?:image|container)[ \t]+)?"
    r"(?P<verb>pull|run|create)(?=[ \t])"
)
# These commands write the images that they name: the app's own, pushed to a registry.
_WRITTEN = re.compile(
    r"(?<![\w.-])(?:docker|podman|nerdctl|finch)[ \t]+(?:image[ \t]+)?(?:push|tag)(?=[ \t])"
    r"|(?<=[ \t])(?:-t|--tag)(?=[ \t=])"
)
_ARGUMENT = re.compile(r"(?:[ \t]|\\\r?\n)*(?P<text>(?:\"[^\"\n]*\"|'[^'\n]*'|[^\s\"'\\;|&()<>])+)")
_MOST_ARGUMENTS = 200
# Docker's command line reference, "docker container run" and "docker image pull"; and podman's.
_SWITCHES = frozenset(
    {
        *("all-tags", "detach", "disable-content-trust", "help", "init", "interactive"),
        *("no-healthcheck", "no-hosts", "oom-kill-disable", "privileged", "publish-all", "quiet"),
        *("read-only", "replace", "rm", "rmi", "sig-proxy", "tls-verify", "tty"),
        *("use-api-socket",),
    }
)
_SHORT_WITH_VALUE = frozenset("acehlmpuvw")

_NUMBERS = re.compile(r"[0-9.]+:[0-9.]+")
_HOST_AND_PORT = re.compile(r"(?:localhost|[a-z0-9-]+(?:\.[a-z0-9-]+)+):[0-9]{2,5}")
_SYMBOL = re.compile(r"\$\{AWS::[A-Za-z]+\}")
_ANY_UNKNOWN = re.compile(f"[{_UNKNOWN}]")
_LONGEST = 500
_CONTENT_ADDRESSED = re.compile(r"(?:.*[^0-9a-f])?[0-9a-f]{64}")
#: Build images that a service looks up by itself, in no registry with an API: AWS CodeBuild
#: user guide, "Docker images provided by CodeBuild"; AWS Amplify hosting guide, "Custom images".
_CURATED = re.compile(r"aws/codebuild/[\w.-]+:[\w.-]+|amplify:al[0-9]+")

_CONTAINERS = frozenset(
    {"containers", "initcontainers", "ephemeralcontainers", "containerdefinitions", "sidecars"}
)
_CONTAINER = frozenset({"container", "containerproperties", "primarycontainer"})
#: The keys of a name and of its value in lists of such pairs: environment variables (ECS, Batch,
#: CodeBuild), provisioning parameters (Service Catalog), options (Elastic Beanstalk), parameters
#: (stack sets).
_PAIRS = (
    ("name", "value"),
    ("key", "value"),
    ("optionname", "value"),
    ("parameterkey", "parametervalue"),
)
_MAXIMUM_DEPTH = 60
_MAXIMUM_NESTING = 4
_UNQUOTED = re.compile(rf"([:,\[]\s*)([{_UNKNOWN}])(?=\s*[,\]}}])")


class Mention(NamedTuple):
    """An image that a string or an object mentions, without a digest.

    Attributes:
        image: The image, as it is written.
        place: Where.
        inside: Where in the JSON of the string that is at that place.
        is_whole: Whether it is the whole value at that place.
        nesting: The number of JSON texts, one inside the other, that it is in.
        transport: The prefix before it, such as ``docker://``.
    """

    image: str
    place: Path = ()
    inside: Path = ()
    is_whole: bool = False
    nesting: int = 0
    transport: str = ""


def mentions_in(value: Any, key: str = "", place: Path = ()) -> Iterator[Mention]:
    """The images in plain data: objects, lists and strings, which may be JSON.

    Args:
        value: The data; characters of `UNKNOWN` are placeholders for what is not known.
        key: The key of the data.
        place: Where it is.

    Example:
        >>> [(each.image, each.place) for each in mentions_in({"runner": [{"image": "nginx:1"}]})]
        [('nginx:1', ('runner', 0, 'image'))]
    """
    return _Search().below(value, place, key)


class _Search:
    def __init__(self, nesting: int = 0) -> None:
        self._nesting = nesting

    def below(self, value: Any, path: Path, key: str) -> Iterator[Mention]:
        if len(path) > _MAXIMUM_DEPTH or says_no_image(key):
            return
        if isinstance(value, str):
            yield from self._in_text(value, path, key)
        elif isinstance(value, Mapping):
            yield from self._in_object(value, path, key)
        elif isinstance(value, (list, tuple)):
            for index, element in enumerate(value):
                yield from self.below(element, (*path, index), key)

    def _in_object(self, value: Mapping[str, Any], path: Path, key: str) -> Iterator[Mention]:
        parts = _image_in_parts(value, key)
        if parts is not None:
            yield Mention(parts, path)
            return
        name, key_of_value = _pair_in(value) or ("", "")
        for inner, element in value.items():
            if str(inner).startswith("Fn::"):
                yield from self.below(element, (*path, str(inner)), key)
                continue
            below = name if name and inner == key_of_value else str(inner)
            yield from self.below(element, (*path, str(inner)), below)

    def _in_text(self, text: str, path: Path, key: str) -> Iterator[Mention]:
        if not text or text.isspace():
            return
        if says_image(key) or _is_in_container(path):
            transport = _DOCKER if text.startswith(_DOCKER) else ""
            image = text.removeprefix(transport).strip()
            is_sure = bool(transport) or _is_in_container(path)
            is_repository = says_repository(key) and ":" not in image.rpartition("/")[2]
            if not is_repository and is_unpinned_image(image, is_sure=is_sure):
                is_whole = f"{transport}{image}" == text
                yield Mention(image, path, is_whole=is_whole, transport=transport)
                return
        if not may_mention_image(text):
            return
        inner = _json(text) if self._nesting < _MAXIMUM_NESTING else None
        if inner is not None:
            for mention in _Search(self._nesting + 1).below(inner, (), key):
                inside = (*mention.place, *mention.inside)
                yield mention._replace(place=path, inside=inside, nesting=mention.nesting + 1)
            return
        for image in images_in_text(text):
            yield Mention(image, path)


def _image_in_parts(value: Mapping[str, Any], key: str) -> str | None:
    """An image as the values of Helm charts have it: a repository and a tag, each by itself.

    Helm documentation, "Best practices: pods and pod templates", "Images".
    """
    match value:
        case {"repository": str(repository), "tag": str(tag)} if says_image(key):
            pass
        case _:
            return None
    digest = value.get("digest") or value.get("sha")
    registry = value.get("registry")
    if digest or "@" in tag or not tag or not repository:
        return None
    prefix = f"{registry}/" if isinstance(registry, str) and registry else ""
    image = f"{prefix}{repository}:{tag}"
    return image if is_unpinned_image(image) else None


def _pair_in(value: Mapping[str, Any]) -> tuple[str, str] | None:
    """The name and the key of a value in an object such as ``{"Name": ..., "Value": ...}``.

    Lists of environment variables, options and parameters are made of them.
    """
    keys = {str(key).lower(): str(key) for key in value}
    for name, of_value in _PAIRS:
        if name in keys and of_value in keys and isinstance(value[keys[name]], str):
            return value[keys[name]], keys[of_value]
    return None


def _is_in_container(path: Path) -> bool:
    match path:
        case (*_, str(field), int(), str(key)):
            return key.lower() == "image" and field.lower() in _CONTAINERS
        case (*_, str(field), str(key)):
            return key.lower() == "image" and field.lower() in _CONTAINER
    return False


def _json(text: str) -> Any:
    """A string parsed as JSON; None where it is no JSON."""
    if text.lstrip()[:1] not in ("{", "["):
        return None
    try:
        return json.loads(text, strict=False)
    except (ValueError, RecursionError):
        pass
    try:
        return json.loads(_UNQUOTED.sub(r'\1"\2"', text), strict=False)
    except (ValueError, RecursionError):
        return None


def images_in_text(text: str) -> list[str]:
    """The images in a string that is no JSON, each once, in the order of the string.

    Example:
        >>> images_in_text("docker run -p 80:80 nginx && FROM=ghcr.io/acme/app:1 make")
        ['nginx', 'ghcr.io/acme/app:1']
    """
    found: dict[int, str] = {}
    for match in _AT_HOST.finditer(text):
        found.setdefault(match.start(), match[0])
    for match in _SCHEME.finditer(text):
        image = match["image"].rstrip(".:/-")
        has_tag = ":" in image.rpartition("/")[2]
        if has_tag or match["scheme"] != "oci":
            found.setdefault(match.start("image"), image)
    for match in _ARTIFACT.finditer(text):
        found.setdefault(match.start("image"), match["image"])
    for match in _COMMAND.finditer(text):
        start, image = _of_command(text, match.end(), match["verb"])
        found.setdefault(start, image)
    for match in _ASSIGNMENT.finditer(text) if "image" in text.lower() else ():
        if says_image(match["key"]) and ":" in match["value"]:
            found.setdefault(match.start("value"), match["value"].rstrip(".:"))
    images = dict.fromkeys(image.rstrip(".") for _, image in sorted(found.items()))
    written = set(_written(text)) if images else ()
    return [
        image for image in images if image not in written and is_unpinned_image(image, is_sure=True)
    ]


def _written(text: str) -> Iterator[str]:
    """The images that a script pushes and tags."""
    for match in _WRITTEN.finditer(text):
        position = match.end()
        for _ in range(2):
            argument = _ARGUMENT.match(text, position)
            if argument is not None:
                yield argument["text"].lstrip("=").strip("\"'")
                position = argument.end()


def _of_command(text: str, position: int, verb: str) -> tuple[int, str]:
    """The image that a command pulls or runs, and its position; empty where none is seen."""
    takes_value = False
    for _ in range(_MOST_ARGUMENTS):
        match = _ARGUMENT.match(text, position)
        if match is None:
            break
        position = match.end()
        argument = match["text"].strip("\"'")
        if takes_value:
            takes_value = False
        elif argument.startswith("--"):
            name, equals, _ = argument[2:].partition("=")
            takes_value = not equals and name not in _SWITCHES
        elif argument.startswith("-"):
            takes_value = (
                verb != "pull"
                and argument[-1:] in _SHORT_WITH_VALUE
                and not any(letter in _SHORT_WITH_VALUE for letter in argument[1:-1])
            )
        else:
            return match.start("text"), argument
    return position, ""


def is_unpinned_image(text: str, *, is_sure: bool = False) -> bool:
    """Whether a string is an image that may move: it carries no digest, and is no asset's.

    Args:
        text: The string.
        is_sure: Whether it is an image if it can be one, so that it needs neither tag nor registry.
    """
    if not text or len(text) > _LONGEST or not _ANY_UNKNOWN.sub("", text):
        return False
    if _CURATED.fullmatch(text) or _NUMBERS.fullmatch(text) or _HOST_AND_PORT.fullmatch(text):
        return False
    plain = _ANY_UNKNOWN.sub("0", _SYMBOL.sub("0", text))
    try:
        reference = ImageReference.parse(plain)
    except InvalidReference:
        return False
    if reference.digest is not None or _CONTENT_ADDRESSED.fullmatch(reference.tag or ""):
        return False
    has_host = _STARTS_WITH_HOST.match(text) is not None
    return is_sure or reference.tag is not None or has_host
