"""``pinned-images serve``: changes of the images in a Git repository, over HTTP."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import click

from pinned_images.cli.output import echo
from pinned_images.cli.scanned import paths_argument
from pinned_images.cli.shared_options import registry_options
from pinned_images.errors import ConfigurationError

if TYPE_CHECKING:
    from pinned_images.cli.shared_options import Network
    from pinned_images.files.git import Author, Target

TOKEN_VARIABLE = "PINNED_IMAGES_SERVE_TOKEN"  # noqa: S105 - a name
_BACKLOG = 128


@click.command()
@click.option("--repository", metavar="URL", required=True, help="The Git repository to change.")
@click.option("--branch", metavar="BRANCH", required=True, help="The branch to commit to.")
@click.option(
    "--host",
    metavar="ADDRESS",
    default="127.0.0.1",
    show_default=True,
    help="The address to listen on.",
)
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    metavar="PORT",
    default=8080,
    envvar="PORT",
    show_default=True,
    show_envvar=True,
    help="The port to listen on; 0 for a free one.",
)
@click.option("--username", metavar="NAME", help="The author; Git's configuration if left out.")
@click.option("--email", metavar="EMAIL", help="The author's address; goes with --username.")
@paths_argument
@registry_options
def serve(  # noqa: PLR0917 - click gives them by name
    paths: tuple[str, ...],
    repository: str,
    branch: str,
    host: str,
    port: int,
    username: str | None,
    email: str | None,
    network: Network,
) -> None:
    """Change images in a Git repository on request.

    PATH is a file or a folder in the repository. POST / takes {"image-references": [...],
    "commit-message": "...", "matching-tag": false, "resolve-digest": false}, or an event "ECR Image
    Action" of Amazon EventBridge. On any address but loopback requests have to carry the bearer
    token that PINNED_IMAGES_SERVE_TOKEN holds.
    """
    target, author = _target(repository, branch), _author(username, email)
    token = os.environ.get(TOKEN_VARIABLE, "").strip() or None
    if token is None and not _is_loopback(host):
        raise click.UsageError(
            f"On {host} every request from the network could change the repository: set "
            f"{TOKEN_VARIABLE} to a token that requests have to carry, or listen on 127.0.0.1."
        )
    from importlib.util import find_spec  # noqa: PLC0415 - for --help

    if find_spec("starlette") is None or find_spec("uvicorn") is None:
        raise click.ClickException(
            "The service needs starlette and uvicorn, which are not installed: "
            "pip install 'pinned-images[serve]'"
        )
    from pinned_images.files.service import Service, application  # noqa: PLC0415 - for --help

    service = Service(target, paths, network.registries, author, token, echo)
    _run(application(service), host, port)


def _target(repository: str, branch: str) -> Target:
    from pinned_images.files.git import Target  # noqa: PLC0415 - for --help

    try:
        return Target(repository, branch)
    except ConfigurationError as refusal:
        raise click.UsageError(str(refusal)) from refusal


def _author(username: str | None, email: str | None) -> Author | None:
    from pinned_images.files.git import Author  # noqa: PLC0415 - for --help

    if (username is None) != (email is None):
        raise click.UsageError("--username and --email go together: give both.")
    return None if username is None or email is None else Author(username, email)


def _is_loopback(host: str) -> bool:
    from ipaddress import ip_address  # noqa: PLC0415 - for --help

    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _run(app: Any, host: str, port: int) -> None:
    import signal  # noqa: PLC0415 - for --help
    import socket  # noqa: PLC0415 - for --help

    import uvicorn  # noqa: PLC0415 - for --help

    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        listener = socket.create_server((host, port), family=family, backlog=_BACKLOG)
    except OSError as error:
        raise click.ClickException(
            f"The port {port} of {host} cannot be listened on ({error.strerror}): "
            "choose another one with --port."
        ) from error
    # uvicorn sends itself the signal once more when all requests are answered.
    signal.signal(signal.SIGTERM, lambda *_: None)
    shown = f"[{host}]" if family == socket.AF_INET6 else host
    echo(f"Listening on http://{shown}:{listener.getsockname()[1]}")
    config = uvicorn.Config(app, log_config=None, access_log=False, server_header=False)
    with listener:
        uvicorn.Server(config).run(sockets=[listener])
