"""``pinned-images report``: the report of the last synth, in several formats."""

from __future__ import annotations

import os
import shlex
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal, Protocol, get_args

import click
from click.exceptions import Exit

from pinned_images.cli.exit_codes import ExitCode
from pinned_images.cli.output import echo, show, write, write_json
from pinned_images.errors import ConfigurationError
from pinned_images.report import FILE_NAME, SynthReport
from pinned_images.report.fitted_markdown import COMMENT_BYTES, LEAST_BYTES

if TYPE_CHECKING:
    from rich.console import RenderableType

    from pinned_images.report.comparison.synth_comparison import SynthComparison

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
    metavar="FILE",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write to this file; its ending (.json, .md, .html) chooses where no other option does.",
)
@click.option(
    "--compare",
    "base",
    type=click.Path(path_type=Path),
    metavar="BASE",
    help=f"Show what changed since an earlier synth: its {FILE_NAME}, or its output folder.",
)
@click.option(
    "--exit-code", is_flag=True, help="With --compare: exit with 1 where an image changed."
)
@click.option(
    "--app",
    metavar="NAME",
    help="The name of the app in the title of a page; left out, that of the folder of cdk.json.",
)
@click.option(
    "--max-bytes",
    type=click.IntRange(min=LEAST_BYTES),
    metavar="BYTES",
    help="Leave out rows of Markdown that do not fit; 65536 with --compare, for a comment.",
)
def report(
    folder: Path,
    output: Path | None,
    base: Path | None,
    *,
    exit_code: bool,
    app: str | None,
    max_bytes: int | None,
    **formats: bool,
) -> None:
    """Show the images of the last synth, or what has changed.

    FOLDER is the output of the synth, cdk.out if left out, or its record alone: a
    pinned-images.json.
    """
    style = _asked_for(formats) or _style_of(output)
    if exit_code and base is None:
        raise click.UsageError("--exit-code needs --compare BASE, an earlier record.")
    if max_bytes is not None and style != "markdown":
        raise click.UsageError("--max-bytes is for Markdown: add --markdown.")
    if app is not None and (Path(app) / FILE_NAME).exists() and Path(app) != folder:
        raise click.UsageError(
            "--app is the name of the app in the title of a page; to show the record there, write "
            f"`pinned-images report {shlex.quote(app)}`."
        )
    if style == "html":
        app = app or _app_name(folder)
    comparison = None if base is None else _compared(base, folder)
    renderings: _Renderings
    if comparison is None:
        renderings = _Report(SynthReport.read(folder))
    else:
        renderings = _Comparison(comparison)
    if style == "terminal":
        show(renderings.terminal())
    elif style == "json":
        _put(renderings.json(), output, write_json)
    elif style == "markdown":
        _put(renderings.markdown(max_bytes), output)
    else:
        _put(renderings.html(app), output)
    if exit_code and comparison is not None and comparison.changes:
        raise Exit(ExitCode.FINDING)


def _compared(base: Path, folder: Path) -> SynthComparison:
    """The comparison with an earlier record, which must exist."""
    from pinned_images.report.comparison.synth_comparison import SynthComparison  # noqa: PLC0415 - for --help

    if not (base / FILE_NAME if base.is_dir() else base).exists():
        raise click.UsageError(
            f"There is no record at {str(base)!r} to compare with: name the {FILE_NAME} of an "
            "earlier synth, or its output folder; where there was none yet, leave --compare out."
        )
    before = SynthReport.read_complete(base)
    return SynthComparison.of(before, SynthReport.read_complete(folder))


class _Renderings(Protocol):
    """A report, or a comparison of two, in each format; only that of one is imported."""

    def terminal(self) -> RenderableType:
        """Tables for a terminal."""

    def json(self) -> str:
        """JSON."""

    def markdown(self, max_bytes: int | None) -> str:
        """Markdown, of which rows are left out that do not fit."""

    def html(self, app: str | None) -> str:
        """One page, with the name of the app in its title."""


@dataclass(frozen=True)
class _Report:
    """`_Renderings` of a report."""

    found: SynthReport

    def terminal(self) -> RenderableType:
        from pinned_images.report.terminal import render_terminal  # noqa: PLC0415 - needs rich

        return render_terminal(self.found)

    def json(self) -> str:
        return self.found.to_json()

    def markdown(self, max_bytes: int | None) -> str:
        from pinned_images.report.markdown import render_markdown  # noqa: PLC0415 - one of three

        return render_markdown(self.found, max_bytes)

    def html(self, app: str | None) -> str:
        from pinned_images.report.html import render_html  # noqa: PLC0415 - one of three

        return render_html(self.found, app)


@dataclass(frozen=True)
class _Comparison:
    """`_Renderings` of a comparison."""

    found: SynthComparison

    def terminal(self) -> RenderableType:
        from pinned_images.report.comparison.comparison_terminal import (  # noqa: PLC0415 - needs rich
            render_comparison_terminal,
        )

        return render_comparison_terminal(self.found)

    def json(self) -> str:
        return self.found.to_json()

    def markdown(self, max_bytes: int | None) -> str:
        from pinned_images.report.comparison.comparison_markdown import (  # noqa: PLC0415 - one of three
            render_comparison_markdown,
        )

        return render_comparison_markdown(self.found, max_bytes or COMMENT_BYTES)

    def html(self, app: str | None) -> str:
        from pinned_images.report.comparison.comparison_html import (  # noqa: PLC0415 - one of three
            render_comparison_html,
        )

        return render_comparison_html(self.found, app)


def _app_name(folder: Path) -> str | None:
    """The name of the nearest folder with cdk.json, at or above the output of a synth."""
    output = Path(os.path.realpath(folder))
    app = next((each for each in (output, *output.parents) if (each / "cdk.json").is_file()), None)
    return None if app is None else app.name


def _put(text: str, output: Path | None, printed: Callable[[str], None] = write) -> None:
    if output is None:
        printed(text)
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
