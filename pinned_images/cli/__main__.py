"""The program ``pinned-images``, which is ``python -m pinned_images.cli`` too."""

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
    try:
        from pinned_images.cli.application import application  # noqa: PLC0415  needs click

        application(prog_name="pinned-images")
    except KeyboardInterrupt:  # before the first command, while modules are imported
        sys.stderr.write("Interrupted.\n")
        sys.exit(130)


if __name__ == "__main__":
    main()
