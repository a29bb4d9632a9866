"""The walk through a tree: the files that can hold image references, in order.

`.gitignore` files count in every folder below the one that they are in, as Git has it (`gitignore`,
"Description"); those above the tree count up to the root of its Git repository.
"""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from pinned_images.errors import ConfigurationError
from pinned_images.files.ignore_patterns import Rule, compiled

#: Larger files are passed over.
MAXIMUM_SIZE = 4 * 1024 * 1024
_LARGEST_MANIFEST = 64 * 1024 * 1024
_LARGEST_IGNORE_FILE = 1024 * 1024

_PASSED_OVER = frozenset(
    {".git", ".hg", ".svn", "node_modules", "cdk.out", ".terraform", "__pycache__", ".venv"}
)
_GENERATED = frozenset({"package-lock.json", "pinned-images.json"})
_BINARY = frozenset(
    [
        "7z",
        "a",
        "avi",
        "bin",
        "bmp",
        "bz2",
        "class",
        "dll",
        "dylib",
        "eot",
        "exe",
        "gif",
        "gz",
        "ico",
        "jar",
        "jpeg",
        "jpg",
        "mov",
        "mp3",
        "mp4",
        "o",
        "ogg",
        "otf",
        "pdf",
        "png",
        "pyc",
        "so",
        "tar",
        "tgz",
        "tiff",
        "ttf",
        "war",
        "wasm",
        "wav",
        "webm",
        "webp",
        "whl",
        "woff",
        "woff2",
        "xls",
        "xlsx",
        "xz",
        "zip",
        "zst",
    ]
)
_ASSEMBLY = "manifest.json"
_IGNORE_FILE = ".gitignore"
# A named pipe would keep the reader waiting.
_NO_WAITING = getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)


class TreeFile(NamedTuple):
    """A file to read.

    Attributes:
        path: Its path with no symbolic link in it.
        shown: Its path for output, as the user gave it.
        is_named: Whether the user gave the path of the file, and not that of a folder.
    """

    path: str
    shown: str
    is_named: bool = False


def files_below(paths: Sequence[str], base: Path | None = None) -> Iterator[TreeFile]:
    """Each file at some paths, or in a folder at one of them, once.

    Args:
        paths: Files and folders; a file that is named itself is not looked up in `.gitignore`.
        base: The folder that they are relative to, out of which nothing is read; the working
            folder, with no such bound, if left out.

    Raises:
        ConfigurationError: A path is not there, leads out of the base, or is in a cloud assembly.
    """
    seen: set[str] = set()
    assemblies: dict[Path, bool] = {}
    for given in paths or (".",):
        real = os.path.realpath(given if base is None else base / given)
        _check(given, real, base, assemblies)
        if os.path.isdir(real):  # noqa: PTH112 - a string
            found = _Walk(real, os.path.normpath(given), seen).files()
        else:
            found = iter([TreeFile(real, os.path.normpath(given), is_named=True)])
        for file in found:
            if file.path not in seen:
                seen.add(file.path)
                yield file


def _check(given: str, real: str, base: Path | None, assemblies: dict[Path, bool]) -> None:
    if base is not None and not _is_inside(real, os.path.realpath(base)):
        raise ConfigurationError(f"The path {given!r} leads out of the repository.")
    if not os.path.exists(real):  # noqa: PTH110 - a string
        raise ConfigurationError(f"There is no file or folder {given!r}: check the path.")
    for folder in (Path(real), *Path(real).parents):
        if folder not in assemblies:
            assemblies[folder] = is_cloud_assembly(folder)
        if assemblies[folder]:
            raise ConfigurationError(
                f"{given!r} is in the cloud assembly {str(folder)!r}, whose templates are hashed: "
                "an edit would be deployed in its old form. Pin the whole of it with "
                f"`pinned-images pin FOLDER`, or add PinImages to the app."
            )


def _is_inside(real: str, folder: str) -> bool:
    return real == folder or real.startswith(folder.rstrip(os.sep) + os.sep)


def is_cloud_assembly(folder: Path) -> bool:
    """Whether a folder is a cloud assembly."""
    try:
        manifest = json.loads(read_regular_file(str(folder / _ASSEMBLY), _LARGEST_MANIFEST))
    except (Unreadable, ValueError, RecursionError):
        return False
    artifacts = manifest.get("artifacts") if isinstance(manifest, dict) else None
    if not isinstance(artifacts, dict) or "version" not in manifest:
        return False
    return any(isinstance(each, dict) and "type" in each for each in artifacts.values())


class _Folder(NamedTuple):
    real: str
    shown: str
    ignored: _Ignored | None


