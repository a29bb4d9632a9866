"""The program ``pinned-images``, which is ``python -m pinned_images.cli`` too."""

from __future__ import annotations

import sys


def main() -> None:
    """Run the command line."""
    try:
        from pinned_images.cli.application import application  # noqa: PLC0415  Ctrl-C

        application(prog_name="pinned-images")
    except KeyboardInterrupt:  # before the first command, while modules are imported
        sys.stderr.write("Interrupted.\n")
        sys.exit(130)
    except Exception:  # noqa: BLE001 - an error of ours says nothing about images
        import traceback  # noqa: PLC0415 - used once at most

        traceback.print_exc()
        sys.exit(3)


if __name__ == "__main__":
    main()
