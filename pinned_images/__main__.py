"""The program ``pinned-images`` as ``python -m pinned_images``."""

from __future__ import annotations

from pinned_images.cli.__main__ import main

if __name__ == "__main__":
    main()
