"""The kernel of jsii without the process in front of it, for synths in the tests' own process."""

from __future__ import annotations

import atexit
import importlib.util
import os
import shutil
import tempfile
from pathlib import Path

_RUNTIME = "JSII_RUNTIME"
# As the flag that jsii-runtime.js gives to the kernel.
_SYMLINKS = "NODE_PRESERVE_SYMLINKS"


def use_kernel_alone() -> None:
    """Let the jsii that is imported next start its kernel by `jsii_kernel.js`."""
    spec = importlib.util.find_spec("jsii")
    if spec is None or spec.origin is None or _RUNTIME in os.environ:
        return
    folder = Path(tempfile.mkdtemp(prefix="jsii-kernel-alone-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    # As jsii unpacks them; the kernel looks for its other files there.
    for file in (Path(spec.origin).parent / "_embedded" / "jsii").glob("lib__*.js"):
        unpacked = folder / file.name.replace("__", "/")
        unpacked.parent.mkdir(exist_ok=True)
        shutil.copy(file, unpacked)
    runtime = folder / "bin" / "jsii-runtime.js"
    runtime.parent.mkdir()
    shutil.copy(Path(__file__).with_suffix(".js"), runtime)
    os.environ.update({_RUNTIME: str(runtime), _SYMLINKS: "1"})


def forget_kernel_alone() -> None:
    """Leave programs that tests start the jsii that users have."""
    for variable in (_RUNTIME, _SYMLINKS):
        os.environ.pop(variable, None)
