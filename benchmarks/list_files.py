"""The listing of the images in a large tree, beside cru, which this project's command succeeds."""

from __future__ import annotations

import random
import shutil
import sys
import tempfile
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from benchmarks.processes import PROJECT, run
from benchmarks.results import Measurement, Table, at_most
from benchmarks.samples import Samples, in_turns

FILES = 20_000
REPETITIONS = 5
#: One file of so many holds an image: a Compose file, a Kubernetes object or a page of text.
_ONE_IN = 67

_CRU = "cru list"
_OWN = "pinned-images list"
_WORDS = ("the", "quick", "brown", "fox", "jumps", "import", "return", "value", "config", "name")


def measure() -> Measurement:
    """Measure both in turns, in one tree; the command alone where cru is not here."""
    cru = shutil.which("cru") or shutil.which("cru", path=str(PROJECT / ".make" / "bin"))
    with tempfile.TemporaryDirectory() as folder:
        size = _make_tree(Path(folder))
        commands = {_OWN: [sys.executable, "-m", "pinned_images.cli", "list", folder]}
        if cru is not None:
            commands[_CRU] = [cru, "list", folder]
        variants = {name: partial(_seconds, command) for name, command in commands.items()}
        runs = in_turns(variants, REPETITIONS)
    samples = {name: Samples(tuple(values)) for name, values in runs.items()}
    own = samples[_OWN].median
    ratio = own / samples[_CRU].median if cru is not None else None
    return Measurement(
        "Images in a large tree",
        f"A tree of {FILES:,} files ({size // 1024 // 1024} MiB) of Python, TypeScript, Go, JSON "
        f"and text, one in {_ONE_IN} with an image. Each command {REPETITIONS} times in turns, "
        "each in a process of its own.",
        [] if ratio is None else [at_most(f"at most as long as {_CRU}", ratio, 1.0)],
        [
            Table(
                ("command", "seconds", "files a second"),
                [
                    (name, str(sample), f"{FILES / sample.median:,.0f}")
                    for name, sample in samples.items()
                ],
            )
        ],
        [] if cru is not None else [f"{_CRU} was not measured: put `cru` on the PATH."],
    )


def _seconds(command: Sequence[str]) -> float:
    return run(command).seconds


def _make_tree(root: Path) -> int:
    """Make the files; gives their bytes."""
    chosen = random.Random(1)  # noqa: S311 - the same tree each time
    prose = [_prose(chosen, length) for length in (50, 150, 300, 600) for _ in range(10)]
    total = 0
    for number in range(FILES):
        folder = root / f"part{number % 100}" / f"room{number % 7}"
        folder.mkdir(parents=True, exist_ok=True)
        name, text = _file(number, prose[number % len(prose)])
        (folder / name).write_text(text, encoding="utf-8")
        total += len(text)
    return total


def _prose(chosen: random.Random, lines: int) -> str:
    return "".join(" ".join(chosen.choices(_WORDS, k=8)) + "\n" for _ in range(lines // 5))


def _file(number: int, prose: str) -> tuple[str, str]:
    image = f"docker.io/team/app{number}:1.0"
    if number % _ONE_IN == 0:
        return [
            (f"compose{number}.yaml", f"services:\n  web:\n    image: {image}\n"),
            (f"web{number}.yaml", _POD.format(image)),
            (f"page{number}.md", f"{prose}Run {image}\n{prose}"),
        ][number // _ONE_IN % 3]
    return [
        (f"module{number}.py", _lines("def f{}(value): return value\n\n")),
        (f"module{number}.ts", _lines("export const f{} = (value) => value;\n")),
        (f"module{number}.go", _lines("func F{}(value int) int\n")),
        (f"data{number}.json", f'{{"items": [{", ".join(map(str, range(300)))}]}}'),
        (f"notes{number}.txt", prose),
    ][number % 5]


def _lines(line: str) -> str:
    return "".join(line.format(index) for index in range(60))


_POD = "apiVersion: v1\nkind: Pod\nspec:\n  containers:\n  - name: web\n    image: {}\n"
