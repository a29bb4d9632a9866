"""The example app as it is, with this library or as if it had never heard of it.

python -m benchmarks.example_app with
python -m benchmarks.example_app without
"""

from __future__ import annotations

import runpy
import sys
from types import ModuleType
from typing import Any

from benchmarks.processes import PROJECT


class _DoesNothing:
    @classmethod
    def apply_to(cls, *_: Any, **__: Any) -> None:
        """The app is left as it is."""


def main() -> None:
    """Run the app; "without" does not even import the package."""
    if sys.argv[1] == "without":
        package = ModuleType("pinned_images")
        # A stand-in for every Aspect that the app uses.
        package.__getattr__ = lambda _: _DoesNothing  # type: ignore[method-assign]
        sys.modules["pinned_images"] = package
    runpy.run_path(str(PROJECT / "app.py"), run_name="__main__")


if __name__ == "__main__":
    main()
