"""Packages from npm that the tests and the makers of their data need."""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[1]
INSTALLED = PROJECT / ".make" / "npm"

_OPTIONS = ("--ignore-scripts", "--no-audit", "--no-fund", "--silent")


def install(name: str, files: Mapping[str, str]) -> Path:
    """Packages, installed once.

    Args:
        name: The beginning of the name of the folder that they are kept in.
        files: The contents of ``package.json`` and, for the versions that it names,
            ``package-lock.json``.

    Returns:
        Their ``node_modules``. It appears when it is complete: an installation that was
        interrupted leaves none, and of two at a time one remains.

    Raises:
        subprocess.CalledProcessError: npm could not install them.
    """
    content_hash = hashlib.sha256(json.dumps(sorted(files.items())).encode()).hexdigest()
    folder = INSTALLED / f"{name}-{content_hash[:12]}"
    if not folder.is_dir():
        INSTALLED.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=INSTALLED, prefix=".") as temporary:
            new = Path(temporary) / folder.name
            new.mkdir()
            for file, content in files.items():
                (new / file).write_text(content, encoding="utf-8")
            command = "ci" if "package-lock.json" in files else "install"
            npm = shutil.which("npm") or "npm"
            subprocess.run([npm, command, *_OPTIONS], cwd=new, check=True)
            try:
                new.rename(folder)
            except OSError:
                if not folder.is_dir():  # another process was faster
                    raise
    return folder / "node_modules"
