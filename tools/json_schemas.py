"""Write the JSON schemas of the package, pinned_images/schemas, from the types of the documents."""

from __future__ import annotations

import json
from pathlib import Path

from pinned_images.cli.schema import TYPES, generated

FOLDER = Path(__file__).resolve().parent.parent / "pinned_images" / "schemas"


def main() -> None:
    """Write all of them, and remove those of documents that are no more."""
    FOLDER.mkdir(exist_ok=True)
    for path in FOLDER.glob("*.json"):
        if path.stem not in TYPES:
            path.unlink()
    for name in TYPES:
        text = json.dumps(generated(name), indent=2) + "\n"
        (FOLDER / f"{name}.json").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
