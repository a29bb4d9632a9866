"""The tour in `docs/tour.md`, followed word by word with the wheel of this checkout.

The app is what the real ``cdk init`` makes. Docker Hub is a registry in this process, behind a
proxy; pip finds the wheel in its folder, and everything else in the environment of the tests.
"""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
import sysconfig
from collections.abc import Iterator
from pathlib import Path

import pytest

from pinned_images.testing import RegistryServer
from tests.documentation import Block, all_blocks
from tests.integration.cdk import CDK, environment_of_a_synth
from tests.testing.test_plugin import WITHOUT_OTHER_PLUGINS
from tools.example_network import proxy_to

PAGE = "tour.md"
TOUR = [block for block in all_blocks() if block.page == f"docs/{PAGE}"]
FILES = ("shop/shop_stack.py", "app.py", "tests/unit/test_shop_stack.py")
IMAGES = ("library/nginx:1.27", "library/redis:7.4")

# As cdk init calls it; the environment that it makes sees the packages of this one, without ours.
# pip is one of them: to unpack and compile it again takes four seconds.
PYTHON = """#!/bin/sh
if [ "$1 $2" = "-m venv" ]; then
  {python} -m venv --without-pip "$3" || exit
  echo {packages} > "$(echo "$3"/lib/python3*/site-packages)/behind.pth"
  printf '#!/bin/sh\\nexec "%s" -m pip "$@"\\n' "$PWD/$3/bin/python" > "$3/bin/pip"
  exec chmod +x "$3/bin/pip"
fi
exec {python} "$@"
"""


def steps(block: Block) -> Iterator[tuple[str, list[str]]]:
    """The commands of a block, each with the lines that it prints."""
    for text in re.split(r"^\$ ", block.text, flags=re.MULTILINE)[1:]:
        command, *lines = text.splitlines()
        yield command, lines


def script() -> str:
    """All of the tour: files are written where the page shows them, commands are run."""
    lines = []
    for block in TOUR:
        if block.title:
            lines += [f"cat > {block.title} <<'EOF'", block.text + "EOF"]
        else:
            for command, _ in steps(block):
                lines += [f"echo {shlex.quote('$ ' + command)}", command, "echo exit code $?"]
    return "\n".join(lines)


@pytest.fixture(scope="module")
def environment(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    folder = tmp_path_factory.mktemp("machine")
    (folder / ".cdk.json").write_text('{"notices": false}', encoding="utf-8")
    (folder / ".gitconfig").write_text("[user]\nname = A\nemail = a@example.com\n", "utf-8")
    packages = folder / "packages"
    packages.mkdir()
    for part in Path(sysconfig.get_path("purelib")).iterdir():
        if "pinned_images" not in part.name and part.suffix != ".pth":
            (packages / part.name).symlink_to(part)
    python = folder / "python3"
    python.write_text(PYTHON.format(python=sys.executable, packages=packages), encoding="utf-8")
    python.chmod(0o755)
    with RegistryServer() as registry:
        for image in IMAGES:
            registry.push(image, platforms=("linux/amd64", "linux/arm64"))
        with proxy_to("registry-1.docker.io", registry.url, folder) as network:
            path = [str(folder), str(CDK.parent), os.environ["PATH"]]
            everything = environment_of_a_synth(
                HOME=str(folder),
                PATH=os.pathsep.join(path),
                PIP_NO_INDEX="true",
                # Without it pip reads all packages of the tests; "false" switches that off.
                PIP_NO_WARN_CONFLICTS="false",
                PIP_FIND_LINKS=str(wheel.parent),
                PYTEST_ADDOPTS=WITHOUT_OTHER_PLUGINS,
                COLUMNS="80",
                # A tour is made with a version of Node.js that is supported.
                JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION="18,20",
                JSII_SILENCE_WARNING_DEPRECATED_NODE_VERSION="true",
                **network,
            )
            del everything["PYTHONPATH"]
            yield everything


def is_as_shown(output: str, lines: list[str]) -> bool:
    """Whether a command printed what the page shows; ``...`` is any number of lines."""
    shown, output = (re.sub(r"in \d+\.\d\ds", "", text) for text in ("\n".join(lines), output))
    parts = (
        re.escape(part.strip("\n")) for part in re.split(r"^\.\.\.$", shown, flags=re.MULTILINE)
    )
    return re.fullmatch("\n(?:.*\n)*".join(parts), output.strip("\n")) is not None


def test_the_tour_is_as_the_page_tells_it(environment: dict[str, str], tmp_path: Path) -> None:
    finished = subprocess.run(
        ["bash"],
        cwd=tmp_path,
        env=environment,
        input=script(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    printed = finished.stdout
    expected = [step for block in TOUR if not block.title for step in steps(block)]
    for command, lines in expected:
        _, found, rest = printed.partition(f"$ {command}\n")
        assert found, printed
        output, code, printed = re.split(
            r"^exit code (\d+)\n", rest, maxsplit=1, flags=re.MULTILINE
        )
        assert is_as_shown(output, lines), f"$ {command}\n{output}"
        assert (code == "1") is any(line.startswith("ERROR") for line in lines)


def test_the_page_has_the_files_of_the_app() -> None:
    assert tuple(block.title for block in TOUR if block.title) == FILES
