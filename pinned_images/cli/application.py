"""The commands, put together."""

from __future__ import annotations

from typing import Any

import click

from pinned_images.cli.lock import lock
from pinned_images.cli.outdated import outdated
from pinned_images.cli.report import report
from pinned_images.errors import PinnedImagesError
from pinned_images.version import __version__


class _SpokenErrors(click.Group):
    """A group whose commands end an error that a user can mend with its sentence."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except PinnedImagesError as error:
            raise click.ClickException(str(error)) from error


@click.group(cls=_SpokenErrors, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__)
def application() -> None:
    """Read and refresh the digests that pin the container images of an AWS CDK app."""


application.add_command(lock)
application.add_command(outdated)
application.add_command(report)
