"""Where ``pinned-images`` and ``python -m pinned_images.cli`` begin."""

from __future__ import annotations

import sys
from importlib.util import find_spec


def main() -> None:
    """Run the command line, or say how to install what it needs."""
    if any(find_spec(name) is None for name in ("click", "rich")):
        sys.exit(
            "Error: the command needs click and rich, which are not installed: "
            "pip install 'pinned-images[cli]'"
        )
    from pinned_images.cli.application import application  # noqa: PLC0415  needs click

    application(prog_name="pinned-images")


if __name__ == "__main__":
    main()
