"""``pinned-images report``: the report of the last synth, in several formats."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Literal, get_args

import click

from pinned_images.cli.output import echo, show, write
from pinned_images.errors import ConfigurationError
from pinned_images.report import SynthReport

_Format = Literal["terminal", "json", "markdown", "html"]
_FORMATS: tuple[_Format, ...] = get_args(_Format)


@click.command()
@click.argument("folder", type=click.Path(path_type=Path), default="cdk.out")
@click.option("--json", is_flag=True, help="JSON, as the synth wrote it.")
@click.option("--markdown", is_flag=True, help="Tables for a pull request.")
@click.option("--html", is_flag=True, help="One page for a browser.")
@click.option(
    "-o",
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write to this file; its ending (.json, .md, .html) chooses where no other option does.",
)
def report(folder: Path, output: Path | None, **formats: bool) -> None:
    """Show the images of the app in FOLDER (cdk.out), the output of the last synth."""
    style = _asked_for(formats) or _style_of(output)
    found = SynthReport.read(folder)
    if style == "terminal":
        from pinned_images.report.terminal import render_terminal  # noqa: PLC0415 - needs rich

        show(render_terminal(found))
        return
    text = _render(found, style)
    if output is None:
        write(text)
        return
    _write(output, text)
    echo(f"Written to {output}.")


def _asked_for(formats: Mapping[str, bool]) -> _Format | None:
    asked = [style for style in _FORMATS if formats.get(style)]
    if len(asked) > 1:
        options = " and ".join(f"--{style}" for style in asked)
        raise click.UsageError(f"{options} exclude each other: give one of them.")
    return asked[0] if asked else None


def _style_of(output: Path | None) -> _Format:
    if output is None:
        return "terminal"
    endings: dict[str, _Format] = {
        ".json": "json",
        ".md": "markdown",
        ".markdown": "markdown",
        ".html": "html",
        ".htm": "html",
    }
    if output.suffix.lower() not in endings:
        raise click.UsageError(
            f"The ending of {output.name!r} names no format: add --json, --markdown or --html."
        )
    return endings[output.suffix.lower()]


def _render(found: SynthReport, style: _Format) -> str:
    if style == "json":
        return found.to_json()
    if style == "markdown":
        from pinned_images.report.markdown import render_markdown  # noqa: PLC0415 - one of three

        return render_markdown(found)
    from pinned_images.report.html import render_html  # noqa: PLC0415 - one of three

    return render_html(found)


def _write(output: Path, text: str) -> None:
    from pinned_images.atomic_write import write_atomically  # noqa: PLC0415 - for --help

    target = Path(os.path.realpath(output))
    try:
        temporary = target.with_name(f".{target.name}.{os.getpid()}.tmp")
        write_atomically(target, text, temporary=temporary)
    except OSError as error:
        raise ConfigurationError(
            f"{str(output)!r} cannot be written ({error.strerror}): name a file in a folder that "
            "exists and is writable."
        ) from error