class _Walk:
    """A walk through a folder: its files first, then its folders, each by name."""

    def __init__(self, root: str, shown: str, seen: set[str]) -> None:
        self._root = root
        self._shown = "" if shown == os.curdir else shown
        self._seen = seen
        self._links: list[TreeFile] = []

    def files(self) -> Iterator[TreeFile]:
        """The files; a symbolic link counts where nothing else leads to its target in the tree."""
        pending = [_Folder(self._root, self._shown, _above(Path(self._root)))]
        while pending:
            folders: list[_Folder] = []
            yield from self._files(pending.pop(), folders)
            pending.extend(reversed(folders))
        for link in self._links:
            real = os.path.realpath(link.path)
            if _is_inside(real, self._root) and os.path.isfile(real):  # noqa: PTH113 - a string
                yield TreeFile(real, link.shown)

    def _files(self, folder: _Folder, folders: list[_Folder]) -> Iterator[TreeFile]:
        """The files of a folder, whose folders are added to a list; none if it cannot be read."""
        try:
            with os.scandir(folder.real) as entries:
                listed = sorted(entries, key=lambda entry: entry.name)
        except OSError:
            return
        names = {entry.name for entry in listed}
        if _ASSEMBLY in names and is_cloud_assembly(Path(folder.real)):
            return
        ignored = folder.ignored
        if _IGNORE_FILE in names:
            ignored = _Ignored.read(folder.real, ignored)
        prefix = f"{folder.shown}{os.sep}" if folder.shown else ""
        for entry in listed:
            name = entry.name
            if entry.is_dir(follow_symlinks=False):
                if name not in _PASSED_OVER and not (ignored and ignored.holds(entry.path, "/")):
                    folders.append(_Folder(entry.path, prefix + name, ignored))
            elif _may_be_text(name) and not (ignored and ignored.holds(entry.path, "")):
                if entry.is_symlink():
                    self._links.append(TreeFile(entry.path, prefix + name))
                else:
                    yield TreeFile(entry.path, prefix + name)


def _may_be_text(name: str) -> bool:
    _, dot, ending = name.rpartition(".")
    is_binary = bool(dot) and ending.lower() in _BINARY
    return not is_binary and name not in _GENERATED and name not in _PASSED_OVER


class _Ignored:
    """The patterns of one `.gitignore` file, and of those above it."""

    def __init__(self, folder: str, rules: list[Rule], above: _Ignored | None) -> None:
        self._skipped = len(folder.rstrip(os.sep)) + 1
        self._rules = rules
        self._above = above

    @classmethod
    def read(cls, folder: str, above: _Ignored | None) -> _Ignored | None:
        """The patterns of a folder's file; a link has none, as for Git, nor has a large file."""
        path = str(Path(folder, _IGNORE_FILE))
        try:
            raw = b"" if os.path.islink(path) else read_regular_file(path, _LARGEST_IGNORE_FILE)  # noqa: PTH114 - a string
        except Unreadable:
            return above
        rules = compiled(raw.decode("utf-8", "replace").split("\n"))
        return cls(folder, rules, above) if rules else above

    def holds(self, path: str, end: str) -> bool:
        """Whether a path is ignored; the last pattern that matches decides, the nearest first."""
        relative = path[self._skipped :].replace(os.sep, "/") + end
        for pattern, ignores in self._rules:
            if pattern.match(relative):
                return ignores
        return self._above is not None and self._above.holds(path, end)


def _above(root: Path) -> _Ignored | None:
    """The patterns of the folders above a tree, up to the root of its Git repository."""
    chain: list[Path] = []
    for folder in (root, *root.parents):
        chain.append(folder)
        if (folder / ".git").exists():
            break
    else:
        return None
    ignored = None
    for folder in reversed(chain[1:]):
        ignored = _Ignored.read(str(folder), ignored)
    return ignored


class Unreadable(Exception):
    """A file that is not read; the message is the reason, as a clause."""


def read_regular_file(path: str, most: int = MAXIMUM_SIZE) -> bytes:
    """The bytes of a regular file that is not too large.

    Args:
        path: The file.
        most: The most bytes that it may have.

    Raises:
        Unreadable: It is another one, or may not be read.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | _NO_WAITING)
    except OSError as error:
        raise Unreadable(f"it cannot be read ({error.strerror})") from error
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise Unreadable("it is no regular file")
        if status.st_size > most:
            raise Unreadable(f"it is larger than {most // 1024 // 1024} MiB")
        return os.read(descriptor, status.st_size + 1)
    except OSError as error:
        raise Unreadable(f"it cannot be read ({error.strerror})") from error
    finally:
        os.close(descriptor)


def read_file(path: str) -> bytes | None:
    """The bytes of a regular file that is not too large; None for any other."""
    try:
        return read_regular_file(path)
    except Unreadable:
        return None
