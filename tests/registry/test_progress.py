"""The line on the terminal."""

from __future__ import annotations

import io

import pytest

from pinned_images.registry.progress import Progress
from pinned_images.registry.resolver import RegistryResolver
from pinned_images.registry.settings import RegistrySettings
from pinned_images.resolution import ResolutionRequest
from tests.registry.clock import Clock
from tests.registry.scripted import ScriptedRegistry
from tests.registry.user import SETTINGS


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


HOSTS = ["ghcr.io", "quay.io", "quay.io"]


def test_it_tells_what_is_done_and_which_host_is_waited_for() -> None:
    terminal = Terminal()
    progress = Progress(terminal, HOSTS, quiet=0)
    progress.done("ghcr.io")
    progress.show()
    assert "Resolving images: 1/3, waiting for quay.io" in terminal.getvalue()
    assert "\n" not in terminal.getvalue()


def test_it_takes_the_line_away() -> None:
    terminal = Terminal()
    progress = Progress(terminal, HOSTS, quiet=0)
    progress.show()
    progress.clear()
    assert terminal.getvalue().endswith("\r\x1b[2K")


def test_it_is_silent_while_nobody_waits_long() -> None:
    terminal = Terminal()
    progress = Progress(terminal, HOSTS, quiet=3600)
    progress.show()
    progress.clear()
    assert terminal.getvalue() == ""


def test_where_there_is_no_terminal_it_is_silent_for_longer() -> None:
    stream = io.StringIO()
    progress = Progress(stream, HOSTS, quiet=0)
    progress.show()
    progress.clear()
    assert stream.getvalue() == ""


def test_where_there_is_no_terminal_one_plain_line_tells_what_is_waited_for(clock: Clock) -> None:
    stream = io.StringIO()
    progress = Progress(stream, HOSTS)
    progress.done("ghcr.io")
    for _ in range(3):
        clock.put_forward(4)
        progress.show()
        progress.show()
    progress.clear()
    assert stream.getvalue() == "Resolving images: 1/3, waiting for quay.io since 12 s\n"


def test_where_there_is_no_terminal_what_is_done_in_time_is_not_told(clock: Clock) -> None:
    stream = io.StringIO()
    progress = Progress(stream, HOSTS)
    for host in HOSTS:
        progress.done(host)
    clock.put_forward(20)
    progress.show()
    assert stream.getvalue() == ""


def test_a_terminal_that_is_gone_hurts_nobody() -> None:
    terminal = Terminal()
    progress = Progress(terminal, HOSTS, quiet=0)
    terminal.close()
    progress.show()
    progress.clear()


def test_resolving_writes_nothing_to_standard_output_or_error(
    registry: ScriptedRegistry, capfd: pytest.CaptureFixture[str]
) -> None:
    RegistryResolver(RegistrySettings(**SETTINGS)).resolve(
        [ResolutionRequest(registry.reference())]
    )
    assert capfd.readouterr() == ("", "")
