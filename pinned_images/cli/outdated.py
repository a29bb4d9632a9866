"""``pinned-images outdated``: tags that name another image now than when they were locked."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from pinned_images.cli.comparison import Comparison, read_lock, show_comparison
from pinned_images.cli.output import echo, error, write
from pinned_images.cli.shared_options import json_option, lock_file_option, registry_options

if TYPE_CHECKING:
    from pinned_images.cli.shared_options import Network


@click.command()
@lock_file_option
@json_option
@click.option("--exit-code", is_flag=True, help="Exit with 1 where a tag has moved.")
@registry_options
def outdated(lock_file: Path, as_json: bool, exit_code: bool, network: Network) -> None:  # noqa: FBT001 - flags
    """Show the tags that have moved since they were locked; nothing is changed."""
    news = Comparison.of(read_lock(lock_file), network, with_platforms=False)
    if as_json:
        write(json.dumps(_plain(news), indent=2) + "\n")
    else:
        show_comparison(news, "Locked", "Now")
    for problem in news.problems:
        error(problem)
    echo(news.summary)
    if news.problems or (exit_code and (news.moved or news.changed)):
        raise SystemExit(1)


def _plain(news: Comparison) -> list[dict[str, str]]:
    images = [
        {"image": str(key), "locked": str(old.digest), "now": str(new.digest)}
        for key, (old, new) in news.moved.items()
    ]
    parameters = [
        {"parameter": str(each.key), "locked": each.locked, "now": each.value}
        for each in news.renamed
    ]
    return [
        *sorted(images, key=lambda row: row["image"]),
        *sorted(parameters, key=lambda row: row["parameter"]),
    ]
